"""Errors named after what the caller does next.

Every message is one or two sentences for a person: what happened, to what, and what to do.
Messages carry ids and settings' names, never tokens, subjects, bodies or contact addresses.
"""

from datetime import timedelta


class MailroomError(Exception):
    """Base of every error this project raises on purpose."""


class ConfigError(Exception):
    """The settings cannot work: stop before anything starts.

    Deliberately outside MailroomError, so that no retry loop swallows it.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Refused(MailroomError):
    """The request itself is wrong: say why to whoever asked; trying again cannot help."""


class TryLater(MailroomError):
    """The other side is busy or down: do the same again, but not before *after* has passed.

    *shared* says that everything using this credential should pause, not this account alone.
    """

    def __init__(self, what: str, *, after: timedelta, shared: bool = False) -> None:
        super().__init__(f"{what}; trying again in {after.total_seconds():.0f} s")
        self.after = after
        self.shared = shared


class SlowDown(TryLater):
    """There are no quota units for this now (*shared*: for nobody): send nothing before *after*.

    *named* says that Gmail itself named that time; asking again before it moves it further out.
    """

    def __init__(self, what: str, *, after: timedelta, shared: bool = False, named: bool = False) -> None:
        super().__init__(what, after=after, shared=shared)
        self.named = named


class NoUnits(TryLater):
    """Our own budget has no quota units for this now: nothing was sent, and Gmail has refused nothing.

    *bulk* says that only old mail has to wait: live mail of the same account may well have units.
    """

    def __init__(self, what: str, *, after: timedelta, bulk: bool) -> None:
        super().__init__(what, after=after)
        self.bulk = bulk


class Unanswered(TryLater):
    """Google gave no answer, or none that makes sense: a timeout, a 5xx, JSON cut in two.

    Raised, it says that nothing answers for the account.  In the place of one message it says that this
    message could not be had while the same mailbox answered something else: an attempt that counts.
    """


class NotAsked(TryLater):
    """This message was not asked for: what stopped us before it is no fault of its own."""


class MessageRefused(MailroomError):
    """Google refuses this one message although it answers for the account: count it, give up after a few."""


class HistoryGone(MailroomError):
    """Gmail no longer keeps changes this old: take the long way round (anchor, list, catch up)."""


class MessageGone(MailroomError):
    """Gmail has no message with this id: look again shortly when it was just announced, else it is gone."""


class Reconnect(MailroomError):
    """The account's grant is dead: stop asking for tokens until an admin reconnects it."""


class NoMailbox(MailroomError):
    """The address has no Gmail mailbox (suspended, deleted, no licence): disable it, re-check daily."""


class OperatorMustAct(MailroomError):
    """Google refuses until somebody changes a grant or a switch; the message names which one."""


class CredentialRefused(OperatorMustAct):
    """What all accounts share is refused (key, client, clock): for a minute nobody asks with it again."""


class Unsealable(MailroomError):
    """A sealed secret cannot be opened, for whatever reason: treat the account as its subclass says."""


class SealKeyMissing(Unsealable, OperatorMustAct):
    """The key it was sealed with is not among the settings: an operator adds it, nothing else is lost."""


class SealDamaged(Unsealable, Reconnect):
    """What was sealed was changed, or belongs to another account: only a new grant helps."""


class CallerBug(MailroomError):
    """Google says the request was malformed: our fault, never retried by itself."""


class NotStorable(MailroomError):
    """The database refuses these values: store the others without them, and let this one be seen."""


class LeaseLost(MailroomError):
    """Another worker took this account over: drop the work, it will be done again."""


class NotAuthentic(MailroomError):
    """The request does not prove who sent it: answer 401 and store nothing."""


class KeysUnavailable(MailroomError):
    """The keys that would prove the sender cannot be had right now: answer 503, it will be sent again."""


class Unusable(MailroomError):
    """An authentic notification that says nothing we can use: record it, answer 204, a repeat cannot help."""
