"""What mailroom stands on gives way: the disk of the blob store, Pub/Sub on both ways in.

`make faults`.  Each test prints its line of the table in docs/faults.md.
"""

import subprocess
import time

import pytest
import urllib3

from infra.local.demo.stack import SUBSCRIPTION, TOPIC
from infra.local.pubsub import NoEmulator
from tests.faults.playing import MARKS, all_is_well, flood, playing, settled, tell, until

pytestmark = MARKS

ROOM = "16m"  # of the small file system
INVESTORS_WAIT = b"SELECT coalesce(sum(waiting), 0)::int FROM crm.mailboxes"


@pytest.fixture
def small_disk(play):
    """The blob store's folder as a file system of its own."""
    folder = play.stack.data_dir / "blobs"
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a file system of its own can be mounted by root only: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Leave no room at all."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler


def asked(play, sql):
    with play.db.transaction() as conn:
        return conn.execute(sql).fetchall()


def without_bytes(play, folder):
    """Stored messages whose raw bytes are not there."""
    kept = {path.name.partition(".")[0] for path in (folder / "raw").rglob("*") if path.is_file()}
    named = {sha256 for (sha256,) in asked(play, b"SELECT raw_sha256 FROM mailroom.emails")}
    return named - kept


def test_a_full_disk_makes_mail_wait_and_nothing_is_stored_without_its_bytes(play, small_disk):
    play.stack.start_mailroom()
    play.enrol()
    until(lambda: settled(play) >= play.told)
    stored = asked(play, b"SELECT count(*) FROM crm.emails")
    filler = fill(small_disk)
    flood(play, 30)
    theirs = sum(subject % 2 == 0 for subject in range(len(play.delivered) - 30, len(play.delivered)))
    until(lambda: asked(play, INVESTORS_WAIT) == [(theirs,)])
    time.sleep(3)  # and it stays so
    assert asked(play, INVESTORS_WAIT) == [(theirs,)]
    assert asked(play, b"SELECT count(*) FROM crm.emails") == stored
    log = (play.stack.data_dir / "logs" / "consume.log").read_text()
    assert "the disk of the blob store is full" in log

    begun = time.monotonic()
    filler.unlink()
    until(lambda: settled(play) >= play.told)
    tell("the blob store's disk is full: seconds from room until all is stored", time.monotonic() - begun)

    assert without_bytes(play, small_disk) == set()
    all_is_well(play)


def test_pubsub_and_the_endpoint_are_both_started_anew_in_a_flood(play):
    """What Pub/Sub had not delivered is lost with it, and what Gmail published meanwhile is too."""
    play.stack.start("consume")
    play.stack.start("watch")
    web = play.stack.start("web")
    play.enrol()
    flood(play, 40)
    play.stack.bus.stop()
    play.stack.kill(web)
    flood(play, 40)
    begun = time.monotonic()
    play.stack.start("web", "web-2")
    play.stack.restart_bus()
    flood(play, 40)
    until(lambda: settled(play) >= play.told)
    tell(
        "Pub/Sub and the push endpoint are both down in a flood: seconds from their restart until all is stored",
        time.monotonic() - begun,
    )

    all_is_well(play)


@pytest.fixture
def pulled(tmp_path, monkeypatch):
    """The same fund, its notifications pulled from Google's emulator; polling comes too late to help."""
    try:
        with playing(tmp_path, prefer="emulator", poll_sec=3600, past=30) as play:
            where = f"{play.stack.bus.url}/v1/{SUBSCRIPTION}"
            assert urllib3.request("DELETE", where).status == 200
            assert (
                urllib3.request("PUT", where, json={"topic": TOPIC, "ackDeadlineSeconds": 10}).status == 200
            )
            monkeypatch.setenv("PUBSUB_EMULATOR_HOST", play.stack.bus.url.removeprefix("http://"))
            yield play
    except NoEmulator as reason:
        pytest.skip(f"Google's emulator cannot run here: {reason}")


def test_the_puller_is_killed_in_a_flood(pulled):
    for name in ("consume", "watch", "web"):
        pulled.stack.start(name)
    puller = pulled.stack.start("pull")
    puller.ready("pull.connected")
    pulled.enrol()
    until(lambda: settled(pulled) >= pulled.told)
    flood(pulled, 40)
    pulled.stack.kill(puller)
    time.sleep(3)  # what the last look left behind would be found without any notification
    flood(pulled, 40)
    begun = time.monotonic()
    pulled.stack.start("pull", "pull-2")
    until(lambda: settled(pulled) >= pulled.told)
    tell(
        "`mailroom pull` is killed in a flood: seconds from its restart until all is stored",
        time.monotonic() - begun,
    )

    all_is_well(pulled)
