"""Fetch files that were left out when their message was stored, once they may be held.

A file is left out when it is larger than CRM_GMAIL_MAX_ATTACHMENT_MB; when that is raised, this catches
up.  The message's own bytes are read where they are still kept, which costs nothing; else the whole
message is read once more (20 units), not the file alone: that takes two calls of 20 units, because an
attachment's id is valid only as long as the answer it came in.
"""

from datetime import timedelta

from consumer.mail.message import Attachment
from consumer.run import Deps
from shared.blobs.keeper import Keeper
from shared.errors import MailroomError, MessageGone, TryLater
from shared.log import logger
from shared.store import attachments, blobs
from shared.store.attachments import MEBIBYTE, Missing

log = logger("consumer")

# One file is ours for this long; longer than any fetch, so that nobody fetches it twice.
LASTS = timedelta(minutes=10)


def fetch_next(deps: Deps) -> bool:
    """Fetch one file that is due; say whether there was one.  Raises TryLater when the database is away."""
    most = deps.settings.max_attachment_mb * MEBIBYTE
    with deps.db.transaction() as conn:
        one = attachments.next_to_fetch(conn, most=most, lasts=LASTS)
    if one is None:
        return False
    try:
        file = _kept(deps, one) or _fetched(deps, one)
        if file is None:
            _give_up(deps, one, "Gmail no longer has this file in the message")
        else:
            _hold(deps, one, file)
    except MessageGone:
        _give_up(deps, one, "the message was deleted in Gmail before the file was fetched")
    except MailroomError as trouble:
        _later(deps, one, trouble)
    return True


def _kept(deps: Deps, one: Missing) -> Attachment | None:
    try:
        raw = deps.blobs.raw(one.raw_sha256) if one.raw_sha256 else None
    except FileNotFoundError:
        return None
    return _found(deps, one, raw) if raw else None


def _fetched(deps: Deps, one: Missing) -> Attachment | None:
    gmail = deps.gmail.account(one.address, gives_way=deps.stopping)
    return _found(deps, one, gmail.message(one.gmail_id, "raw").raw_bytes())


def _found(deps: Deps, one: Missing, raw: bytes) -> Attachment | None:
    [mail] = deps.parsers.parse([(raw, one.sent_at)])
    same = (file for file in mail.attachments if file.part_id == one.part_id)
    return next((file for file in same if len(file.content) == one.size), None)


def _hold(deps: Deps, one: Missing, file: Attachment) -> None:
    claims = Keeper(deps.db, deps.blobs).files({file.sha256: file.content})
    with deps.db.transaction() as conn:
        blobs.hold(conn, claims)
        attachments.held(conn, one.id, file.sha256)
    log.info("file.fetched", attachment=one.id)


def _give_up(deps: Deps, one: Missing, why: str) -> None:
    with deps.db.transaction() as conn:
        attachments.failed(conn, one.id, why)
    log.warning("file.given_up", attachment=one.id)


def _later(deps: Deps, one: Missing, trouble: MailroomError) -> None:
    if one.attempts >= deps.settings.retry_max and not isinstance(trouble, TryLater):
        _give_up(deps, one, f"it could not be fetched in {one.attempts} tries, and is not tried again")
        return
    after = max(timedelta(minutes=2**one.attempts), getattr(trouble, "after", timedelta()))
    with deps.db.transaction() as conn:
        attachments.postponed(conn, one.id, min(after, timedelta(days=1)))
    log.info("file.postponed", attachment=one.id, kind=type(trouble).__name__)
