"""Child processes of the demo: started in order, watched, stopped in reverse, never left behind.

Each child leads its own session: Ctrl-C reaches only the parent, which then stops them in order.
On Linux the kernel also sends a child a signal when the parent dies, however it dies.
"""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from shared.errors import MailroomError

LAUNCHER = Path(__file__).with_name("launch.py")
POLL = 0.02  # seconds between two looks at something that has no way of calling us

Ready = Callable[[], bool] | str


class ProcessFailed(MailroomError):
    """A child did not start or ended by itself: the message ends with the last lines of its log."""


class Process:
    """One child process, its output appended to a log file."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], log_path: Path) -> None:
        self.name, self.argv, self.env, self.log_path = name, tuple(argv), dict(env), log_path
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0  # bytes of the log that earlier runs wrote

    def start(self) -> Self:
        """Start it; *ready* tells whether that worked."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._child = spawn(self.argv, env=self.env, output=log)
        return self

    @property
    def pid(self) -> int | None:
        """Its process id, None before the start."""
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def ready(self, check: Ready, *, within: float = 30) -> None:
        """Wait until *check* answers true, or the log holds the text *check*.  *within* in seconds.

        Raises ProcessFailed when it ends or the time passes first.
        """
        test = check if callable(check) else lambda: check in self.output()
        end = time.monotonic() + within
        while not test():
            if not self.running:
                raise ProcessFailed(self.obituary())
            if time.monotonic() > end:
                raise ProcessFailed(f"{self.name} was not ready after {within:.0f} s.{self._last_words()}")
            time.sleep(POLL)

    def output(self) -> str:
        """What this run has logged so far."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode("utf-8", "replace")

    def obituary(self) -> str:
        """One sentence on how it ended, then the last lines of its log."""
        code = self._child.poll() if self._child else None
        if code is None:
            how = "is running" if self._child else "was never started"
        else:
            how = (
                f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
            )
        return f"{self.name} {how}.{self._last_words()}"

    def _last_words(self, lines: int = 10) -> str:
        tail = self.output().splitlines()[-lines:]
        return "\n" + "\n".join(f"    {line}" for line in tail) if tail else ""

    def kill(self) -> None:
        """End it as a crash does: it alone, at once, with no chance to tidy up."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def stop(self, *, patience: float = 10) -> None:
        """Ask it to end, wait *patience* seconds, then kill; afterwards nothing of its group runs."""
        if self._child is None:
            return
        # Only the leader is asked: it knows in which order its own children must go.
        with suppress(ProcessLookupError):
            self._child.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(patience)
        with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


class Group:
    """Several children: a context that stops all of them, the last one started first."""

    def __init__(self) -> None:
        self._members: list[Process] = []

    def start(self, process: Process, *, ready: Ready | None = None, within: float = 30) -> Process:
        """Start *process* as a member and wait until it is *ready*.  Raises ProcessFailed."""
        self._members.append(process.start())
        if ready is not None:
            process.ready(ready, within=within)
        return process

    def drop(self, process: Process) -> None:
        """Let go of a member: whether it runs is no concern of ours any more."""
        self._members.remove(process)

    def check(self) -> None:
        """Raise ProcessFailed when a member has ended that nobody stopped."""
        dead = [member.obituary() for member in self._members if not member.running]
        if dead:
            raise ProcessFailed("\n".join(dead))

    def stop(self, *, patience: float = 10) -> None:
        """Stop every member in reverse order, each with its own *patience* (seconds)."""
        while self._members:
            self._members.pop().stop(patience=patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def spawn(  # noqa: PLR0913 - all by name, what Popen calls them
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    account: str = "-",
    death_signal: int = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start *argv* in a session of its own, to be sent *death_signal* when this process dies (0: never).

    *account* as in launch.py.  A program that cannot be started shows as exit status 1 and a line of output.
    """
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(death_signal)), account]
    return _in_spawner(
        lambda: subprocess.Popen(
            [*launch, *argv],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    )


_Call = tuple[Callable[[], "subprocess.Popen[bytes]"], "Future[subprocess.Popen[bytes]]"]
_calls: "queue.SimpleQueue[_Call]" = queue.SimpleQueue()
_spawner: list[tuple[int, threading.Thread]] = []  # at most one per process: (pid, thread)
_spawner_lock = threading.Lock()


def _in_spawner(call: Callable[[], "subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes]":
    """Run *call* in the one thread that lives as long as this process.

    Linux sends the death signal when the *thread* that started the child ends: without this,
    a child started from a worker thread would be stopped by that thread's ordinary end.
    """
    with _spawner_lock:
        if not _spawner or _spawner[0][0] != os.getpid():
            thread = threading.Thread(target=_spawn_for_ever, name="spawner", daemon=True)
            thread.start()
            _spawner[:] = [(os.getpid(), thread)]
    answer: Future[subprocess.Popen[bytes]] = Future()
    _calls.put((call, answer))
    return answer.result()


def _spawn_for_ever() -> None:
    while True:
        call, answer = _calls.get()
        try:
            answer.set_result(call())
        except BaseException as failed:  # noqa: BLE001 - handed to the caller, who waits for it
            answer.set_exception(failed)


def free_port() -> int:
    """Return a TCP port of the loopback that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
