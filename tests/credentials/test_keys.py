"""Keys of the settings: judged at start, all problems at once, never repeated."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config import from_env
from shared.credentials import keys
from shared.credentials.sealing import Keyring
from shared.errors import ConfigError

GOOD = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(32, 64))).decode()


def problems(first="", old=""):
    with pytest.raises(ConfigError) as refused:
        from_env({"CRM_GMAIL_SECRET_KEY": first, "CRM_GMAIL_SECRET_KEYS_OLD": old})
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hunter2!", "not base64"),
        ("ключ", "not base64"),
        (GOOD[:-4], "30 bytes"),
        (base64.b64encode(bytes(range(33))).decode(), "33 bytes"),
        (base64.b64encode(bytes(range(16))).decode(), "16 bytes"),
        (base64.b64encode(bytes(32)).decode(), "over and over"),
        (base64.b64encode(b"k" * 32).decode(), "over and over"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_repeated(text, words):
    [told] = problems(text)

    assert told.startswith("CRM_GMAIL_SECRET_KEY ")
    assert words in told
    assert text not in told
    assert words in problems(GOOD, f"{OTHER},{text}")[0]


def test_every_problem_of_the_keys_is_told_at_once():
    told = problems("short", f"{GOOD}, {GOOD}, also-short")

    assert len(told) == 3
    assert "(number 2) is the same key as CRM_GMAIL_SECRET_KEYS_OLD (number 1)" in "\n".join(told)


def test_the_first_key_among_the_old_ones_is_refused():
    assert "the same key" in problems(GOOD, f"{OTHER},{GOOD}")[0]


def test_old_keys_alone_can_seal_nothing():
    assert "is not set" in problems("", GOOD)[0]


def test_nothing_is_sealed_without_a_key():
    with pytest.raises(ConfigError, match="CRM_GMAIL_SECRET_KEY is not set"):
        Keyring.from_settings(from_env({}))


def test_keys_do_not_show_in_the_settings_text():
    shown = repr(from_env({"CRM_GMAIL_SECRET_KEY": GOOD, "CRM_GMAIL_SECRET_KEYS_OLD": OTHER}))

    assert GOOD not in shown
    assert OTHER not in shown


def test_a_key_may_come_from_a_file(tmp_path):
    file = tmp_path / "key"
    file.write_text(GOOD + "\n")
    file.chmod(0o600)

    assert from_env({"CRM_GMAIL_SECRET_KEY_FILE": str(file)}).secret_key == GOOD


@given(st.text(max_size=60))
def test_any_text_is_a_key_or_a_sentence(text):
    for told in keys.problems(text, []):
        assert told.startswith("CRM_GMAIL_SECRET_KEY")
        assert len(text) < 8 or text not in told


@given(st.binary(min_size=32, max_size=32))
def test_different_keys_have_different_ids(secret):
    text = base64.b64encode(secret).decode()
    if len(set(secret)) > 1:
        assert keys.Key.of(text).id != keys.Key.of(GOOD).id
        assert keys.Key.of(text).secret == secret
