"""Where blobs are kept, as CRM_GMAIL_BLOB_URL names it.  Decides only."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

# Google: 3 to 63 of lower-case letters, digits, - _ and . (222 with dots); Amazon takes fewer of the same.
BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
PART = re.compile(r"[A-Za-z0-9._=-]+")


class BadPlace(ValueError):
    """The URL names no place for blobs; its text says what to write."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder (scheme file) or a part of a bucket (gs, s3)."""

    scheme: Literal["file", "gs", "s3"]
    bucket: str  # empty for a folder
    path: str  # of a folder: absolute; in a bucket: the prefix without slashes around it, or empty

    @property
    def folder(self) -> Path | None:
        """The folder on this machine, if it is one."""
        return Path(self.path) if self.scheme == "file" else None


def read(url: str) -> Place:
    """Take a blob URL apart: file:///folder, gs://bucket/prefix or s3://bucket/prefix.

    Raises BadPlace, which never quotes the URL: it may hold a key somebody meant well with.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadPlace(
            "it is no URL; write file:///folder, gs://bucket/prefix or s3://bucket/prefix"
        ) from None
    if parts.scheme == "file":
        return _folder(parts.netloc, unquote(parts.path))
    if parts.scheme not in ("gs", "s3"):
        raise BadPlace("write file:///folder, gs://bucket/prefix or s3://bucket/prefix")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise BadPlace("write only bucket and prefix: credentials come from the machine, never from the URL")
    return _bucket("gs" if parts.scheme == "gs" else "s3", parts.netloc, parts.path.strip("/"))


def problem(url: str) -> str | None:
    """Say what is wrong with CRM_GMAIL_BLOB_URL, if anything is; empty means files under the data folder."""
    try:
        read(url or "file:///data")
    except BadPlace as bad:
        return f"CRM_GMAIL_BLOB_URL: {bad}"
    return None


def _folder(host: str, path: str) -> Place:
    if host not in ("", "localhost"):
        raise BadPlace("a folder has three slashes, as in file:///var/lib/mailroom/blobs")
    if not path.startswith("/") or path.strip("/") == "" or "\0" in path or ".." in path.split("/"):
        raise BadPlace("name a folder by its whole path, as in file:///var/lib/mailroom/blobs")
    return Place("file", "", path)


def _bucket(scheme: Literal["gs", "s3"], bucket: str, prefix: str) -> Place:
    if not BUCKET.fullmatch(bucket):
        raise BadPlace(f"name a bucket after {scheme}://, in lower case, without a port")
    odd = [part for part in prefix.split("/") if not PART.fullmatch(part) or part in (".", "..")]
    if prefix and odd:
        raise BadPlace("a prefix is made of letters, digits and . _ - = with single slashes between")
    return Place(scheme, bucket, prefix)
