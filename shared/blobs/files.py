"""Blobs as files: a power cut leaves a blob whole or absent, and nobody's link is followed."""

import errno
import os
import secrets
import stat
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from shared.errors import OperatorMustAct, TryLater

TEMP = ".new-"
# A file being written for longer than this has lost its writer.
DEAD_AFTER = timedelta(hours=1)
DISK_PAUSE = timedelta(minutes=1)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LINKED = (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)


class FileObjects:
    """A folder of blobs on a file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._durable: set[Path] = set()  # folders this process has seen into their parents

    def put(self, key: str, content: bytes) -> None:
        """Temp file, fsync, rename, fsync folder; new folders are made durable in their parents first."""
        path = self.root / key
        try:
            with _told(path):
                self._make(path.parent)
                with _opened(self.root, path.parent) as folder:
                    _write(folder, path.name, content)
        except FileNotFoundError:
            what = "a folder of the blob store went away while it was written to"
            raise TryLater(what, after=timedelta(seconds=1)) from None

    def has(self, key: str) -> bool:
        """Say whether it is there; its folder is synced first: who renamed it may not have got that far."""
        path = self.root / key
        with _told(path):
            try:
                with _opened(self.root, path.parent) as folder:
                    found = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
                    _must_be_file(found.st_mode, path)
                    self._make(path.parent)
                    os.fsync(folder)
            except FileNotFoundError:
                return False
        return True

    def get(self, key: str) -> bytes:
        """Return a blob; FileNotFoundError when it is not held."""
        path = self.root / key
        with _told(path), _opened(self.root, path.parent) as folder:
            number = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            with open(number, "rb") as file:  # noqa: PTH123 - opened relative to its folder
                _must_be_file(os.fstat(number).st_mode, path)
                return file.read()

    def remove(self, key: str) -> None:
        """Forget a blob, durably."""
        path = self.root / key
        with _told(path):
            try:
                with _opened(self.root, path.parent) as folder:
                    os.unlink(path.name, dir_fd=folder)
                    os.fsync(folder)
            except FileNotFoundError:
                return

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield what lies under root/prefix, files being written left out."""
        for path in self._walk(prefix):
            if not path.name.startswith(TEMP):
                yield path.relative_to(self.root).as_posix()

    def clear_dead(self, prefix: str, *, after: timedelta = DEAD_AFTER) -> int:
        """Remove temp files nothing was written to for *after*: their writer died.  Return how many."""
        oldest = time.time() - after.total_seconds()
        dead = [path for path in self._walk(prefix) if path.name.startswith(TEMP) and _older(path, oldest)]
        for path in dead:
            with _told(path):
                path.unlink(missing_ok=True)
        return len(dead)

    def _walk(self, prefix: str) -> Iterator[Path]:
        for folder, folders, names in os.walk(self.root / prefix):
            del folders
            yield from (Path(folder, name) for name in names)

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it, each synced into its parent before anything is put in it.

        Once in each process also for one that is there: who made it may not have synced it yet.
        """
        if folder in self._durable:
            if folder.is_dir():
                return
            self._durable.clear()  # somebody removed folders under us
        inside = folder != self.root and folder.is_relative_to(self.root)
        if inside or not folder.parent.is_dir():
            self._make(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        _sync(folder.parent)
        self._durable.add(folder)


def _write(folder: int, name: str, content: bytes) -> None:
    """Write a file whole or not at all; without room for it nothing stays behind."""
    temp = f"{TEMP}{os.getpid()}-{secrets.token_hex(8)}"
    number = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    try:
        with open(number, "wb", buffering=0) as file:  # noqa: PTH123 - opened relative to its folder
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(number)
        os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        _forget(temp, folder)
        raise
    os.fsync(folder)


def _forget(temp: str, folder: int) -> None:
    try:
        os.unlink(temp, dir_fd=folder)
    except FileNotFoundError:
        return


@contextmanager
def _opened(root: Path, folder: Path) -> Generator[int]:
    """Open a folder below the root step by step, so that no link among the steps is followed."""
    number = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in folder.relative_to(root).parts:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=number)
            os.close(number)
            number = inner
        yield number
    finally:
        os.close(number)


def _must_be_file(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.ELOOP, "not a regular file", str(path))


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _older(path: Path, than: float) -> bool:
    try:
        return path.lstat().st_mtime < than
    except FileNotFoundError:  # its writer lives: it was renamed just now
        return False


@contextmanager
def _told(path: Path) -> Generator[None]:
    """Turn the file system's refusals into what to do next."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as refused:
        if refused.errno in FULL:
            what = "the disk of the blob store is full: free some space, nothing is lost meanwhile"
            raise TryLater(what, after=DISK_PAUSE) from None
        if refused.errno in LINKED:
            what = f"{path} in the blob store is a link, or not what mailroom puts there: remove it"
            raise OperatorMustAct(what) from None
        if isinstance(refused, PermissionError) or refused.errno == errno.EROFS:
            what = f"mailroom may not write or read {path.parent} in the blob store: give it that folder"
            raise OperatorMustAct(what) from None
        why = os.strerror(refused.errno or 0)
        raise TryLater(f"the disk of the blob store does not answer ({why})", after=DISK_PAUSE) from None
