"""Where CRM_GMAIL_BLOB_URL may point, and what is said of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.blobs.place import BadPlace, Place, problem, read
from shared.config import from_env
from shared.errors import ConfigError

GOOD = {
    "file:///var/lib/blobs": Place("file", "", "/var/lib/blobs"),
    "file://localhost/var/lib/blobs": Place("file", "", "/var/lib/blobs"),
    "file:///with%20space": Place("file", "", "/with space"),
    "gs://fund-blobs": Place("gs", "fund-blobs", ""),
    "gs://fund.blobs/": Place("gs", "fund.blobs", ""),
    "s3://fund-blobs/mail/room": Place("s3", "fund-blobs", "mail/room"),
    "s3://fund-blobs/mail/": Place("s3", "fund-blobs", "mail"),
}
BAD = {
    "/var/lib/blobs": "write file:///folder",
    "http://bucket/x": "write file:///folder",
    "azure://bucket": "write file:///folder",
    "file://relative/folder": "three slashes",
    "file:///": "whole path",
    "file:relative": "whole path",
    "file:///a/../b": "whole path",
    "gs://": "name a bucket",
    "gs://UPPER": "name a bucket",
    "s3://a": "name a bucket",
    "s3://bucket:9000/x": "name a bucket",
    "s3://key:canary@bucket/x": "credentials come from the machine",
    "s3://bucket/x?secret=canary": "credentials come from the machine",
    "s3://bucket/x#canary": "credentials come from the machine",
    "gs://bucket/a//b": "single slashes",
    "gs://bucket/a/../b": "prefix is made of",
    "gs://bucket/ä": "prefix is made of",
    "s3://[::1": "it is no URL",
}


@pytest.mark.parametrize("url", GOOD)
def test_a_place_is_read(url):
    assert read(url) == GOOD[url]


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_place_is_told_with_what_to_write_and_without_what_was_written(url):
    with pytest.raises(BadPlace, match=BAD[url]) as told:
        read(url)
    assert "canary" not in str(told.value)


@given(st.text() | st.from_regex(r"(file|gs|s3)://.*", fullmatch=True))
def test_any_text_is_a_place_or_told(url):
    said = problem(url)
    assert said is None or said.startswith("CRM_GMAIL_BLOB_URL: ")


def test_the_settings_name_the_variable(tmp_path):
    with pytest.raises(ConfigError, match="CRM_GMAIL_BLOB_URL: write file"):
        from_env({"CRM_GMAIL_BLOB_URL": "ftp://x"})
    assert from_env({"CRM_GMAIL_BLOB_URL": "s3://bucket/x"}).blob_place == Place("s3", "bucket", "x")
    assert from_env({"CRM_GMAIL_DATA_DIR": str(tmp_path)}).blob_dir == tmp_path / "blobs"
