"""The service-account key file: refused when anybody else could have read or planted it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from shared.errors import ConfigError

WANTED = ("client_email", "private_key", "private_key_id")
SETTING = "CRM_GMAIL_SA_KEY_PATH"
MOST_BYTES = 65_536
UNCHANGED = "use the key file Google gave you, unchanged"


def load(path: Path) -> dict[str, Any]:
    """Read the key; ConfigError, one sentence a problem, when it must not or cannot be used."""
    try:
        # Without waiting: opening a pipe would hang.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as failed:
        link = path.is_symlink()
        why = "it is a symbolic link: name the file itself" if link else f"{failed.strerror}: check the path"
        raise _refused(path, [why]) from None
    try:
        # Asked of the open file: the path may name another one by now.
        problems = unsafe(os.fstat(handle), user=os.geteuid())
        if problems:
            raise _refused(path, problems)
        return _key(path, os.read(handle, MOST_BYTES))
    finally:
        os.close(handle)


def unsafe(status: os.stat_result, *, user: int) -> list[str]:
    """Say why a secret in this file would not be one; empty when it is fine."""
    if not stat.S_ISREG(status.st_mode):
        return ["it is not a regular file"]
    problems = []
    if status.st_uid != user:
        problems.append("it belongs to another user: chown it to the one mailroom runs as")
    if status.st_mode & 0o077:
        problems.append("others may read or change it: chmod 600")
    return problems


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
