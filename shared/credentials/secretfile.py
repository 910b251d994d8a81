"""Files that hold a secret: refused when anybody else could have read or planted them."""

import os
import stat
from pathlib import Path

MOST_BYTES = 65_536


class UnsafeFile(Exception):
    """The file must not or cannot be used: *problems* say why and what to do, and show nothing of it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read(path: Path) -> bytes:
    """Return the content, at most MOST_BYTES of it.  Raises UnsafeFile."""
    try:
        # Without waiting: opening a pipe would hang.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as failed:
        link = path.is_symlink()
        why = "it is a symbolic link: name the file itself" if link else f"{failed.strerror}: check the path"
        raise UnsafeFile([why]) from None
    try:
        # Asked of the open file: the path may name another one by now.
        problems = unsafe(os.fstat(handle), user=os.geteuid())
        if problems:
            raise UnsafeFile(problems)
        return os.read(handle, MOST_BYTES)
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


def text(path: Path) -> str:
    """Return the one line of text in the file, without blanks around it.  Raises UnsafeFile."""
    content = read(path)
    try:
        line = content.decode().strip()
    except UnicodeDecodeError:
        line = "\0"
    if not line:  # taken for "not set" it would start another database in silence
        raise UnsafeFile(["it is empty: write the secret into it"])
    if not line.isprintable() or len(content) == MOST_BYTES:
        raise UnsafeFile(["it holds something else than one line of text"])
    return line
