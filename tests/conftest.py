"""What every test may use: one PostgreSQL for the run, a fresh database for each test, a clean environment."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from infra.local import postgres
from infra.local.postgres import server as local_server
from shared.store import migrate
from shared.store.database import Database

# No deadline: a busy machine is no defect.  CI draws the same examples each time, people draw new ones.
settings.register_profile("mailroom", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("mailroom")

TEMPLATE = "mailroom_template"
ROOM = 4 * 1024**3  # bytes; a run needs about one of them
_numbers = count(1)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set on this machine must not decide a test."""
    for name in list(os.environ):
        if name.startswith(("CRM_GMAIL_", "DATABASE_URL")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the server keeps its files: in memory where there is room, for a database per test is many files."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        with tempfile.TemporaryDirectory(prefix="mailroom-tests-", dir=memory) as folder:
            yield Path(folder)
    else:
        yield Path(tmp_path_factory.mktemp("postgres"))


@pytest.fixture(scope="session")
def postgres_url(postgres_folder: Path) -> Iterator[str]:
    """A real server, with a migrated template database."""
    with pytest.MonkeyPatch.context() as patch:
        # What a test wrote may be lost with the power: not waiting for the disk halves the run.
        hasty = tuple(option.replace("fsync=on", "fsync=off") for option in local_server.OPTIONS)
        patch.setattr(local_server, "OPTIONS", hasty)
        started = postgres.start(postgres_folder / "data")
    with started as server:
        with psycopg.connect(server.url, autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {TEMPLATE}".encode())
        migrate.up(psycopg.conninfo.make_conninfo(server.url, dbname=TEMPLATE))
        yield server.url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a migrated, empty database of this test's own."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        # Copying the files takes half the time of the default, which writes them to the log as well.
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY".encode())
        yield psycopg.conninfo.make_conninfo(postgres_url, dbname=name)
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """An open database of this test's own."""
    with Database(database_url) as database:
        yield database


@pytest.fixture
def login(database_url: str) -> Iterator[Callable[[str], str]]:
    """Make a login with one of our roles; yields its URL.  Logins belong to the server: they are dropped."""
    made = []

    def make(role: str) -> str:
        name = f"login_{next(_numbers)}"
        with psycopg.connect(database_url) as conn:
            conn.execute(f"CREATE ROLE {name} LOGIN IN ROLE {role}".encode())
        made.append(name)
        return psycopg.conninfo.make_conninfo(database_url, user=name)

    yield make
    with psycopg.connect(database_url, autocommit=True) as conn:
        for name in made:
            conn.execute(f"DROP OWNED BY {name}".encode())
            conn.execute(f"DROP ROLE {name}".encode())
