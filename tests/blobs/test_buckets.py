"""What goes over the wire to a bucket, and what its refusals become."""

import pytest

from shared.blobs import open_store
from shared.blobs.place import read
from shared.errors import OperatorMustAct, TryLater

KEY = "raw/ab/abcd"


def opened(scheme):
    return open_store(read(f"{scheme}://bucket/some/prefix")).objects


def test_a_blob_is_sent_to_s3_whole_signed_and_below_the_prefix(server):
    opened("s3").put(KEY, b"x" * 12_000_000)

    [(method, path, headers)] = server.requests
    assert (method, path) == ("PUT", "/bucket/some/prefix/raw/ab/abcd")
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/s3/" in headers["authorization"]
    assert "canary" not in str(headers)
    assert len(server.held["bucket/some/prefix/raw/ab/abcd"]) == 12_000_000


def test_a_blob_is_sent_to_google_with_the_machines_token(server):
    opened("gs").put(KEY, b"x" * 12_000_000)

    [(method, path, headers)] = server.requests
    assert (method, path) == ("PUT", "/bucket/some%2Fprefix%2Fraw%2Fab%2Fabcd")
    assert headers["authorization"] == "Bearer canary-bearer"


def test_plain_http_is_spoken_only_on_this_machine(server, monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "GOOGLE_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1.elsewhere.example/")

    with pytest.raises(TryLater):
        opened("s3").put(KEY, b"x")


@pytest.mark.parametrize("scheme", ["s3", "gs"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_bucket_that_refuses_us_is_for_the_operator(server, scheme, status):
    server.answers[:] = [status] * 5

    with pytest.raises(OperatorMustAct, match="let mailroom's account read") as told:
        opened(scheme).put(KEY, b"x")
    assert "canary" not in str(told.value).lower()


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_bucket_that_stays_away_is_tried_later_and_a_short_absence_is_not_noticed(server, scheme):
    server.answers[:] = [503]
    opened(scheme).put(KEY, b"x")

    server.answers[:] = [503] * 5
    with pytest.raises(TryLater, match="did not answer") as told:
        opened(scheme).put(KEY, b"x")
    assert "canary" not in str(told.value).lower()
    assert "127.0.0.1" not in str(told.value)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_bucket_that_does_not_exist_is_for_the_operator(server, scheme):
    with pytest.raises(OperatorMustAct, match="does not exist"):
        open_store(read(f"{scheme}://another")).objects.put(KEY, b"x")
