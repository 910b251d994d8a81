"""Work out every conversation anew from what is stored, and put right what differs."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from consumer.match import Own, canonical
from consumer.thread import Known, moves
from shared.store import accounts, emails, matching, threads
from shared.store.database import Connection, Database
from shared.store.threads import Stored


def rethread(db: Database, own_domains: frozenset[str], *, dry_run: bool, seen: Callable[[int], None]) -> int:
    """Return how many messages are in another conversation than the rule says; move them unless *dry_run*.

    Consumers wait with storing meanwhile.  Holds what decides a conversation in memory, some kilobytes a
    message.  *seen* is told how many messages were read so far.  Raises TryLater when the database is away.
    """
    with db.transaction() as conn:
        matching.exclude(conn)
        own = Own(accounts.own_addresses(conn), own_domains)
        mails = list(_counted((_known(one, own) for one in threads.known(conn)), seen))
        wrong = moves(mails)
        if not dry_run:
            _move(conn, wrong)
            emails.announce(conn, [(email_id, "moved", True) for email_id in wrong])
            threads.settle(conn)
    return len(wrong)


def regroup(conn: Connection, own: Own, email_ids: Sequence[int]) -> tuple[list[int], set[int]]:
    """Put these messages into the conversations they belong to now that others own or match them.

    Whom they joined or left comes and goes with them.  Nobody else may be storing.  Returns (messages that
    were moved, threads they left or joined): to be told in the feed, and then to be settled.
    """
    mails = [_known(one, own) for one in threads.around(conn, email_ids)]
    wrong = moves(mails)
    left = {mail.thread_id for mail in mails if mail.email_id in wrong}
    return sorted(wrong), left | set(_move(conn, wrong).values())


def _move(conn: Connection, wrong: Mapping[int, int]) -> dict[int, int]:
    targets = _with_new_threads(conn, wrong)
    if targets:
        threads.move(conn, targets)
    return targets


def _known(one: Stored, own: Own) -> Known:
    return Known(
        email_id=one.id,
        thread_id=one.thread_id,
        message_id=one.message_id,
        references=tuple(one.reference_ids),
        author=canonical(one.author_address) if one.author_address else None,
        people=frozenset(map(canonical, one.people)),
        outside=own.outsiders(one.people),
        investors=frozenset(one.investors),
        gmail=frozenset(zip(one.accounts, one.gmail_threads, strict=True)),
    )


def _with_new_threads(conn: Connection, wrong: Mapping[int, int]) -> dict[int, int]:
    made: dict[int, int] = {}
    for target in wrong.values():
        if target < 0 and target not in made:
            made[target] = threads.new(conn)
    return {email_id: made.get(target, target) for email_id, target in wrong.items()}


def _counted(mails: Iterator[Known], seen: Callable[[int], None]) -> Iterator[Known]:
    for number, mail in enumerate(mails, 1):
        yield mail
        if number % 500 == 0:
            seen(number)
