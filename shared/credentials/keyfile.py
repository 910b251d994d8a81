"""The service-account key file: refused when anybody else could have read or planted it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from shared.errors import ConfigError

WANTED = ("client_email", "private_key", "private_key_id")
SETTING = "CRM_GMAIL_SA_KEY_PATH"


def load(path: Path) -> dict[str, Any]:
    """Read the key; ConfigError with one sentence when it must not or cannot be used."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as failed:
        link = path.is_symlink()
        why = "it is a symbolic link: name the file itself" if link else f"{failed.strerror}: check the path"
        raise _refused(path, why) from None
    with os.fdopen(handle, "rb") as file:
        problem = _unsafe(os.fstat(handle))
        if problem:
            raise _refused(path, problem)
        return _key(path, file.read(65_536))


def _unsafe(status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    if status.st_uid != os.geteuid():
        return "it belongs to another user: chown it to the one mailroom runs as"
    if status.st_mode & 0o077:
        return "others may read it: chmod 600"
    return None


def _key(path: Path, content: bytes) -> dict[str, Any]:
    try:
        key = json.loads(content)
    except ValueError:
        raise _refused(path, "it is not JSON: use the key file Google gave you, unchanged") from None
    missing = [name for name in WANTED if not isinstance(key, dict) or not key.get(name)]
    if missing:
        raise _refused(path, f"it lacks {', '.join(missing)}: use the key file Google gave you, unchanged")
    return dict(key)


def _refused(path: Path, why: str) -> ConfigError:
    return ConfigError([f"{SETTING}: {path} cannot be used, {why}"])
