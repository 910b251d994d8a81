"""Who serves a cluster right now, and the locks that keep two starters apart."""

import fcntl
import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from infra.local.postgres.words import cannot
from infra.local.processes import POLL


@dataclass(frozen=True)
class Postmaster:
    """The running server of a cluster."""

    pid: int
    socket_folder: str  # empty until the socket is open


def postmaster(cluster: Path) -> Postmaster | None:
    """Read who serves *cluster*.  None when nobody does, whatever a leftover pid file says."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    command = _command_line(pid)
    if "postgres" not in command or str(cluster) not in command:
        return None
    # Line 5 is the socket folder (PostgreSQL: storage/pidfile.h), written some time after the pid.
    return Postmaster(pid, lines[4] if len(lines) > 4 else "")  # noqa: PLR2004


def _command_line(pid: int) -> str:
    """Return the command a process was started with; empty when it is gone or a zombie."""
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        return ""
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)
    return shown.stdout.decode("utf-8", "replace")


@contextmanager
def locked(path: Path, deadline: float) -> Generator[None]:
    """Hold *path* exclusively: several processes may start the server at the same moment."""
    while (handle := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise cannot(f"Another process has been starting PostgreSQL in {path.parent} for too long")
        time.sleep(POLL)
    try:
        yield
    finally:
        os.close(handle)


def try_lock(path: Path) -> int | None:
    """Lock *path* until the returned handle is closed or the process ends.  None: somebody has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
