"""The control side of people: what a user or the user's administrator does to an account and its grants."""

from infra.local.google import oauth
from infra.local.google.control_clients import Act, Acts, one_of
from infra.local.google.control_mail import NotThere
from infra.local.google.grants import Refresh, Standing
from infra.local.google.scopes import is_gmail
from infra.local.google.state import Access, State
from infra.local.google.wire import Json


class PeopleControl:
    """Answers what is below /control/users; hold the state's lock."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.acts: Acts = {
            ("GET", "users"): lambda *_: {"users": [self._shown(one) for one in sorted(state.mailboxes)]},
            ("POST", "users/{}/revoke"): self._known(self._revoke),
            ("POST", "users/{}/password"): self._known(self._password),
            ("POST", "users/{}/suspend"): self._known(self._suspend),
            ("POST", "users/{}/delete"): self._known(self._delete),
            ("POST", "users/{}/restore"): self._known(self._restore),
            ("POST", "users/{}/session-policy"): self._known(self._session_policy),
        }

    def _known(self, act: Act) -> Act:
        """Return *act* for users there are, by their address in lower case."""

        def checked(id_: str, body: Json) -> Json:
            if id_.lower() not in self._state.mailboxes:
                raise NotThere(f"no mailbox {id_}")
            return act(id_.lower(), body)

        return checked

    def _shown(self, email: str) -> Json:
        grants, standing = self._state.grants, self._state.grants.standing(email)
        mine = {client: sorted(scopes) for (who, client), scopes in grants.consents.items() if who == email}
        live = sum(not one.ended and one.email == email for one in grants.refresh.values())
        about = {"email": email, "status": standing.status, "reauth": standing.reauth}
        return about | {"consents": mine, "refreshTokens": live}

    def _revoke(self, email: str, body: Json) -> Json:
        """The user takes a grant back in the account's settings."""
        return {"ended": oauth.end_grants(self._state, email, str(body.get("clientId", "")))}

    def _password(self, email: str, body: Json) -> Json:
        """A new password ends refresh tokens that have a Gmail scope, and the access tokens beside them."""

        def theirs(one: Refresh | Access) -> bool:
            mine = one.email == email and one.client in self._state.grants.clients
            return mine and any(is_gmail(scope) for scope in one.scopes)

        ended = self._state.grants.end(theirs)
        return {"ended": ended + oauth.end_access(self._state, body, theirs)}

    def _suspend(self, email: str, body: Json) -> Json:
        """Refresh tokens sleep until the account is restored.

        Where a suspension shows is unproved: by default at the token endpoint, with "showsAt" noMail or
        policy in Gmail's answers instead; "description" sets the token endpoint's words.
        """
        standing = self._state.grants.standing(email)
        standing.shows_at = one_of(body.get("showsAt", "token"), "token", "noMail", "policy")
        standing.description = str(body.get("description", standing.description))
        standing.status = "suspended"
        if standing.shows_at == "token":
            oauth.end_access(self._state, body, lambda one: one.email == email)
        return self._shown(email)

    def _delete(self, email: str, body: Json) -> Json:
        """The mail is kept for a restoration; what the account granted is gone for good."""
        self._state.grants.standing(email).status = "deleted"
        oauth.end_grants(self._state, email)
        oauth.end_access(self._state, body, lambda one: one.email == email)
        self._state.watches = {key: one for key, one in self._state.watches.items() if key[1] != email}
        return self._shown(email)

    def _restore(self, email: str, _: Json) -> Json:
        """Active again, whatever it was; a session policy is lifted too."""
        self._state.grants.people[email] = Standing()
        return self._shown(email)

    def _session_policy(self, email: str, body: Json) -> Json:
        """The Workspace policy on session length asks for the password: refreshes draw invalid_rapt."""
        self._state.grants.standing(email).reauth = bool(body.get("on", True))
        clients = self._state.grants.clients
        if self._state.grants.standing(email).reauth:
            oauth.end_access(self._state, body, lambda one: one.email == email and one.client in clients)
        return self._shown(email)
