"""Children that start, say so, stop in order, and never outlive us."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from infra.local.processes import Group, Process, ProcessFailed, free_port, spawn

READY = "import time; print('ready', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY
WITH_CHILD = (
    "import subprocess, sys; c = subprocess.Popen(['sleep', '600']); print(c.pid, flush=True); " + READY
)


@pytest.fixture
def child(tmp_path):
    """Make a child that runs Python code, stopped at the end whatever happens."""
    made = []

    def make(code, name="child", env=None):
        env = dict(os.environ) if env is None else env
        made.append(Process(name, [sys.executable, "-c", code], env, tmp_path / "logs" / f"{name}.log"))
        return made[-1]

    yield make
    for process in made:
        process.stop(patience=0)


def lives(pid):
    """Whether a process exists that is more than a zombie."""
    if not Path("/proc/self/stat").exists():
        shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
        return shown.stdout[:1] not in b"Z"
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def until(condition, within=20):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_child_is_ready_when_its_log_says_so(child):
    process = child(READY).start()
    process.ready("ready")

    assert process.running
    assert lives(process.pid)


def test_a_child_is_ready_when_a_question_is_answered(child, tmp_path):
    process = child(f"open({str(tmp_path / 'flag')!r}, 'w'); " + READY).start()

    process.ready((tmp_path / "flag").exists)


def test_words_of_an_earlier_run_do_not_make_a_child_ready(child):
    child(READY).start().ready("ready")
    again = child("raise SystemExit('no luck')").start()

    with pytest.raises(ProcessFailed, match="no luck"):
        again.ready("ready")


def test_a_child_that_ends_before_it_is_ready_is_reported_with_its_last_lines(child):
    process = child("import sys; print('one\\ntwo'); sys.exit(3)", name="web").start()

    with pytest.raises(ProcessFailed) as failed:
        process.ready("ready")

    assert str(failed.value) == "web ended with exit status 3.\n    one\n    two"


def test_a_child_that_never_gets_ready_is_reported_too(child):
    process = child("import time; print('hm', flush=True); time.sleep(600)", name="web").start()
    process.ready("hm")

    with pytest.raises(ProcessFailed, match="web was not ready after 0 s"):
        process.ready("ready", within=0)


def test_a_program_that_is_not_there_is_named(tmp_path):
    process = Process("ghost", ["/no/such/program"], {}, tmp_path / "log").start()

    with pytest.raises(ProcessFailed, match="/no/such/program: No such file or directory"):
        process.ready("ready")


def test_the_child_sees_the_environment_it_was_given_and_no_other(child):
    process = child(
        "import os; print(sorted(os.environ))", env={"ONLY": "this", "LC_CTYPE": "C.UTF-8"}
    ).start()
    until(lambda: not process.running)

    assert process.output() == "['LC_CTYPE', 'ONLY']\n"


def test_stop_asks_first(child):
    process = child(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0)))\n" + READY
    ).start()
    process.ready("ready")

    process.stop()

    assert "bye" in process.output()
    assert process.obituary().startswith("child ended with exit status 0.")


def test_stop_kills_what_does_not_listen(child):
    process = child(STUBBORN).start()
    process.ready("ready")

    process.stop(patience=0.1)

    assert process.obituary().startswith("child was ended by SIGKILL.")


def test_stop_leaves_no_grandchild_behind(child):
    process = child(WITH_CHILD).start()
    process.ready("ready")
    grandchild = int(process.output().split()[0])

    process.stop()

    until(lambda: not lives(grandchild))


def test_stopping_what_never_ran_or_has_ended_is_harmless(child):
    child(READY).stop()
    process = child("pass").start()
    until(lambda: not process.running)
    process.stop()
    process.stop()


def test_a_group_stops_the_last_first(child, tmp_path):
    order = tmp_path / "order"
    code = (
        "import signal, sys\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (open({str(order)!r}, 'a').write('NAME '), sys.exit()))\n"
    ) + READY
    with Group() as group:
        for name in ("first", "second", "third"):
            group.start(child(code.replace("NAME", name), name=name), ready="ready")

    assert order.read_text() == "third second first "


def test_a_group_reports_a_member_that_died(child):
    with Group() as group:
        group.start(child(READY, name="web"), ready="ready")
        group.check()
        victim = group.start(child(READY, name="watch"), ready="ready")
        os.kill(victim.pid, signal.SIGKILL)
        until(lambda: not victim.running)

        with pytest.raises(ProcessFailed, match=r"^watch was ended by SIGKILL\.\n    ready$"):
            group.check()


def test_a_group_stops_its_members_when_one_does_not_start(child):
    web = child(READY, name="web")

    def start_both():
        with Group() as group:
            group.start(web, ready="ready")
            group.start(child("raise SystemExit(1)", name="watch"), ready="ready")

    with pytest.raises(ProcessFailed, match="watch ended"):
        start_both()

    assert not web.running


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_children_die_with_their_parent_even_when_it_is_killed():
    code = "from infra.local.processes import spawn; print(spawn(['sleep', '600']).pid, flush=True); " + READY
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    assert lives(pid)

    parent.kill()
    parent.communicate()

    until(lambda: not lives(pid))


def test_a_child_outlives_the_thread_that_started_it(child):
    process = child(READY)
    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()

    process.ready("ready")
    assert process.running


def test_ctrl_c_in_the_terminal_does_not_reach_the_children(child):
    process = child(READY).start()
    process.ready("ready")

    assert os.getsid(process.pid) == process.pid


def test_a_failed_start_raises_in_the_caller():
    with pytest.raises(OSError, match="No such file"):
        spawn(["true"], cwd="/no/such/folder")


def test_a_free_port_can_be_bound():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))
