"""Sealed tokens: opened by the right key for the right account, and by nothing else."""

import base64
import re
import traceback

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.credentials import keys
from shared.credentials.sealing import Keyring
from shared.errors import NotStorable, OperatorMustAct, Reconnect, SealDamaged, SealKeyMissing, Unsealable
from shared.store import oauth_tokens
from tests.credentials.conftest import sealer

TOKEN = "1//canary-refresh-token"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=:-_ "
ONE, TWO = keys.new(), keys.new()
ONLY_ONE = sealer(ONE)
SEALED = ONLY_ONE.seal(TOKEN, account_id=7)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 2**63 - 1))
def test_what_was_sealed_opens_again(secret, account_id):
    sealed = ONLY_ONE.seal(secret, account_id=account_id)

    assert ONLY_ONE.unseal(sealed, account_id=account_id) == secret


def test_the_same_token_is_never_sealed_alike():
    assert len({ONLY_ONE.seal(TOKEN, account_id=7) for _ in range(100)}) == 100


def test_another_accounts_row_cannot_be_opened():
    with pytest.raises(SealDamaged):
        ONLY_ONE.unseal(SEALED, account_id=8)


@given(st.integers(0, len(SEALED) - 1), st.sampled_from(ALPHABET))
def test_no_character_can_be_changed(at, character):
    assume(SEALED[at] != character)

    with pytest.raises(Unsealable):
        ONLY_ONE.unseal(SEALED[:at] + character + SEALED[at + 1 :], account_id=7)


def test_no_bit_can_be_changed():
    head, text = SEALED.rsplit(":", 1)
    content = base64.b64decode(text)
    for bit in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealDamaged):
            ONLY_ONE.unseal(f"{head}:{base64.b64encode(flipped).decode()}", account_id=7)


@given(st.text(max_size=80))
def test_anything_else_is_one_error(text):
    with pytest.raises(Unsealable):
        ONLY_ONE.unseal(text, account_id=7)


def test_the_spare_bits_of_base64_cannot_be_changed_either():
    for secret in ("x", "xyz"):  # one leaves two bits, the other four
        sealed = ONLY_ONE.seal(secret, account_id=7)
        data = sealed.rstrip("=")
        assert data != sealed
        for character in ALPHABET.replace(data[-1], ""):
            with pytest.raises(Unsealable):
                ONLY_ONE.unseal(data[:-1] + character + sealed[len(data) :], account_id=7)


def test_no_part_of_it_is_enough():
    head, text = SEALED.rsplit(":", 1)
    content = base64.b64decode(text)
    for size in range(len(content)):
        with pytest.raises(SealDamaged):
            ONLY_ONE.unseal(f"{head}:{base64.b64encode(content[:size]).decode()}", account_id=7)


def test_a_key_id_exchanged_for_another_known_one_does_not_open():
    both = sealer(TWO, ONE)
    exchanged = SEALED.replace(keys.Key.of(ONE).id, keys.Key.of(TWO).id)

    with pytest.raises(SealDamaged):
        both.unseal(exchanged, account_id=7)


def test_the_first_key_seals_and_all_of_them_open():
    both = sealer(TWO, ONE)

    assert both.unseal(SEALED, account_id=7) == TOKEN
    assert not both.current(SEALED)
    assert both.current(both.seal(TOKEN, account_id=7))


def test_a_missing_key_is_an_operators_matter_and_named_by_its_id():
    with pytest.raises(SealKeyMissing, match="CRM_GMAIL_SECRET_KEYS_OLD") as missing:
        sealer(TWO).unseal(SEALED, account_id=7)

    assert keys.Key.of(ONE).id in str(missing.value)
    assert isinstance(missing.value, OperatorMustAct)


def test_a_damaged_grant_has_to_be_connected_again():
    with pytest.raises(Reconnect, match="connect the account again"):
        ONLY_ONE.unseal(SEALED[:-8], account_id=7)


def test_no_failure_shows_a_key_or_a_token():
    ring = Keyring([keys.Key.of(ONE)])
    with pytest.raises(Unsealable) as failed:
        ONLY_ONE.unseal(SEALED, account_id=8)

    shown = "".join(traceback.format_exception(failed.value)) + repr(ring) + repr(vars(ONLY_ONE))
    for secret in (ONE, TOKEN, repr(base64.b64decode(ONE)), SEALED.rpartition(":")[2]):
        assert secret not in shown


def test_the_table_takes_sealed_grants_and_gives_them_back(db, enrolled):
    ada, ben = enrolled("ada@fund.example", "ben@fund.example")
    with db.transaction() as conn:
        oauth_tokens.put(conn, ada, SEALED, "scope")
        oauth_tokens.put(conn, ada, ONLY_ONE.seal("second", account_id=ada), "scope")
        grant = oauth_tokens.get(conn, ada)

        assert ONLY_ONE.unseal(grant.sealed, account_id=ada) == "second"
        assert oauth_tokens.get(conn, ben) is None
        assert (oauth_tokens.remove(conn, ada), oauth_tokens.remove(conn, ada)) == (True, False)


@pytest.mark.parametrize(
    "clear",
    [
        TOKEN,
        "",
        base64.b64encode(TOKEN.encode()).decode(),
        f"aesgcm:v1:{TOKEN}",
        f"aesgcm:v1:key:{TOKEN}",
        SEALED.replace("v1", "v2"),
        SEALED + "\n" + TOKEN,
        re.sub("^aesgcm:", "", SEALED),
    ],
    ids=range(8),
)
def test_the_table_refuses_what_is_not_sealed(db, enrolled, clear):
    [ada] = enrolled("ada@fund.example")

    with pytest.raises(NotStorable) as refused, db.transaction() as conn:
        oauth_tokens.put(conn, ada, clear, "scope")

    assert TOKEN not in "".join(traceback.format_exception(refused.value))
