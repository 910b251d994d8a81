"""Places for blobs: files, and what speaks as the two clouds do, on this machine."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from shared.blobs import BlobStore, open_store
from shared.blobs.bucket import BucketObjects
from shared.blobs.files import FileObjects
from shared.blobs.objects import Objects
from shared.blobs.place import read
from shared.store import blobs as rows
from shared.store.database import Database
from tests.blobs.buckets import Handler
from tests.consumer.conftest import google, google_server, parsers, world

__all__ = ["google", "google_server", "parsers", "world"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """A bucket service on loopback; its `requests` and `held` are for the test to look at."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as bucket:
        bucket.held, bucket.requests, bucket.answers = {}, [], []
        url = f"http://127.0.0.1:{bucket.server_address[1]}"
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "canary-secret",
            "AWS_REGION": "eu-central-1",
            "GOOGLE_BASE_URL": url,
            "GOOGLE_BEARER_TOKEN": "canary-bearer",
        }.items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=bucket.serve_forever, args=(0.01,))
        thread.start()
        yield bucket
        bucket.shutdown()
        thread.join()


@pytest.fixture(params=["files", "memory", "obstore-files", "s3", "gs"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "files":
        return FileObjects(tmp_path / "deep" / "blobs")
    if request.param == "memory":
        return BucketObjects(MemoryStore())
    if request.param == "obstore-files":
        return BucketObjects(LocalStore(tmp_path))
    request.getfixturevalue("server")
    return open_store(read(f"{request.param}://bucket/some/prefix")).objects


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def known(db: Database) -> set[str]:
    """Digests with a row."""
    with db.transaction() as conn:
        return {sha for (sha,) in conn.execute(b"SELECT sha256 FROM mailroom.blobs")}


def age(db: Database) -> None:
    """Two hours pass for every claim."""
    with db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.blobs SET claimed_at = claimed_at - interval '2 hours'")


def claim(db: Database, *blobs: tuple[str, int]) -> dict[str, int]:
    with db.transaction() as conn:
        return rows.claim(conn, blobs)
