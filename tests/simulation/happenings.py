"""What may happen in Gmail: to mail, to mailboxes, and to those who ask for it."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.simulation.book import PEOPLE, SKIP
from tests.simulation.deeds import Deeds
from tests.simulation.sea import ACCOUNTS, encoded

FAULTS = (
    "quotaOfMinute", "retryAfter", "concurrent", "backendError", "unavailable", "badGateway", "cutBefore",
    "cutAfter", "truncated", "malformed", "html", "authError", "empty",
)  # fmt: skip
ENDS = {
    "invalid_grant": "Token has been expired or revoked.",
    "admin_policy_enforced": "",
    "unauthorized_client": "",
}
METHODS = ("", "history.list", "messages.list", "messages.get", "threads.get", "batch", "token", "getProfile")

accounts_ = st.sampled_from(ACCOUNTS)
people = st.sampled_from(PEOPLE)
newest_first = st.integers(0, 2) | st.integers(0, 30)


class Happenings(Deeds):
    """Steps of Gmail's; told or not told by a notification."""

    @rule(account=accounts_, person=people, to_us=st.booleans(), told=st.booleans(), same_thread=st.booleans(),
          also=st.just("") | people, labels=st.sampled_from([("INBOX", "UNREAD"), ("SENT",), ("SPAM",), ("INBOX",), ("DRAFT",)]))  # fmt: skip
    def arrives(
        self,
        account: str,
        person: str,
        *,
        to_us: bool,
        labels: tuple[str, ...],
        told: bool,
        same_thread: bool,
        also: str = "",
    ) -> None:
        """*also*: somebody in Cc."""
        logical = len(self.book.people)
        self.book.people[logical] = ((person, account) if to_us else (account, person)) + (also,)
        threads = [copy.thread for copy in self.book.copies if copy.account == account]
        more = {"threadId": threads[-1]} if same_thread and threads else {}
        self._put(account, logical, labels, told=told, **more)

    @rule(account=accounts_, also=st.just("") | people)
    def an_answer_comes_from_home(self, account: str, also: str) -> None:
        for sender, same in (("ivy@lp.example", False), ("ivy@home.example", True)):
            self.arrives(
                account, sender, to_us=True, labels=("INBOX",), told=True, same_thread=same, also=also
            )

    @rule(account=accounts_, told=st.booleans())
    def a_copy_arrives_elsewhere(self, account: str, told: bool) -> None:
        if self.book.people:
            self._put(account, max(self.book.people), ("INBOX",), told=told)

    @rule(account=accounts_, person=people)
    def old_mail_is_imported(self, account: str, person: str) -> None:
        logical = len(self.book.people)
        self.book.people[logical] = (person, account, "")
        self._put(account, logical, ("INBOX",), told=True, internalDateMs=1_500_000_000_000)

    @rule(account=accounts_, person=people, saves=st.integers(1, 3), sent=st.booleans(), told=st.booleans())
    def a_draft_is_written(self, account: str, person: str, saves: int, sent: bool, told: bool) -> None:
        """Each save puts a new message in the place of the last, and so does sending."""
        logical = len(self.book.people)
        self.book.people[logical] = (account, person, "")
        box, body = f"mailboxes/{account}", {"raw": encoded(self._raw(logical)), "notify": False}
        first = self.sea.google.control(f"{box}/drafts", body)
        draft, drafts = first["draftId"], [first]
        drafts += [self.sea.google.control(f"{box}/drafts/{draft}", body, "PUT") for _ in range(saves - 1)]
        for shown in drafts:
            self._note(account, logical, shown)
        if sent:
            body = {"notify": False}
            self._note(account, logical, self.sea.google.control(f"{box}/drafts/{draft}/send", body))
            self.book.visible.add(logical)
        self._tell(account, told)

    @rule(
        which=newest_first,
        verb=st.sampled_from(["trash", "untrash", "spam", "ham", "read"]),
        told=st.booleans(),
    )
    def is_moved(self, which: int, verb: str, told: bool) -> None:
        copy = self._some(which)
        if copy is None:
            return
        where = f"mailboxes/{copy.account}/messages/{copy.gmail_id}"
        moves = {"spam": (["SPAM"], ["INBOX"]), "ham": (["INBOX"], ["SPAM"]), "read": ([], ["UNREAD"])}
        if verb in moves:
            add, remove = moves[verb]
            self.sea.google.control(f"{where}/labels", {"add": add, "remove": remove, "notify": False})
        else:
            self.sea.google.control(f"{where}/{verb}", {"notify": False})
        if not SKIP & set(self.sea.google.messages(copy.account)[copy.gmail_id].get("labelIds", ())):
            self.book.visible.add(copy.logical)
        self._tell(copy.account, told)

    @rule(account=accounts_, person=people, seen=st.booleans(), told=st.booleans())
    def is_rescued_from_spam(self, account: str, person: str, seen: bool, told: bool) -> None:
        self.arrives(account, person, to_us=True, labels=("SPAM",), told=True, same_thread=False)
        if seen:
            self._work(None)
        self.is_moved(0, "ham", told)

    @rule(which=newest_first, told=st.booleans())
    def is_deleted(self, which: int, told: bool) -> None:
        copy = self._some(which)
        if copy is not None:
            self.sea.google.control(f"mailboxes/{copy.account}/messages/{copy.gmail_id}", method="DELETE")
            self._tell(copy.account, told)

    @rule(account=accounts_, person=people)
    def history_expires(self, account: str, person: str) -> None:
        """With a message in it that nobody was told of."""
        self._comes(account, person, told=False)
        self.sea.google.control(f"mailboxes/{account}/history-floor", {"to": "current"})

    @rule(history=st.sampled_from([0.0, 3.0, 20.0]), messages=st.sampled_from([0.0, 3.0, 20.0]))
    def the_index_lags(self, history: float, messages: float) -> None:
        """What history tells of may not be there to be read yet."""
        self.disturbed = True
        self.sea.google.control("settings", {"history_lag_sec": history, "message_lag_sec": messages})

    @rule(
        effect=st.sampled_from(FAULTS),
        method=st.sampled_from(METHODS),
        first=st.integers(1, 4),
        skip=st.integers(0, 5),
    )
    def google_fails(self, effect: str, method: str, first: int, skip: int) -> None:
        self.disturbed = True
        for turn in range(first):
            self.sea.google.control(
                "faults", {"effect": effect, "method": method, "nth": skip + turn + 1, "seconds": 30}
            )

    @rule(account=accounts_, how=st.sampled_from(sorted(ENDS)))
    def access_ends(self, account: str, how: str) -> None:
        """A grant is revoked, a user is gone, a policy forbids: until somebody mends it."""
        self.disturbed = True
        refusal = {"status": 400, "error": how, "errorDescription": ENDS[how], "email": account}
        self.sea.google.control("token-errors", refusal)
        self.sea.google.control("tokens/expire", {"email": account})

    @rule(account=accounts_)
    def a_notification_comes_twice_late_or_early(self, account: str) -> None:
        self._notify(account, 1)
        self._notify(account, 10**9)

    def _comes(self, account: str, person: str, *, told: bool = True, also: str = "") -> None:
        """Let there be something to lose: a plain new message."""
        self.arrives(account, person, to_us=True, labels=("INBOX",), told=told, same_thread=False, also=also)
