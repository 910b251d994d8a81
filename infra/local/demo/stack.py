"""Start and stop what the demo needs: PostgreSQL, a local Google, Pub/Sub, mailroom's own processes."""

import json
import os
import shlex
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import urllib3

from infra.local import postgres, pubsub
from infra.local.processes import Group, Process, free_port
from infra.local.pubsub import Bus
from shared.errors import Refused
from shared.store import accounts, migrate
from shared.store.database import Database

PROJECT = "mailroom-demo"
TOPIC = f"projects/{PROJECT}/topics/gmail"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/gmail-push"
PUSHER = f"pubsub-push@{PROJECT}.iam.gserviceaccount.com"

# The local Google does not meter; the summary says what the same units take at Gmail's pace.
UNMETERED = "0"

HOW_TO_USE = """\
# To use the running demo from another shell: source this file, then for instance
#   mailroom exclusions list
#   psql "$DATABASE_URL" -c 'SELECT * FROM crm.mailboxes'
#   curl -H "Authorization: Bearer $DEMO_ADMIN_TOKEN" "$DEMO_URL/api/email/accounts"
# The file goes when the demo ends."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, on 127.0.0.1."""

    google: int
    web: int


class Google:
    """The control side of the local Google: make mailboxes, deliver mail, read counters."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = urllib3.PoolManager(retries=False, timeout=60, maxsize=8)

    def get(self, path: str) -> Any:
        """Return the JSON of a control path."""
        return self._answer(self._http.request("GET", f"{self.url}/control/{path}"))

    def post(self, path: str, body: object) -> Any:
        """Send JSON to a control path and return its JSON."""
        return self._answer(self._http.request("POST", f"{self.url}/control/{path}", json=body))

    def sign(self) -> str:
        """Return an ID token as Google signs them for Pub/Sub's pushes."""
        token: str = self.post("id-tokens", {"audience": AUDIENCE, "email": PUSHER})["token"]
        return token

    @staticmethod
    def _answer(response: urllib3.BaseHTTPResponse) -> Any:
        if response.status >= 300:  # noqa: PLR2004 - HTTP's own border
            raise RuntimeError(f"the local Google answered {response.status}: {response.data[:200]!r}")
        return json.loads(response.data) if response.data else None


AUDIENCE = "https://mailroom.demo/push/gmail"


class Stack:
    """Everything that runs.  Use as a context manager: what was started is stopped, in reverse order."""

    def __init__(  # noqa: PLR0913 - what the command line was told
        self,
        data_dir: Path,
        *,
        domain: str,
        web_port: int | None,
        prefer: Literal["auto", "emulator", "deliverer"],
        say: Callable[[str], None],
        also: Mapping[str, str] | None = None,
    ) -> None:
        """*also* are further settings of mailroom's processes."""
        self.data_dir = data_dir.resolve()
        self.domain = domain
        self.ports = Ports(google=free_port(), web=web_port or free_port())
        self.google = Google(f"http://127.0.0.1:{self.ports.google}")
        self.web_url = f"http://127.0.0.1:{self.ports.web}"
        self._prefer: Literal["auto", "emulator", "deliverer"] = prefer
        self._say = say
        self._also = dict(also or {})
        self._open = ExitStack()
        self._group = self._open.enter_context(Group())
        self.bus: Bus

    def __enter__(self) -> Self:
        """Start what mailroom leans on; its own processes come with start_mailroom()."""
        with ExitStack() as undo:
            undo.callback(self._open.close)
            _refuse_taken(self.ports.web)
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.database_url = self._database()
            self._start_bus_and_google()
            self._make_key()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _database(self) -> str:
        """A database of the demo's own, emptied at each start: the local Google forgets everything too."""
        given = os.environ.get("DATABASE_URL", "")
        if given:
            _refuse_real_data(given)
            url = given
        else:
            server = postgres.start(self.data_dir / "postgres")
            self._open.callback(server.stop)
            if not server.owner:  # whoever started it would lose everything
                raise Refused(
                    f"another demo runs on {self.data_dir}: end it, or give this one a folder by --data-dir"
                )
            url = server.url
        migrate.down(url)
        migrate.up(url)
        self._say(f"PostgreSQL: {'DATABASE_URL' if given else 'embedded, under ' + str(self.data_dir)}")
        return url

    def restart_bus(self) -> None:
        """Start Pub/Sub anew where it was; what it had not delivered is lost."""
        self.bus.stop()
        self.bus = self._bus(port=int(self.bus.url.rpartition(":")[2]))

    def _stop_bus(self) -> None:
        self.bus.stop()  # the one that runs by then

    def _bus(self, *, port: int = 0) -> Bus:
        return pubsub.start(
            endpoint=f"{self.web_url}/push/gmail",
            topic=TOPIC,
            subscription=SUBSCRIPTION,
            audience=AUDIENCE,
            service_account=PUSHER,
            sign=self.google.sign,
            prefer=self._prefer,
            port=port,
        )

    def _start_bus_and_google(self) -> None:
        self.bus = self._bus()
        self._open.callback(self._stop_bus)
        self._say(f"Pub/Sub: {self.bus.why}")
        port = str(self.ports.google)
        arguments = ["-m", "infra.local.google", "--port", port, "--pubsub-url", self.bus.url]
        self._run("google", arguments, ready_at=f"{self.google.url}/healthz")
        self._say(f"Google: a local one at {self.google.url}")

    def _make_key(self) -> None:
        key = self.google.post(
            "service-accounts", {"email": f"mailroom@{PROJECT}.iam.gserviceaccount.com", "projectId": PROJECT}
        )
        _write_secret(self.key_path, json.dumps(key))

    @property
    def env_path(self) -> Path:
        """What a shell sources to use the demo while it runs; its owner alone can read it."""
        return self.data_dir / "env"

    def write_env(self, admin: str) -> None:
        """Write env_path; *admin* is a token of the admin API."""
        told = {**self.env, "DEMO_URL": self.web_url, "DEMO_ADMIN_TOKEN": admin}
        lines = [f"export {name}={shlex.quote(value)}" for name, value in told.items()]
        _write_secret(self.env_path, "\n".join((HOW_TO_USE, *lines, "")))
        self._open.callback(self.env_path.unlink, missing_ok=True)

    @property
    def key_path(self) -> Path:
        """The service-account key, readable by its owner alone."""
        return self.data_dir / "service-account.json"

    @property
    def env(self) -> dict[str, str]:
        """The environment of mailroom's processes: exactly what an installation would set."""
        return {
            "CRM_GMAIL_INTEGRATION_ENABLED": "true",
            "DATABASE_URL": self.database_url,
            "CRM_GMAIL_DATA_DIR": str(self.data_dir),
            "CRM_GMAIL_SA_KEY_PATH": str(self.key_path),
            "CRM_GMAIL_WORKSPACE_DOMAIN": self.domain,
            "CRM_GMAIL_API_URL": self.google.url,
            "CRM_GMAIL_TOKEN_URL": f"{self.google.url}/token",
            "CRM_GMAIL_PUBSUB_TOPIC": TOPIC,
            "CRM_GMAIL_PUBSUB_SUBSCRIPTION": SUBSCRIPTION,
            "CRM_GMAIL_PUSH_AUDIENCE": AUDIENCE,
            "CRM_GMAIL_PUSH_SERVICE_ACCOUNT": PUSHER,
            "CRM_GMAIL_PUSH_CERTS_URL": f"{self.google.url}/oauth2/v1/certs",
            "CRM_GMAIL_RATE_UNITS_SEC": UNMETERED,
            **self._also,
        }

    def start_mailroom(self) -> None:
        """Start the web process, the watcher and the consumer, each as an installation would."""
        for name in ("consume", "watch", "web"):
            self.start(name)

    def start(self, command: str, name: str = "") -> Process:
        """Start one of mailroom's processes, under another *name* when it is the second of its kind."""
        arguments, ready_at = ["-m", "infra.cli", command], None
        if command == "web":
            arguments += ["--port", str(self.ports.web)]
            ready_at = f"{self.web_url}/readyz"
        return self._run(name or command, arguments, ready_at=ready_at)

    def kill(self, process: Process) -> None:
        """End a process as a crash does; nobody starts it again."""
        self._group.drop(process)
        process.kill()

    def check(self) -> None:
        """Raise ProcessFailed with the end of its log when a process has died."""
        self._group.check()

    def _run(self, name: str, arguments: list[str], ready_at: str | None = None) -> Process:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("CRM_GMAIL_")}
        settings = {} if name == "google" else self.env
        process = Process(
            name, [sys.executable, *arguments], clean | settings, self.data_dir / "logs" / f"{name}.log"
        )
        return self._group.start(process, ready=(lambda: _answers(ready_at)) if ready_at else None)


def _write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, in place of what was there."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status == 200  # noqa: PLR2004 - HTTP's OK
    except urllib3.exceptions.HTTPError:
        return False


def _refuse_taken(port: int) -> None:
    """Whoever listens there would be asked in mailroom's place, and answer something."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as failed:
        why = os.strerror(failed.errno or 0)
        raise Refused(f"cannot listen on 127.0.0.1:{port} ({why}): give another --port") from None


def _refuse_real_data(url: str) -> None:
    """The demo empties its database: never somebody's real one."""
    migrate.up(url)
    with Database(url) as db, db.transaction() as conn:
        if accounts.every(conn):
            raise Refused(
                "DATABASE_URL holds enrolled accounts, and the demo would erase them: "
                "unset it, or name an empty database"
            )
