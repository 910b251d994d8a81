"""Which bus runs, and why: finding the emulator, saying what is missing, falling back."""

import base64
import json
import os
import stat
import sys
import time
from pathlib import Path

import pytest
import urllib3

from infra.local.pubsub import NoEmulator, emulator, start
from infra.local.pubsub.emulator import find_jar, find_java, version
from infra.local.pubsub.loopback import Loopback, Reply
from infra.local.pubsub.relay import Relay
from infra.local.pubsub.tokens import signer

PLACE = "platform/pubsub-emulator/lib"


def an_sdk(root, *versions):
    (root / "bin").mkdir(parents=True)
    (root / PLACE).mkdir(parents=True)
    for each in versions:
        (root / PLACE / f"cloud-pubsub-emulator-{each}-all.jar").touch()
    return root


def a_program(path, script):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def a_bus(**changes):
    wanted = {
        "endpoint": "http://127.0.0.1:9/push",
        "topic": "projects/ppp/topics/ttt",
        "subscription": "projects/ppp/subscriptions/sss",
        "audience": "aud",
        "service_account": "push@project.example",
        "sign": lambda: "token",
    }
    return start(**wanted | changes)


def test_the_newest_jar_of_the_sdk_is_taken(tmp_path):
    sdk = an_sdk(tmp_path / "sdk", "0.8.9", "0.8.20", "0.8.3")

    assert find_jar({"CLOUDSDK_ROOT": str(sdk)}, []).name == "cloud-pubsub-emulator-0.8.20-all.jar"


def test_the_sdk_is_found_through_a_gcloud_on_the_path(tmp_path):
    sdk = an_sdk(tmp_path / "far" / "sdk", "0.8.20")
    a_program(sdk / "bin" / "gcloud", "")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gcloud").symlink_to(sdk / "bin" / "gcloud")

    assert find_jar({"PATH": str(tmp_path / "bin")}, []).parent == sdk / PLACE


def test_a_usual_folder_is_looked_into_when_the_named_one_has_no_emulator(tmp_path):
    bare, full = an_sdk(tmp_path / "bare"), an_sdk(tmp_path / "full", "0.8.20")

    assert find_jar({"CLOUDSDK_ROOT": str(bare)}, [str(full)]).parent == full / PLACE


def test_the_folders_that_were_searched_are_named(tmp_path):
    bare = an_sdk(tmp_path / "bare")

    with pytest.raises(NoEmulator, match=f"no emulator jar was found in {bare}$"):
        find_jar({"CLOUDSDK_ROOT": str(bare)}, [])


def test_a_machine_without_sdk_is_told_so():
    with pytest.raises(NoEmulator, match="because no Google Cloud SDK was found"):
        find_jar({}, ["/nowhere"])


@pytest.mark.parametrize(
    ("name", "parts"),
    [("cloud-pubsub-emulator-0.8.20-all.jar", (0, 8, 20)), ("cloud-pubsub-emulator-all.jar", (0,))],
)
def test_the_version_is_in_the_name(name, parts):
    assert version(Path(name)) == parts


def test_a_machine_without_java_is_told_so(tmp_path):
    with pytest.raises(NoEmulator, match="no java was found on the PATH"):
        find_java({"PATH": str(tmp_path)})


def test_a_java_that_does_not_run_is_named(tmp_path):
    java = a_program(tmp_path / "java", "raise SystemExit(1)")

    with pytest.raises(NoEmulator, match=f"{java} does not run"):
        find_java({"PATH": str(tmp_path)})


def test_java_home_comes_first(tmp_path):
    java = a_program(tmp_path / "home" / "bin" / "java", "")
    a_program(tmp_path / "path" / "java", "")

    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")}) == str(java)


def test_an_emulator_that_stops_at_once_leaves_its_last_words(tmp_path):
    script = (
        "import sys\nif '-version' not in sys.argv: print('Unsupported class'), sys.exit('    at Main.main')"
    )
    java = a_program(tmp_path / "java", script)
    env = {"PATH": str(tmp_path), "CLOUDSDK_ROOT": str(an_sdk(tmp_path / "sdk", "0.8.20"))}

    with pytest.raises(NoEmulator, match="the emulator stopped with: Unsupported class"):
        emulator.start(env)
    assert java.exists()


def test_without_java_the_deliverer_runs_and_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    bus = a_bus()
    bus.stop()

    assert (bus.kind, bus.why) == ("deliverer", "loopback deliverer, because no java was found on the PATH")


def test_an_emulator_that_was_demanded_and_cannot_run_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(NoEmulator):
        a_bus(prefer="emulator")


def test_a_bus_stops_twice_without_complaint():
    bus = a_bus(prefer="deliverer")
    bus.stop()
    bus.stop()

    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", bus.url, retries=False)


def test_the_emulator_runs_where_it_is_installed_and_leaves_the_environment_alone(monkeypatch):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    try:
        bus = a_bus(prefer="emulator")
    except NoEmulator as reason:
        pytest.skip(str(reason))
    bus.stop()

    assert bus.why.startswith("Google's Pub/Sub emulator 0.")
    assert bus.why.endswith(" with a signing relay")
    assert "PUBSUB_EMULATOR_HOST" not in os.environ


def test_the_relay_signs_nothing_that_comes_to_another_path():
    class NoPostman:
        def carry(self, _body):
            raise AssertionError("carried")

    relay = Relay(NoPostman())
    base = relay.url.rsplit("/", 1)[0]
    statuses = {urllib3.request("POST", base + path, body=b"{}").status for path in ("/", "/push", "/x" * 9)}
    statuses.add(urllib3.request("GET", relay.url).status)
    relay.stop()

    assert statuses == {404}


class LocalGoogle:
    """The one call of the local Google that signing needs."""

    def __init__(self, lifetimes):
        self.asked, self.status = [], 200

        def answer(request):
            self.asked.append((request.path, json.loads(request.body)))
            claims = json.dumps({"exp": int(time.time()) + lifetimes.pop(0)}).encode()
            token = f"e30.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.s{len(self.asked)}"
            return Reply(self.status, {"token": token})

        self.server = Loopback(answer)


def test_one_token_is_asked_for_and_used_until_shortly_before_its_end():
    google = LocalGoogle([3600, 3600])
    sign = signer(google.server.url, audience="aud", service_account="push@project.example")

    tokens = {sign() for _ in range(3)}
    google.server.stop()

    assert len(tokens) == 1
    assert google.asked == [("/control/id-tokens", {"audience": "aud", "email": "push@project.example"})]


def test_a_token_near_its_end_is_replaced():
    google = LocalGoogle([60, 3600])
    sign = signer(google.server.url, audience="aud", service_account="push@project.example")

    first, second, third = sign(), sign(), sign()
    google.server.stop()

    assert first != second
    assert second == third


def test_a_local_google_that_refuses_gives_no_token():
    google = LocalGoogle([3600])
    google.status = 500
    sign = signer(google.server.url, audience="aud", service_account="push@project.example")

    with pytest.raises(RuntimeError, match="answered 500"):
        sign()
    google.server.stop()
