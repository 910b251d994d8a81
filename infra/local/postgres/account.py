"""Choose the account PostgreSQL runs as: ourselves, or, for root, one without rights."""

import os
import pwd
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.local.postgres.words import cannot

EXISTING, OURS = "postgres", "mailroom-postgres"
CREATE = (
    ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OURS],
    ["adduser", "-S", "-D", "-H", OURS],  # busybox
)


@dataclass(frozen=True)
class Account:
    """An account as launch.py takes it."""

    uid: int
    gid: int
    shut_out: bool  # some folder on the way to the data or to the programs is closed to it

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}{'+' if self.shut_out else ''}"


def choose_account(home: Path, cluster: Path, programs: Path) -> Account | None:
    """Return None to stay who we are, which is right for everybody but root.

    An existing cluster keeps its account.  Raises ConfigError when none can be had.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists():
        uid, gid = cluster.stat().st_uid, cluster.stat().st_gid
    else:
        entry = _find(EXISTING) or _find(OURS) or _create()
        uid, gid = entry.pw_uid, entry.pw_gid
    return Account(uid, gid, shut_out=not all(_passable(path, uid, gid) for path in (home, programs)))


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd:
    for command in CREATE:
        with suppress(FileNotFoundError):
            subprocess.run(command, capture_output=True, check=False)
        if (entry := _find(OURS)) is not None:
            return entry
    raise cannot(
        f"PostgreSQL refuses to run as root and the account {OURS} could not be created: "
        "run mailroom as another account, or set DATABASE_URL"
    )


def _passable(path: Path, uid: int, gid: int) -> bool:
    """Whether the account may walk through every folder above *path* (by mode; ACLs are not looked at)."""

    def open_to_it(folder: Path) -> bool:
        entry = folder.stat()
        shift = 6 if entry.st_uid == uid else 3 if entry.st_gid == gid else 0
        return bool(entry.st_mode >> shift & 1)

    return all(open_to_it(folder) for folder in path.resolve().parents)
