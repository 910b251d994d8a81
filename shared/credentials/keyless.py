"""Delegation without a key file: the machine's own identity asks Google to sign for the service account.

The metadata server gives the machine's token, IAM Credentials signs the assertion (signJwt), and the
token endpoint takes it like any other.  The machine's identity needs the role Service Account Token
Creator on the service account, even if it is the very same one.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from urllib.parse import quote

import msgspec

from shared.credentials.delegated import AssertedTokens
from shared.credentials.iam_failures import iam_failure, metadata_failure, no_metadata_server
from shared.credentials.tokens import OK, CachedTokens, Fresh, usable
from shared.errors import TryLater, Unanswered
from shared.gmail.transport import Sends

# The metadata server hands out one token until 300 s before its end: EARLY_SEC is less than that.
TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - a path
FLAVOR = "Metadata-Flavor"
SELF = "this machine"
UNAUTHORIZED = 401


class _Signed(msgspec.Struct):
    jwt: str = msgspec.field(name="signedJwt")

    def __repr__(self) -> str:
        return "_Signed(...)"


class Machine(CachedTokens):
    """The identity of the machine we run on, and what it may have signed."""

    def __init__(
        self, metadata_url: str, iam_url: str, *, transport: Sends, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(clock=clock)
        self._token_url = metadata_url.rstrip("/") + TOKEN_PATH
        self._accounts_url = iam_url.rstrip("/") + "/v1/projects/-/serviceAccounts"
        self.transport = transport

    def signed(self, claims: Mapping[str, str | int], account: str) -> str:
        """Return *claims* as a JWT signed by Google's own key of the service account *account*."""
        answer = self.transport.send(
            "POST",
            f"{self._accounts_url}/{quote(account, safe='@')}:signJwt",
            headers={"Authorization": f"Bearer {self.token(SELF)}", "Content-Type": "application/json"},
            body=json.dumps({"payload": json.dumps(claims)}).encode(),
        )
        if answer.status == UNAUTHORIZED:
            self.forget(SELF)
        if answer.status != OK:
            raise iam_failure(answer.status, answer.body, account)
        try:
            return msgspec.json.decode(answer.body, type=_Signed).jwt
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise TryLater("IAM answered without a signed assertion", after=timedelta(seconds=5)) from None

    def _ask(self, address: str, now: float) -> Fresh:
        del address, now  # there is one machine, and its tokens do not depend on our clock
        try:
            answer = self.transport.send("GET", self._token_url, headers={FLAVOR: "Google"})
        except Unanswered:
            raise no_metadata_server() from None
        # Whatever else answers under this name must not become our identity.
        genuine = answer.headers.get(FLAVOR.lower()) == "Google"
        if answer.status != OK or not genuine:
            raise metadata_failure(answer.status, genuine=genuine)
        return usable(answer.body, "the metadata server")


class KeylessTokens(AssertedTokens):
    """Tokens by a service account that has no key here."""

    def __init__(
        self,
        machine: Machine,
        email: str,
        token_url: str,
        *,
        domains: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """As AssertedTokens; *machine* has the assertions signed."""
        super().__init__(email, token_url, transport=machine.transport, domains=domains, clock=clock)
        self._machine = machine

    def _sign(self, claims: Mapping[str, str | int]) -> str:
        return self._machine.signed(claims, self._email)
