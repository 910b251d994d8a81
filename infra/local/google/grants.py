"""Who gave what to whom: OAuth clients, codes, refresh tokens, delegations, people's standing, policies.

Plain values; the rules over them are in oauth, assertions and iam.  Hold the state's lock to touch it.
All times are seconds since 1970 on the stand-in's clock.
"""

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.local.google.wire import Json

MOST_ASKED = 10_000  # token requests remembered
RUNTIME = "runtime@local-project.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class Client:
    """A registered OAuth client."""

    id: str
    secret: str
    project: str
    redirect_uris: tuple[str, ...]
    internal_domain: str = ""  # for its own organisation only; "" is external
    testing: bool = False  # publishing status: refresh tokens live for seven days
    test_users: tuple[str, ...] = ()  # while testing; none named: everybody
    status: str = "active"  # active, disabled, deleted


@dataclass(frozen=True, slots=True)
class Code:
    """What a person allowed, waiting to be exchanged."""

    client: str
    email: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str  # S256; "" when the client used no PKCE
    offline: bool  # a refresh token is due
    nonce: str
    expires_at: float


@dataclass(slots=True)
class Refresh:
    """A refresh token's grant."""

    client: str
    email: str
    scopes: tuple[str, ...]
    used_at: float
    ends_at: float | None  # while testing
    ended: bool = False  # revoked; remembered so that who still asks can be told


@dataclass(slots=True)
class Standing:
    """What a user's administrator and the user did to the account."""

    status: str = "active"  # active, suspended, deleted
    shows_at: str = "token"  # where a suspension shows: token, noMail, policy
    description: str = "Account has been suspended."  # at the token endpoint; Google's words are unknown
    reauth: bool = False  # a session policy asks for the password again


@dataclass(slots=True)
class Forced:
    """A refusal the control side ordered; empty fields match everything."""

    status: int
    error: str
    description: str
    subtype: str = ""
    email: str = ""
    client: str = ""
    grant: str = ""
    left: int = -1  # times to come; below 0: always


@dataclass(slots=True)
class Grants:
    """Everything about access but the live access tokens."""

    clients: dict[str, Client] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    refresh: dict[str, Refresh] = field(default_factory=dict)  # oldest first
    consents: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)  # (email, client)
    people: dict[str, Standing] = field(default_factory=dict)
    # None: no administrator has said anything yet, every service account speaks for everybody.
    delegations: dict[tuple[str, str], frozenset[str]] | None = None  # (numeric client id, domain)
    deleted_keys: set[str] = field(default_factory=set)
    robots: dict[str, str] = field(default_factory=dict)  # service account: disabled or deleted
    blocked_scopes: dict[str, frozenset[str]] = field(default_factory=dict)  # domain
    blocked_clients: dict[str, frozenset[str]] = field(default_factory=dict)  # domain
    creators: set[tuple[str, str]] = field(default_factory=set)  # (who may sign, as which service account)
    services_off: set[str] = field(default_factory=set)  # "gmail.googleapis.com"
    runtime: str = RUNTIME
    runtime_project: str = "local-project"
    forced: list[Forced] = field(default_factory=list)
    asked: deque[Json] = field(default_factory=lambda: deque(maxlen=MOST_ASKED))

    def standing(self, email: str) -> Standing:
        """Return how an account stands; one nobody touched is active."""
        return self.people.setdefault(email, Standing())

    def blocks(self, email: str, client: str, scopes: frozenset[str]) -> bool:
        """Whether the administrator of a user's domain restricts a client or one of the scopes."""
        domain, none = domain_of(email), frozenset[str]()
        return client in self.blocked_clients.get(domain, none) or bool(
            scopes & self.blocked_scopes.get(domain, none)
        )

    def end(self, wanted: Callable[[Refresh], bool]) -> int:
        """End every live refresh token *wanted* says yes to; return how many."""
        found = [one for one in self.refresh.values() if not one.ended and wanted(one)]
        for one in found:
            one.ended = True
        return len(found)


def domain_of(email: str) -> str:
    """Return an address's domain."""
    return email.rpartition("@")[2].lower()


def numeric_id(name: str) -> str:
    """Return the number Google knows an account by: 21 digits, the same for the same address."""
    return "1" + str(int(hashlib.sha256(name.encode()).hexdigest(), 16))[:20]
