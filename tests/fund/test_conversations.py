"""Every conversation of the sample fund is one of ours: whatever people type as their address."""

import pytest

from consumer.mail.parse import parse
from consumer.match import Own, canonical
from consumer.reading import references
from consumer.thread import Known, conversations
from infra.local.fund import fund
from tests.fund.conftest import NOW

OWN = Own(frozenset(), frozenset({"alderfund.example"}))
ACCOUNT = 1


def captured(seed):
    """Return what is an investor's, each message once, as it would be stored; Gmail's thread is its root."""
    raws = {copy.message_key: copy.raw for copy in fund(seed, NOW).mail if copy.captured}
    return [known(number, parse(raw, received_at=NOW)) for number, raw in enumerate(raws.values())]


def known(number, mail):
    people = [person.address for person in mail.participants]
    cites = references(mail)
    root = cites[0] if cites else mail.message_id
    return Known(
        number, number, mail.message_id, cites, canonical(mail.author.address), frozenset(map(canonical, people)),
        OWN.outsiders(people), frozenset(), frozenset({(ACCOUNT, root)}),
    )  # fmt: skip


@pytest.mark.parametrize("seed", [7, 8])
def test_what_gmail_shows_in_one_thread_is_one_conversation(seed):
    mails = captured(seed)
    found = conversations(mails)
    roots = {(one.gmail, number) for number, group in enumerate(found) for one in group}

    assert len(roots) == len(found) == len({one.gmail for one in mails}) > 100
