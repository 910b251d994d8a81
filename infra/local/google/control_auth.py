"""The control side of access: clients, people, delegations, keys, keyless, policies, ordered refusals.

What ends access shows twice: at the token endpoint, and as Gmail's 401 authError on the access tokens that
live.  Google itself lets tokens that were made with a deleted key, or for a client whose secret was rotated,
run out within their hour: {"endTokens": false} does that here, for every act that ends tokens.
"""

from collections.abc import Callable

from infra.local.google import oauth
from infra.local.google.control_clients import STATUSES, ClientControl, one_of
from infra.local.google.control_mail import NotThere
from infra.local.google.control_people import PeopleControl
from infra.local.google.grants import Forced, Grants, domain_of, numeric_id
from infra.local.google.identity import Identity
from infra.local.google.scopes import long_name
from infra.local.google.state import Access, State
from infra.local.google.wire import Json


class AuthControl:
    """Answers what is below /control/ about access; hold the state's lock."""

    def __init__(self, state: State, identity: Identity, url: Callable[[], str]) -> None:
        self._state, self._identity = state, identity
        self._acts = ClientControl(state, url).acts | PeopleControl(state).acts | {
            ("POST", "delegations"): self._delegate,
            ("GET", "delegations"): lambda *_: {"delegations": self._delegations()},
            ("POST", "delegations/withdraw"): self._withdraw,
            ("POST", "service-accounts/{}/delete-key"): self._delete_key,
            ("POST", "service-accounts/{}/status"): self._robot_status,
            ("POST", "token-creators"): self._creator,
            ("POST", "runtime-identity"): self._runtime,
            ("POST", "services"): self._service,
            ("POST", "admin-policy"): self._policy,
            ("POST", "token-errors"): self._force,
            ("POST", "token-errors/clear"): lambda *_: _done(self._grants.forced.clear),
            ("GET", "token-requests"): lambda *_: {"requests": list(self._grants.asked)},
            ("POST", "token-requests/clear"): lambda *_: _done(self._grants.asked.clear),
            ("GET", "tokens"): lambda *_: {"tokens": self._live()},
            ("POST", "tokens/expire"): self._expire,
        }  # fmt: skip

    @property
    def _grants(self) -> Grants:
        # A reset makes new ones: never keep them.
        return self._state.grants

    def act(self, verb: str, path: list[str], body: Json) -> Json | None:
        """Do what a path below /control/ says; None when it is not about access."""
        exact = self._acts.get((verb, "/".join(path)))
        if exact is not None:
            return exact("", body)
        kind, id_, *rest = [*path, "", ""]
        act = self._acts.get((verb, "/".join(part for part in (kind, "{}", *rest) if part)))
        return act(id_, body) if act and id_ else None

    # Delegation.

    def _delegate(self, _: str, body: Json) -> Json:
        """The administrator of a domain lists a client with its scopes; from the first on, lists count.

        "clientId" is taken as it is: an e-mail in place of the number is kept, and authorises nobody.
        """
        client, domain = _client(body), str(body["domain"]).lower()
        before, listed = self._grants.delegations or {}, frozenset(map(str, body["scopes"]))
        self._grants.delegations = before | {(client, domain): listed}
        self._end_delegated(body, client, domain, listed)
        return {"delegations": self._delegations()}

    def _withdraw(self, _: str, body: Json) -> Json:
        client, domain = _client(body), str(body["domain"]).lower()
        before = self._grants.delegations or {}
        self._grants.delegations = {key: one for key, one in before.items() if key != (client, domain)}
        self._end_delegated(body, client, domain, frozenset())
        return {"delegations": self._delegations()}

    def _end_delegated(self, body: Json, client: str, domain: str, listed: frozenset[str]) -> None:
        def beyond(one: Access) -> bool:
            return one.client == client and domain_of(one.email) == domain and not one.scopes <= listed

        oauth.end_access(self._state, body, beyond)

    def _delegations(self) -> list[Json]:
        return [
            {"clientId": client, "domain": domain, "scopes": sorted(scopes)}
            for (client, domain), scopes in (self._grants.delegations or {}).items()
        ]

    # Service accounts and keyless.

    def _delete_key(self, id_: str, body: Json) -> Json:
        """Delete one key ("keyId") or all; Google's own key behind signJwt stays."""
        account = self._identity.service_accounts.get(id_)
        if account is None:
            raise NotThere(f"no service account {id_}")
        wanted = str(body.get("keyId", ""))
        gone = {key.id for key in account.keys if wanted in {"", key.id}}
        if not gone:
            raise NotThere(f"{id_} has no key {wanted}")
        self._grants.deleted_keys |= gone
        return {
            "deleted": sorted(gone),
            "ended": oauth.end_access(self._state, body, lambda a: a.key in gone),
        }

    def _robot_status(self, id_: str, body: Json) -> Json:
        status = one_of(body["status"], *STATUSES)
        if id_ not in self._identity.service_accounts:
            raise NotThere(f"no service account {id_}")
        if status == "active":
            self._grants.robots.pop(id_, None)
            return {"status": status}
        self._grants.robots[id_] = status
        number = numeric_id(id_)
        return {"status": status, "ended": oauth.end_access(self._state, body, lambda a: a.client == number)}

    def _creator(self, _: str, body: Json) -> Json:
        """Grant (or take: "granted": false) roles/iam.serviceAccountTokenCreator; member: the runtime's."""
        link = str(body.get("member", self._grants.runtime)), str(body["serviceAccount"])
        if body.get("granted", True):
            self._grants.creators.add(link)
        else:
            self._grants.creators.discard(link)
        return {
            "tokenCreators": [{"member": a, "serviceAccount": b} for a, b in sorted(self._grants.creators)]
        }

    def _runtime(self, _: str, body: Json) -> Json:
        """Say whom the metadata server speaks for."""
        self._grants.runtime = str(body.get("email", self._grants.runtime))
        self._grants.runtime_project = str(body.get("projectId", self._grants.runtime_project))
        return {"email": self._grants.runtime, "projectId": self._grants.runtime_project}

    def _service(self, _: str, body: Json) -> Json:
        """Switch an API of the project off or on: gmail.googleapis.com, iamcredentials.googleapis.com."""
        name = one_of(body["service"], "gmail.googleapis.com", "iamcredentials.googleapis.com")
        if body["enabled"]:
            self._grants.services_off.discard(name)
        else:
            self._grants.services_off.add(name)
        return {"disabled": sorted(self._grants.services_off)}

    # Policies, ordered refusals, live tokens.

    def _policy(self, _: str, body: Json) -> Json:
        """A domain's administrator restricts scopes and clients; empty lists lift it."""
        domain = str(body["domain"]).lower()
        scopes = frozenset(long_name(str(one)) for one in body.get("blockedScopes", ()))
        clients = frozenset(map(str, body.get("blockedClients", ())))
        self._grants.blocked_scopes[domain], self._grants.blocked_clients[domain] = scopes, clients

        def blocked(one: Access) -> bool:
            return domain_of(one.email) == domain and self._grants.blocks(one.email, one.client, one.scopes)

        return {"ended": oauth.end_access(self._state, body, blocked)}

    def _force(self, _: str, body: Json) -> Json:
        """Order a refusal of token requests; without "error" it is Google's HTML page."""
        forced = Forced(
            int(body["status"]),
            str(body.get("error", "")),
            str(body.get("errorDescription", "")),
            str(body.get("errorSubtype", "")),
            str(body.get("email", "")).lower(),
            str(body.get("clientId", "")),
            str(body.get("grantType", "")),
            int(body.get("count", -1)),
        )
        self._grants.forced.append(forced)
        return {"ordered": len(self._grants.forced)}

    def _live(self) -> list[Json]:
        """Return the live access tokens, without the tokens."""
        return [
            {"email": one.email, "client": one.client, "scopes": sorted(one.scopes)}
            | {"expiresAt": one.expires_at}
            for one in self._state.access.values()
            if one.expires_at > self._state.now()
        ]  # fmt: skip

    def _expire(self, _: str, body: Json) -> Json:
        """End live access tokens now: all, or of one user or client; refreshing works as before."""
        email, client = str(body.get("email", "")).lower(), str(body.get("clientId", ""))

        def wanted(one: Access) -> bool:
            return email in {"", one.email} and (not client or one.client in {client, numeric_id(client)})

        return {"ended": oauth.end_access(self._state, {}, wanted)}


def _client(body: Json) -> str:
    """Return the client id a delegation names: its number, or that of "serviceAccount"."""
    return str(body["clientId"]) if "clientId" in body else numeric_id(str(body["serviceAccount"]))


def _done(act: Callable[[], None]) -> Json:
    act()
    return {}
