"""Which addresses belong to Google's accounts, tokens, keys, IAM and metadata, and who answers them.

In the world these are several hosts (accounts.google.com, oauth2.googleapis.com, www.googleapis.com,
iamcredentials.googleapis.com, metadata.google.internal); here they are one.
"""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from infra.local.google import consent, iam, oauth, tokens
from infra.local.google.identity import Identity
from infra.local.google.state import State
from infra.local.google.wire import Reply


class Auth:
    """Answers for all of these addresses."""

    def __init__(self, state: State, identity: Identity) -> None:
        self._state, self._identity = state, identity

    def answer(self, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """Answer a request for one of these addresses; None for any other."""
        state, identity = self._state, self._identity
        path, _, query = target.partition("?")
        pinged = path == "/" and "metadata-flavor" in headers
        if verb == "GET" and (pinged or path.startswith(iam.METADATA)):
            return iam.metadata(state, path, headers)
        if verb == "POST" and iam.SIGN.fullmatch(path):
            return iam.sign_jwt(state, identity, path, headers, body)
        if path in consent.PATHS and verb in {"GET", "POST"}:
            return consent.page(state, target) if verb == "GET" else consent.decide(state, target, body)
        fixed: dict[tuple[str, str], Callable[[], Reply]] = {
            ("POST", "/token"): lambda: tokens.issue(state, identity, body),
            ("POST", "/revoke"): lambda: oauth.revoke(state, _token(query, body)),
            ("GET", "/oauth2/v1/certs"): identity.certificates,
            ("GET", "/oauth2/v3/certs"): identity.key_set,
        }
        found = fixed.get((verb, path))
        return found() if found else None


def _token(query: str, body: bytes) -> str:
    """Return the token to revoke: in the query, as documented, or in a form."""
    told = parse_qs(query) | parse_qs(body.decode("utf-8", "replace"))
    return told.get("token", [""])[-1]
