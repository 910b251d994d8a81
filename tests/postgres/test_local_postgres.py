"""The embedded server: shared, restarted, recovered, closed to others."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from infra.local.postgres import server, start
from infra.local.postgres.running import postmaster
from infra.local.postgres.words import blame
from shared.errors import ConfigError

START_AND_WAIT = """
import sys
from pathlib import Path
from infra.local.postgres import start
pg = start(Path(sys.argv[1]))
print(pg.owner, flush=True)
sys.stdin.read()
pg.stop()
"""


@pytest.fixture
def home():
    """A short path: the socket is then in the data folder itself."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    yield folder / "postgres"
    shutil.rmtree(folder)


def ask(url, question, *values):
    with psycopg.connect(url, autocommit=True) as conn:
        cursor = conn.execute(question, values)
        return cursor.fetchone()[0] if cursor.description else None


def refused(url):
    with suppress(psycopg.OperationalError), psycopg.connect(url):
        return False
    return True


def gone(cluster, within=20.0):
    end = time.monotonic() + within
    while postmaster(cluster) is not None and time.monotonic() < end:
        time.sleep(0.02)
    return postmaster(cluster) is None


def a_process(home):
    return subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process):
    process.communicate("")
    return process.returncode


def test_a_fresh_folder_becomes_a_database_in_utf8_that_never_lies_about_durability(home):
    with start(home) as pg:
        found = ask(
            pg.url,
            """SELECT concat_ws(' ', current_database(), pg_encoding_to_char(encoding), datlocale,
                      current_setting('fsync'), current_setting('synchronous_commit'), lower('ÄÉ'))
                 FROM pg_database WHERE datname = current_database()""",
        )

    assert found == "mailroom UTF8 C.UTF-8 on on äé"


def test_a_second_start_attaches_and_its_stop_leaves_the_server_running(home):
    with start(home) as first:
        second = start(home)
        second.stop()

        assert (first.owner, second.owner, second.url) == (True, False, first.url)
        assert ask(first.url, "SELECT 1") == 1
    assert refused(first.url)


def test_the_data_is_there_after_a_restart(home):
    with start(home) as pg:
        ask(pg.url, "CREATE TABLE kept AS SELECT 4711 AS number")

    with start(home) as pg:
        assert ask(pg.url, "SELECT number FROM kept") == 4711


def test_stopping_twice_is_harmless(home):
    pg = start(home)
    pg.stop()
    pg.stop()

    assert refused(pg.url)


def test_open_connections_do_not_keep_the_server_from_stopping(home):
    pg = start(home)
    with psycopg.connect(pg.url) as conn:
        conn.execute("SELECT 1")

        pg.stop()

        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")


def test_a_killed_server_is_recovered_with_all_that_was_committed(home):
    first = start(home)
    ask(first.url, "CREATE TABLE kept AS SELECT 4711 AS number")
    with closing(psycopg.connect(first.url)) as busy:
        busy.execute("SELECT 1")
        os.kill(postmaster(home / "cluster").pid, signal.SIGKILL)

        again = start(home)

    assert ask(again.url, "SELECT number FROM kept") == 4711
    assert not again.owner  # the first still is: its stop stops the revived server
    first.stop()
    assert gone(home / "cluster")


def test_a_pid_file_that_names_a_stranger_does_not_keep_the_server_from_starting(home):
    start(home).stop()
    (home / "cluster" / "postmaster.pid").write_text(
        f"{os.getpid()}\n{home}/cluster\n1\n5432\n{home}/socket\n"
    )

    with start(home) as pg:
        assert ask(pg.url, "SELECT 1") == 1


def test_an_initialisation_that_was_killed_half_way_is_done_again(home):
    (home / "cluster.new").mkdir(parents=True)
    (home / "cluster.new" / "PG_VERSION").write_text("18\n")

    with start(home) as pg:
        assert ask(pg.url, "SELECT 1") == 1


def test_processes_that_start_it_at_the_same_moment_share_one_server(home):
    processes = [a_process(home) for _ in range(3)]
    owners = sorted(process.stdout.readline().strip() for process in processes)

    assert owners == ["False", "False", "True"]
    assert [finish(process) for process in processes] == [0, 0, 0]
    assert gone(home / "cluster")


def test_the_server_ends_with_its_owner_however_that_ends(home):
    owner = a_process(home)
    assert owner.stdout.readline() == "True\n"

    owner.kill()
    owner.communicate()

    if sys.platform == "linux":
        assert gone(home / "cluster")
    with start(home) as pg:
        assert pg.owner


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(home):
    far = home.parent.joinpath(*["a-rather-long-name"] * 8)
    with start(far) as pg:
        folder = Path(postmaster(far / "cluster").socket_folder)

        assert ask(pg.url, "SELECT 1") == 1
        assert len(str(folder)) < server.LONGEST_SOCKET_PATH
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_nobody_else_may_come_near_the_data_or_the_socket_and_no_port_is_open(home):
    with start(home) as pg:
        modes = {stat.S_IMODE((home / name).stat().st_mode) for name in (".", "cluster", "socket")}

        assert modes == {0o700}
        assert ask(pg.url, "SELECT current_setting('listen_addresses')") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")
def test_root_gives_the_server_an_account_without_rights_even_in_a_folder_closed_to_it(home):
    home.parent.chmod(0o700)
    with start(home):
        assert Path(f"/proc/{postmaster(home / 'cluster').pid}").stat().st_uid != 0
    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700


def test_the_log_never_holds_statements_or_values(home):
    with start(home) as pg:
        ask(pg.url, "CREATE TABLE a (address text PRIMARY KEY)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            ask(pg.url, "INSERT INTO a VALUES ('ada@example.com'), ('ada@example.com')")

    log = (home / "server.log").read_text()
    assert "duplicate key" in log
    assert "ada" not in log


def test_a_folder_with_other_files_is_refused(home):
    home.mkdir()
    (home / "thesis.doc").touch()

    with pytest.raises(ConfigError, match=r"already holds thesis\.doc"):
        start(home)


def test_a_stranger_holding_our_folder_under_tmp_is_refused(home, monkeypatch):
    monkeypatch.setattr(server, "LONGEST_SOCKET_PATH", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(home.parent))
    monkeypatch.setattr(
        server.hashlib, "sha256", lambda _: type("H", (), {"hexdigest": lambda _: "x" * 16})()
    )
    (home.parent / f"mailroom-{'x' * 16}").symlink_to("/")

    with pytest.raises(ConfigError, match="belongs to somebody else"):
        start(home)


def test_without_the_package_the_remedy_is_named(home, monkeypatch):
    monkeypatch.setattr(server, "find_spec", lambda _: None)

    with pytest.raises(ConfigError, match=r"set DATABASE_URL or install mailroom\[local\]"):
        start(home)


def test_programs_that_are_not_there_are_named(home, monkeypatch):
    monkeypatch.setattr(server, "_programs", lambda: Path("/nowhere"))

    with pytest.raises(ConfigError, match="initdb: No such file"):
        start(home)


def test_a_damaged_cluster_ends_in_one_sentence(home):
    start(home).stop()
    (home / "cluster" / "PG_VERSION").write_text("9.6\n")

    with pytest.raises(ConfigError, match="incompatible with server") as failed:
        start(home)

    assert len(failed.value.problems) == 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("initdb: could not write: No space left on device", "The disk under /d is full"),
        ("could not access directory: Permission denied", "PostgreSQL may not enter /d"),
        ("LOG: hello\nFATAL:  no\nLOG: bye", "PostgreSQL did not start in /d: FATAL:  no"),
        ("", "PostgreSQL did not start in /d: it said nothing"),
    ],
)
def test_what_postgres_said_becomes_one_sentence(said, sentence):
    assert blame(Path("/d"), said).startswith(sentence)


def test_a_file_system_without_sockets_is_noticed(home, monkeypatch):
    class NoSockets(socket.socket):
        def bind(self, address):
            raise OSError("Operation not supported")

    monkeypatch.setattr(server.socket, "socket", NoSockets)

    assert not server._can_hold_a_socket(home.parent)
