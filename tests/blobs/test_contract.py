"""What every place for blobs must do: our files, and obstore over memory, files, S3 and Cloud Storage."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

KEY = "raw/ab/abcd"


def test_what_was_put_is_had_as_it_was(objects):
    for content in (b"", b"\0" * 70_000, bytes(range(256)) * 30_000):
        objects.put(KEY, content)
        assert objects.get(KEY) == content


def test_a_key_is_held_from_put_to_remove(objects):
    assert not objects.has(KEY)
    objects.put(KEY, b"x")
    assert objects.has(KEY)
    objects.remove(KEY)
    assert not objects.has(KEY)


def test_what_is_not_held_is_a_missing_file(objects):
    with pytest.raises(FileNotFoundError):
        objects.get(KEY)


def test_removing_twice_is_fine(objects):
    objects.put(KEY, b"x")
    objects.remove(KEY)
    objects.remove(KEY)


def test_putting_twice_is_fine(objects):
    objects.put(KEY, b"x")
    objects.put(KEY, b"x")
    assert objects.get(KEY) == b"x"


def test_keys_are_listed_by_folder(objects):
    for key in (KEY, "raw/cd/cdef", "files/ab/abcd"):
        objects.put(key, b"x")

    assert sorted(objects.keys("raw")) == [KEY, "raw/cd/cdef"]
    assert list(objects.keys("nothing")) == []


def test_a_reader_sees_the_whole_content_or_none_while_many_write(objects):
    content, stop, seen = b"0123456789" * 20_000, threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.add(len(objects.get(KEY)))
            except FileNotFoundError:
                seen.add(-1)

    with ThreadPoolExecutor(5) as pool:
        reading = pool.submit(read)
        for writing in [pool.submit(objects.put, KEY, content) for _ in range(12)]:
            writing.result()
        stop.set()
        reading.result()

    assert seen <= {len(content), -1}
    assert objects.get(KEY) == content
