"""Blobs in a bucket of Google Cloud Storage or Amazon S3 (or what speaks as they do), through obstore.

Of the service we need that a PUT is whole or absent, and that what was put or deleted is so for the next
who asks: both promise it (https://cloud.google.com/storage/docs/consistency,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel).  No conditional put
and no rename is used, because under one key there is only ever one content.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import obstore
from obstore import exceptions
from obstore.store import GCSStore, ObjectStore, S3Store

from shared.blobs.place import Place
from shared.errors import OperatorMustAct, TryLater

if TYPE_CHECKING:  # obstore keeps these two for type checkers alone
    from obstore.store import ClientConfig, RetryConfig

# A removal holds a row of the database, which ends transactions that idle for 30 s: none may be on its way
# for longer than that, or it could reach the bucket after somebody kept the same bytes again.
ONE_TRY = timedelta(seconds=8)
ALL_TRIES = timedelta(seconds=12)
PAUSE = timedelta(seconds=30)


class BucketObjects:
    """Blobs below a prefix of a bucket."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, place: Place) -> Self:
        """Open a bucket; who we are there comes from the machine, as for any program of its cloud.

        Google: GOOGLE_APPLICATION_CREDENTIALS or the machine's own account.  Amazon: AWS_ACCESS_KEY_ID and
        so on, or the machine's role; AWS_ENDPOINT_URL for others that speak S3.  Nothing is sent yet.
        """
        kind = GCSStore if place.scheme == "gs" else S3Store
        options: ClientConfig = {
            "timeout": ONE_TRY,
            "connect_timeout": timedelta(seconds=4),
            "allow_http": any(
                urlsplit(os.environ.get(name, "")).hostname == "127.0.0.1" for name in ENDPOINTS
            ),
        }
        retries: RetryConfig = {"max_retries": 2, "retry_timeout": ALL_TRIES - ONE_TRY}
        with _told():
            store = kind(
                place.bucket, prefix=place.path or None, client_options=options, retry_config=retries
            )
        return cls(store)

    def put(self, key: str, content: bytes) -> None:
        """Keep a blob in one request: parts of an upload that broke off would be paid for for ever."""
        try:
            with _told():
                obstore.put(self._store, key, content, use_multipart=False)
        except FileNotFoundError:
            raise OperatorMustAct("the bucket of CRM_GMAIL_BLOB_URL does not exist: make it") from None

    def has(self, key: str) -> bool:
        """Say whether the key is held."""
        try:
            with _told():
                obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def get(self, key: str) -> bytes:
        """Return a blob; FileNotFoundError when it is not held."""
        with _told():
            return bytes(obstore.get(self._store, key).bytes())

    def remove(self, key: str) -> None:
        """Forget a blob."""
        try:
            with _told():
                obstore.delete(self._store, key)
        except FileNotFoundError:
            return

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix."""
        with _told():
            for group in obstore.list(self._store, prefix):
                yield from (str(one["path"]) for one in group)


# Where another server than the cloud's own is named; it may be asked in plain http only on this machine.
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "GOOGLE_BASE_URL")


@contextmanager
def _told() -> Generator[None]:
    """Turn the service's refusals into what to do next; none of their texts goes on: they quote keys."""
    try:
        yield
    except (exceptions.NotFoundError, FileNotFoundError):
        raise FileNotFoundError("the bucket does not hold this blob") from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        what = "the bucket of CRM_GMAIL_BLOB_URL refuses us"
        who = "let mailroom's account read, write, list and delete in it"
        raise OperatorMustAct(f"{what}: {who}") from None
    except exceptions.UnknownConfigurationKeyError:
        raise OperatorMustAct("a setting of the bucket's client (AWS_… or GOOGLE_…) is not known") from None
    except (exceptions.BaseError, OSError, ValueError) as away:
        kind = type(away).__name__
        raise TryLater(f"the bucket of CRM_GMAIL_BLOB_URL did not answer ({kind})", after=PAUSE) from None
