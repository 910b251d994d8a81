"""`python -m infra.local.google`: starting, saying so, stopping."""

import re
import signal
import socket
import subprocess
import sys
import threading
import warnings

import pytest
import urllib3

from infra.local.google import serve

COMMAND = [sys.executable, "-m", "infra.local.google"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_when_told(end):
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        line = running.stdout.readline()
        found = re.fullmatch(r"local Google at (http://127\.0\.0\.1:\d+)\n", line)
        status = urllib3.request("GET", f"{found[1]}/healthz", retries=False).status
        running.send_signal(end)
        out, err = running.communicate(timeout=10)

    assert status == 200
    assert (running.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(rf"Cannot listen on 127\.0\.0\.1:{port} \(.+\): choose another --port\n", done.stderr)


def test_help_teaches_a_first_session():
    told = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout

    for word in ("/control/mailboxes", "/control/counters", "api_endpoint", "--seed", "--pubsub-url"):
        assert word in told


def test_in_process_it_leaves_nothing_behind():
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with serve() as google, urllib3.PoolManager() as http:
            assert http.request("GET", f"{google.url}/healthz").status == 200
        google.close()

    left = [one for one in threading.enumerate() if one not in before and one.is_alive()]
    assert left == []
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"{google.url}/healthz", retries=False, timeout=1)


def test_one_that_was_never_started_can_be_closed():
    serve().close()


def test_two_run_side_by_side():
    with serve() as one, serve() as other:
        assert one.url != other.url
