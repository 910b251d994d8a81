"""Which attachments are listed, and by what name."""

import pytest

EXE = b"Content-Type: application/x-msdownload; name=a.exe\r\nContent-ID: <x@y>\r\nContent-Disposition: "
PNG = b"Content-Type: image/png\r\nContent-ID: <x@y>\r\n\r\n\x89PNG"


def html(cites):
    return b"Content-Type: text/html\r\n\r\n<img src='" + cites + b"'>"


def test_a_program_is_not_hidden_by_citing_it(read, mixed):
    (file,) = read(mixed(html(b"cid:x@y"), EXE + b"attachment\r\n\r\nMZ", subtype=b"related")).attachments

    assert not file.inline


@pytest.mark.parametrize(
    ("cites", "inline"),
    [
        (b"cid:x@y", True),
        (b"CID:x%40y", True),
        (b"cid:x&#64;y", True),
        (b"cid:x@y2", False),
        (b"cid:x", False),
    ],
)
def test_a_picture_is_cited_by_its_whole_name(cites, inline, read, mixed):
    (file,) = read(mixed(html(cites), PNG, subtype=b"related")).attachments

    assert file.inline is inline


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\u202efdp.exe", "afdp.exe"), ("\u2067a\u2069.pdf", "a.pdf"), ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("é" * 200 + ".pdf", "é" * 125 + ".pdf"), ("x" * 300, "x" * 255), ("a." + "x" * 300, ("a." + "x" * 300)[:255]),
    ],
)  # fmt: skip
def test_a_name_shows_what_the_file_is(written, shown, read):
    mail = read(f'Content-Disposition: attachment; filename="{written}"\r\n\r\nx'.encode())

    assert mail.attachments[0].filename == shown


def test_bytes_stay_as_written_though_a_lone_cr_looks_like_a_line_end(read, mixed):
    binary = b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\na\rb\r--bb\rc"

    assert [file.content for file in read(mixed(binary)).attachments] == [b"a\rb\r--bb\rc"]


@pytest.mark.parametrize("depth", [60, 200, 3_000])
def test_what_lies_too_deep_is_one_part_byte_for_byte(depth, read):
    level = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    levels = [level % (number, number) for number in range(depth)]
    raw = b"".join(levels) + b"\r\nFrom here, as written \xe9\r\n"

    (file,) = read(raw).attachments

    assert file.content.rstrip() == raw[raw.index(b"--b50\r\n") :].rstrip()
