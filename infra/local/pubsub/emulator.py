"""Google's own Pub/Sub emulator: find it, start it with plain java, stop it.

gcloud's wrapper is not used: it starts slower and runs the emulator as a second process.
"""

import os
import re
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import urllib3

from infra.local.processes import POLL, free_port, spawn
from shared.errors import MailroomError

JARS = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*.jar"
USUAL_FOLDERS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/lib64/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/opt/google-cloud-cli",
    "/snap/google-cloud-cli/current",
    "/snap/google-cloud-sdk/current",
    "/opt/homebrew/share/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
    "~/google-cloud-sdk",
)
READY_WITHIN = 30.0  # seconds; it takes 1 to 2
LAST_LINES = 20


class NoEmulator(MailroomError):
    """The emulator cannot run here: use the deliverer; the text, a clause, says why."""


def find_java(env: Mapping[str, str]) -> str:
    """Return a java that runs.  Raises NoEmulator."""
    home = env.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else None
    java = java or shutil.which("java", path=env.get("PATH", ""))
    if java is None:
        raise NoEmulator("no java was found on the PATH")
    # macOS has a java that only says that there is none.
    with suppress(OSError, subprocess.TimeoutExpired):
        if subprocess.run([java, "-version"], capture_output=True, check=False, timeout=20).returncode == 0:
            return java
    raise NoEmulator(f"{java} does not run")


def find_jar(env: Mapping[str, str], folders: Iterable[str] = USUAL_FOLDERS) -> Path:
    """Return the emulator's jar, the newest of the first SDK that has one.  Raises NoEmulator."""
    looked: list[str] = []
    for folder in _sdk_folders(env, folders):
        if jars := sorted(folder.glob(JARS), key=version):
            return jars[-1]
        looked.append(str(folder))
    where = "in " + ", ".join(looked) if looked else "because no Google Cloud SDK was found"
    raise NoEmulator(f"no emulator jar was found {where}")


def _sdk_folders(env: Mapping[str, str], usual: Iterable[str]) -> Iterator[Path]:
    """Yield the folders that exist, the most deliberate first, each once."""
    candidates = [env.get("CLOUDSDK_ROOT"), env.get("CLOUDSDK_ROOT_DIR")]
    if gcloud := shutil.which("gcloud", path=env.get("PATH", "")):
        candidates.append(str(Path(gcloud).resolve().parent.parent))
    seen: set[Path] = set()
    for candidate in (*candidates, *usual):
        folder = Path(candidate).expanduser() if candidate else None
        if folder is not None and folder not in seen and (folder / "bin").is_dir():
            seen.add(folder)
            yield folder


def version(jar: Path) -> tuple[int, ...]:
    """Read the version out of the jar's name; (0,) when it has none."""
    found = re.search(r"(\d+(?:\.\d+)+)", jar.name)
    return tuple(int(part) for part in found[1].split(".")) if found else (0,)


class Emulator:
    """A running emulator with nothing in it.  Its state is in memory and ends with it."""

    def __init__(self, java: str, jar: Path) -> None:
        self.version = ".".join(str(part) for part in version(jar))
        self.host = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.host}"
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        port = self.host.partition(":")[2]
        self._child = spawn(
            [java, "-jar", str(jar), "--host=127.0.0.1", f"--port={port}"],
            env=dict(os.environ),
            output=subprocess.PIPE,
        )
        self._listener = threading.Thread(target=self._listen, name="emulator-output", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        """Read what it says, several lines per call, and keep the last ones only."""
        if self._child.stdout is not None:
            for line in self._child.stdout:
                self._said.append(line.decode("utf-8", "replace").rstrip())

    def wait(self, within: float = READY_WITHIN) -> None:
        """Return when it answers.  Raises NoEmulator when it ended, or *within* seconds passed."""
        end = time.monotonic() + within
        while not self._answers():
            if self._child.poll() is not None:
                self._listener.join()
                raise NoEmulator(f"the emulator stopped with: {self.last_words()}")
            if time.monotonic() > end:
                raise NoEmulator(f"the emulator did not answer within {within:.0f} s: {self.last_words()}")
            time.sleep(POLL)

    def _answers(self) -> bool:
        try:
            answer = urllib3.request("GET", self.url, retries=False, timeout=2)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.data.strip() == b"Ok"

    def last_words(self) -> str:
        """Return the last line it said that is no mere place in a stack trace."""
        telling = [line for line in self._said if line.strip() and not line.lstrip().startswith("at ")]
        return telling[-1].strip() if telling else "(it said nothing)"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._child.poll() is None

    def stop(self) -> None:
        """End it: asked first, killed after 5 seconds."""
        with suppress(ProcessLookupError):
            self._child.terminate()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._listener.join()
        if self._child.stdout is not None:
            self._child.stdout.close()


def start(env: Mapping[str, str] | None = None) -> Emulator:
    """Start the emulator of this machine and wait until it answers.  Raises NoEmulator."""
    env = os.environ if env is None else env
    emulator = Emulator(find_java(env), find_jar(env))
    try:
        emulator.wait()
    except BaseException:
        emulator.stop()
        raise
    return emulator
