"""The service-account key file: refused when anybody else could have read or planted it."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from shared.credentials import secretfile
from shared.credentials.secretfile import UnsafeFile
from shared.errors import ConfigError

WANTED = ("client_email", "private_key", "private_key_id")
SETTING = "CRM_GMAIL_SA_KEY_PATH"
UNCHANGED = "use the key file Google gave you, unchanged"


def load(path: Path) -> dict[str, Any]:
    """Read the key; ConfigError, one sentence a problem, when it must not or cannot be used."""
    try:
        return _key(path, secretfile.read(path))
    except UnsafeFile as unsafe:
        raise _refused(path, unsafe.problems) from None


def _key(path: Path, content: bytes) -> dict[str, Any]:
    try:
        key = json.loads(content)
    except (ValueError, RecursionError):
        raise _refused(path, [f"it is not JSON: {UNCHANGED}"]) from None
    if not isinstance(key, dict):
        raise _refused(path, [f"it is no service-account key: {UNCHANGED}"])
    problems = [f"it lacks {name}: {UNCHANGED}" for name in WANTED if not _text(key.get(name))]
    if key.get("type", "service_account") != "service_account":
        problems.append("it is no service-account key: make one for the service account that has delegation")
    if not problems and not _is_rsa(key["private_key"]):
        problems.append(f"its private key cannot be read: {UNCHANGED}")
    if problems:
        raise _refused(path, problems)
    return key


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_rsa(pem: str) -> bool:
    try:
        return isinstance(serialization.load_pem_private_key(pem.encode(), password=None), RSAPrivateKey)
    except (ValueError, TypeError):
        return False


def _refused(path: Path, problems: list[str]) -> ConfigError:
    return ConfigError([f"{SETTING}: {path} cannot be used, {why}" for why in problems])
