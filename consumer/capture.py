"""Weigh, fetch, parse, match and store the messages that wait in an account's ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from consumer.asking import put_off
from consumer.history import ruled_out
from consumer.mail.headers import from_headers
from consumer.matching import Matched, Matching
from consumer.parsing import Parsers
from consumer.plan import Wanted, fetching
from consumer.proof import headers, judge, untold
from consumer.reading import Fetched, Prepared, groups, prepare
from consumer.storing import RulesChanged, store
from shared.blobs import BlobStore
from shared.blobs.keeper import Keeper
from shared.config import Settings
from shared.errors import MailroomError, MessageGone, NotStorable, TryLater
from shared.gmail.client import Gmail
from shared.gmail.resources import Message
from shared.log import logger
from shared.store import accounts, blobs, deltas, ledger, proofs
from shared.store.database import Database
from shared.store.deltas import Lease
from shared.store.ledger import Entry, Postponed
from shared.store.runs import Tally

log = logger("consumer")

# A message announced a moment ago may not be in Gmail's index yet: look again after these pauses, and
# never call it gone before this age, whatever else went wrong with it meanwhile.
LAG_PAUSES = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15))
LAG_AGE = timedelta(seconds=30)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
TOGETHER = 25  # raw messages in memory at once; of large ones Gmail's client hands over fewer
RULES_TURNS = 10  # how often a message is matched again because the rules changed before it was stored


@dataclass(frozen=True, slots=True)
class Capture:
    """What capturing needs; one per account and run."""

    db: Database
    blobs: BlobStore
    parsers: Parsers
    settings: Settings
    gmail: Gmail
    lease: Lease
    tally: Tally
    matching: Matching

    @property
    def _keeper(self) -> Keeper:
        return Keeper(self.db, self.blobs)

    def take(self, entries: Sequence[Entry]) -> None:
        """Bring *entries* (waiting rows of this account) one step further: stored, closed or postponed.

        Raises LeaseLost, and what concerns the whole account: TryLater for a refusal of everything,
        Reconnect, NoMailbox, OperatorMustAct.
        """
        excluded = [entry for entry in entries if ruled_out(entry.labels, self.settings.skip_labels)]
        self._close([entry.gmail_id for entry in excluded], "excluded")
        todo = [entry for entry in entries if entry not in excluded]
        certain = [entry for entry in todo if _skips_the_scales(entry)]
        matching = certain + self._weigh([entry for entry in todo if entry not in certain])
        if matching:
            self._fetch(matching)

    def leave_out(self, entries: Sequence[Entry]) -> None:
        """Close *entries* without reading anything of them."""
        self._close([entry.gmail_id for entry in entries], "excluded")

    def prove(self, doubtful: Sequence[ledger.Seen]) -> None:
        """Read the headers of messages that only a search has judged; what matches after all waits.

        So does one that could not be read: it is tried again by itself, and visible in the end; and one of
        their threads that nothing had told us of.  Raises what concerns the account, also when it kept some
        of them from being asked for.
        """
        asked, skip = {one.gmail_id for one in doubtful}, self.settings.skip_labels
        for answers in headers(self.gmail, doubtful, prices=self.settings.prices):
            judgement = judge(self.matching, answers, skip=skip)
            with self.db.transaction() as conn:
                cursor = accounts.by_id(conn, self.lease.account_id).cursor
                missed = ledger.add(
                    conn, self.lease.account_id, untold(answers, asked, cursor=cursor, skip=skip)
                )
                proofs.proved(conn, self.lease.account_id, list(answers), judgement)
                deltas.hold(conn, self.lease, lasts=deltas.LEASE)
            if missed:
                log.warning("proof.missed", account=self.lease.account_id, messages=missed)

    def _weigh(self, entries: Sequence[Entry]) -> list[Entry]:
        """Read headers only, and return those whose participants match an investor."""
        if not entries:
            return []
        answers = self._readable(entries, self.gmail.metadata([entry.gmail_id for entry in entries]))
        people = {gmail_id: from_headers(message.headers) for gmail_id, message in answers.items()}
        found = self.matching.match_all(people).found
        hidden = self._hide(answers)
        self._close(
            [gmail_id for gmail_id, hits in found.items() if not hits and gmail_id not in hidden], "unmatched"
        )
        return [entry for entry in entries if found.get(entry.gmail_id) and entry.gmail_id not in hidden]

    def _fetch(self, entries: Sequence[Entry]) -> None:
        """Read whole messages, parse them and store them: threads at once where that is cheaper."""
        wanted = [
            Wanted(one.gmail_id, one.gmail_thread_id, one.files)
            for one in entries
            if one.named and not one.live
        ]
        chosen = fetching(wanted, prices=self.settings.prices)
        done = self._threads(chosen.threads) if chosen.threads else set()
        left = [entry for entry in entries if entry.gmail_id not in done]
        for start in range(0, len(left), TOGETHER):
            self._raw(left[start : start + TOGETHER])

    def _threads(self, thread_ids: Sequence[str]) -> set[str]:
        """Read threads whole; return the ids of the messages that are settled by it.

        What a thread does not bring whole (attachments, a body Gmail put aside, a name that may be an
        address) is left to be read raw: nothing is let go on half a reading.
        """
        wholes = {
            whole.message.id: whole
            for thread in self.gmail.conversations(thread_ids).values()
            for whole in thread
        }
        with self.db.transaction() as conn:
            seen = [ledger.Seen(id_, whole.message.thread_id) for id_, whole in wholes.items()]
            ledger.name(conn, self.lease.account_id, seen, again=False)
            waiting = ledger.entries(conn, self.lease.account_id, list(wholes))
            deltas.hold(conn, self.lease, lasts=deltas.LEASE)
        messages = {entry.gmail_id: wholes[entry.gmail_id].message for entry in waiting}
        shown = self._shown(waiting, messages)
        fetched = [
            Fetched(one, messages[one.gmail_id], wholes[one.gmail_id].json, is_json=True) for one in shown
        ]
        prepared = self._prepare(fetched)
        partly = [one for one in prepared if one.partial or one.unread]
        self._drop(partly)
        left = [one.gmail_id for one in partly]
        with self.db.transaction() as conn:  # those nobody had asked for wait: their thread is not read again
            ledger.have_files(conn, self.lease.account_id, left)
            deltas.hold(conn, self.lease, lasts=deltas.LEASE)
        self._settle([one for one in prepared if one not in partly])
        return messages.keys() - set(left)

    def _raw(self, entries: Sequence[Entry]) -> None:
        answers = self._readable(entries, self.gmail.raw([entry.gmail_id for entry in entries]))
        shown = self._shown([entry for entry in entries if entry.gmail_id in answers], answers)
        fetched = [
            Fetched(one, answers[one.gmail_id], answers[one.gmail_id].raw_bytes(), is_json=False)
            for one in shown
        ]
        self._settle(self._prepare(fetched))

    def _shown(self, entries: Sequence[Entry], messages: Mapping[str, Message]) -> list[Entry]:
        hidden = self._hide({one.gmail_id: messages[one.gmail_id] for one in entries})
        return [one for one in entries if one.gmail_id not in hidden]

    def _hide(self, messages: Mapping[str, Message]) -> set[str]:
        """Close what labels rule out after all, and return it; by these labels its rescue will be known."""
        skip = self.settings.skip_labels
        hidden = {id_: one.label_ids for id_, one in messages.items() if ruled_out(one.label_ids, skip)}
        self._close(sorted(hidden), "excluded", labels=hidden)
        return set(hidden)

    def _prepare(self, fetched: Sequence[Fetched]) -> list[Prepared]:
        return prepare(fetched, keeper=self._keeper, parsers=self.parsers, settings=self.settings)

    def _settle(self, prepared: Sequence[Prepared]) -> None:
        """Judge by the rules of the moment; raises TryLater when they never stand still."""
        for _ in range(RULES_TURNS):
            prepared = self._judged(prepared)
            if not prepared:
                return
        raise TryLater("the rules changed while messages were being stored", after=FIRST_PAUSE)

    def _judged(self, prepared: Sequence[Prepared]) -> list[Prepared]:
        """Store what matches an investor on its own headers, let the rest go; return those to judge again."""
        self.matching.learn(self.lease.account_id, (one.delivered_to for one in prepared))
        matched = self.matching.match_all({one.gmail_id: one.mail.participants for one in prepared})
        matches = matched.found
        unread = [one for one in prepared if not matches[one.gmail_id] and one.unread]
        self._keep_raws(unread)
        self._close([one.gmail_id for one in unread], "dead", "it could not be read; its raw bytes are kept")
        self._let_go([one for one in prepared if not matches[one.gmail_id] and not one.unread])
        together = groups([one for one in prepared if matches[one.gmail_id]])
        return [again for group in together for again in self._store(group, matched)]

    def _store(self, group: Sequence[Prepared], matched: Matched) -> Sequence[Prepared]:
        """Store them in one transaction, refused: each on its own; return those whose rules have changed."""
        rows = [one.email(matched.found[one.gmail_id], matched.own) for one in group]
        try:
            store(self.db, self.lease, rows, own=matched.own, generation=matched.generation)
            self.tally.stored += len(group)
        except RulesChanged:
            return group
        except NotStorable as refused:
            if len(group) > 1:
                return [again for one in group for again in self._store([one], matched)]
            self._keep_raws(group)
            self._failed([group[0].entry], refused)
        return ()

    def _keep_raws(self, prepared: Sequence[Prepared]) -> None:
        """Keep what a person may have to look at, for as long as it waits or is dead."""
        if prepared:
            raws = [(one.gmail_id, one.raw_sha256) for one in prepared]
            with self.db.transaction() as conn:
                claims = {one.raw_sha256: one.raw_claim for one in prepared}
                blobs.keep_unread(conn, self.lease.account_id, raws, claims)

    def _let_go(self, unmatched: Sequence[Prepared]) -> None:
        """On its own headers the message is not an investor's after all: nothing of it stays."""
        self._drop(unmatched)
        self._close([one.gmail_id for one in unmatched], "unmatched", judged_by="mail")

    def _drop(self, prepared: Sequence[Prepared]) -> None:
        self._keeper.let_go({one.raw_sha256: one.raw_claim for one in prepared})

    def _readable(
        self, entries: Sequence[Entry], answers: Mapping[str, Message | MailroomError]
    ) -> dict[str, Message]:
        """Return the messages Gmail gave; note what became of the others."""
        for entry in entries:
            answer = answers[entry.gmail_id]
            if isinstance(answer, MailroomError):
                self._failed([entry], answer)
        return {
            gmail_id: answer for gmail_id, answer in answers.items() if not isinstance(answer, MailroomError)
        }

    def _failed(self, entries: Sequence[Entry], error: MailroomError) -> None:
        for entry in entries:
            if isinstance(error, MessageGone):
                self._missing(entry, error)
            elif put_off(error):
                # Not the message's fault, so not counted; yet never sooner than its own schedule says.
                pause = max(error.after, _pause(entry.attempts)) if entry.attempts else error.after
                self._postpone(entry, Postponed(pause, str(error), counts=False))
            elif entry.attempts + 1 >= self.settings.retry_max:
                log.error("message.dead", account=self.lease.account_id, message=entry.gmail_id)
                self._close([entry.gmail_id], "dead", str(error))
            else:
                self._postpone(entry, Postponed(_pause(entry.attempts), str(error), counts=True))

    def _missing(self, entry: Entry, error: MessageGone) -> None:
        """Gone for good, or announced before Gmail's own index knew of it."""
        young = datetime.now(UTC) - entry.seen_at < LAG_AGE
        if entry.live and (entry.attempts < len(LAG_PAUSES) or young):
            pause = LAG_PAUSES[min(entry.attempts, len(LAG_PAUSES) - 1)]
            self._postpone(entry, Postponed(pause, str(error), counts=True))
        else:
            self._close([entry.gmail_id], "gone")

    def _postpone(self, entry: Entry, why: Postponed) -> None:
        self.tally.failed += why.counts
        with self.db.transaction() as conn:
            ledger.postpone(conn, self.lease.account_id, [entry.gmail_id], why)
            deltas.hold(conn, self.lease, lasts=deltas.LEASE)

    def _close(
        self,
        gmail_ids: Sequence[str],
        state: str,
        error: str = "",
        *,
        judged_by: Literal["headers", "mail"] = "headers",
        labels: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        if not gmail_ids:
            return
        with self.db.transaction() as conn:
            if labels:
                ledger.relabel(conn, self.lease.account_id, labels)
            ledger.settle(conn, self.lease.account_id, gmail_ids, state, error, judged_by=judged_by)
            deltas.hold(conn, self.lease, lasts=deltas.LEASE)
        self.tally.count(state, len(gmail_ids))


def _skips_the_scales(entry: Entry) -> bool:
    """Fetch a message of an investor's thread at once: 20 units and a round trip saved.

    Only when history told its labels: a listing does not, and a draft's body must never be read.
    Gmail's search was told to leave drafts out.
    """
    return entry.named or (entry.known_thread and entry.live and bool(entry.labels))


def _pause(attempts: int) -> timedelta:
    """Return the pause before the next try: 5 s, 10 s, 20 s ... at most an hour."""
    return min(FIRST_PAUSE * int(2 ** min(attempts, 20)), LONGEST_PAUSE)
