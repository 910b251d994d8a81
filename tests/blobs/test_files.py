"""Blobs as files: the order that survives a power cut, links, full disks, dead writers."""

import errno
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from shared.blobs.files import TEMP, FileObjects
from shared.errors import OperatorMustAct, TryLater

KEY = "raw/ab/abcd"


@pytest.fixture
def calls(monkeypatch):
    """What was asked of the file system, in order; folders by path, files as `file`."""
    seen: list[str] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(number):
        path = str(Path(f"/proc/self/fd/{number}").readlink())
        seen.append(f"fsync {path}" if os.path.isdir(path) else "fsync file")  # noqa: PTH112
        real_fsync(number)

    def rename(*names, **folders):
        seen.append("rename")
        real_rename(*names, **folders)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    return seen


def test_the_first_blob_makes_every_new_folder_durable_in_its_parent_before_itself(tmp_path, calls):
    root = tmp_path / "new" / "blobs"

    FileObjects(root).put(KEY, b"x")

    folders = [tmp_path, tmp_path / "new", root, root / "raw"]
    assert calls == [*(f"fsync {one}" for one in folders), "fsync file", "rename", f"fsync {root}/raw/ab"]


def test_a_blob_is_synced_before_its_name_and_its_name_before_put_returns(tmp_path, calls):
    objects = FileObjects(tmp_path)
    objects.put(KEY, b"x")
    calls.clear()

    objects.put("raw/ab/abce", b"y")

    assert calls == ["fsync file", "rename", f"fsync {tmp_path}/raw/ab"]


def test_a_blob_that_another_process_put_is_held_only_once_its_folders_are_durable(tmp_path, calls):
    FileObjects(tmp_path).put(KEY, b"x")
    calls.clear()

    assert FileObjects(tmp_path).has(KEY)

    folders = [tmp_path.parent, tmp_path, tmp_path / "raw", tmp_path / "raw" / "ab"]
    assert calls == [f"fsync {one}" for one in folders]


def test_only_we_may_read_what_we_keep(tmp_path):
    objects = FileObjects(tmp_path / "blobs")
    objects.put(KEY, b"x")

    kept = [objects.root, *objects.root.rglob("*")]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("link", ["raw", "raw/ab", KEY])
def test_a_link_in_the_store_is_refused_and_nothing_behind_it_is_touched(tmp_path, link):
    outside = tmp_path / "outside"
    (outside / "ab").mkdir(parents=True)
    for victim in (outside / "abcd", outside / "ab" / "abcd"):
        victim.write_bytes(b"secret")
    objects = FileObjects(tmp_path / "blobs")
    (objects.root / link).parent.mkdir(parents=True)
    (objects.root / link).symlink_to(outside / "abcd" if link == KEY else outside)

    for refused in (objects.get, objects.has):
        with pytest.raises(OperatorMustAct, match="remove it"):
            refused(KEY)
    if link != KEY:
        with pytest.raises(OperatorMustAct, match="remove it"):
            objects.put(KEY, b"new")
        with pytest.raises(OperatorMustAct, match="remove it"):
            objects.remove(KEY)

    assert {path.read_bytes() for path in outside.rglob("abcd")} == {b"secret"}


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path, make):
    objects = FileObjects(tmp_path)
    (tmp_path / KEY).parent.mkdir(parents=True)
    make(tmp_path / KEY)

    for refused in (objects.get, objects.has):
        with pytest.raises(OperatorMustAct):
            refused(KEY)


def test_a_folder_we_may_not_use_is_told_with_the_remedy(tmp_path, monkeypatch):
    def denied(*args, **more):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", denied)

    with pytest.raises(OperatorMustAct, match="give it that folder"):
        FileObjects(tmp_path).get(KEY)


def test_a_disk_that_fails_is_tried_later(tmp_path, monkeypatch):
    def fails(*args, **more):
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(os, "fsync", fails)

    with pytest.raises(TryLater, match="does not answer"):
        FileObjects(tmp_path).put(KEY, b"x")
    assert list(FileObjects(tmp_path).keys("raw")) == []


WRITE_PAST_A_LIMIT = """
import resource, signal, sys
from pathlib import Path
from shared.blobs.files import FileObjects
from shared.errors import TryLater
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    FileObjects(Path(sys.argv[1])).put("raw/ab/abcd", b"x" * 100_000)
except TryLater as later:
    print(later)
"""


def test_without_room_nothing_half_written_stays_and_the_message_says_what_to_do(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", WRITE_PAST_A_LIMIT, tmp_path], capture_output=True, text=True, check=True
    ).stdout

    assert told == (
        "the disk of the blob store is full: free some space, nothing is lost meanwhile; trying again in 60 s\n"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_at_the_very_end_leaves_nothing_either(tmp_path, monkeypatch, number):
    def full(*args, **more):
        raise OSError(number, "full")

    monkeypatch.setattr(os, "rename", full)

    with pytest.raises(TryLater, match="full"):
        FileObjects(tmp_path).put(KEY, b"x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_files_of_dead_writers_are_cleared_away_and_those_of_the_living_stay(tmp_path):
    objects = FileObjects(tmp_path)
    objects.put(KEY, b"x")
    dead, living = (tmp_path / "raw" / "ab" / f"{TEMP}{name}" for name in ("dead", "living"))
    for path in (dead, living):
        path.write_bytes(b"half")
    old = time.time() - 7200
    os.utime(dead, (old, old))
    os.utime(tmp_path / KEY, (old, old))

    assert objects.clear_dead("raw", after=timedelta(hours=1)) == 1
    assert living.exists()
    assert list(objects.keys("raw")) == [KEY]


def test_folders_that_somebody_removed_are_made_again(tmp_path):
    objects = FileObjects(tmp_path / "blobs")
    objects.put(KEY, b"x")
    objects.remove(KEY)
    (objects.root / "raw" / "ab").rmdir()

    objects.put(KEY, b"y")

    assert objects.get(KEY) == b"y"
