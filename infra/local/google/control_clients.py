"""The control side of OAuth clients: register, change, rotate the secret."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from infra.local.google import oauth
from infra.local.google.control_mail import NotThere
from infra.local.google.grants import Client
from infra.local.google.state import State
from infra.local.google.wire import Json

Act = Callable[[str, Json], Json]
Acts = dict[tuple[str, str], Act]
STATUSES = ("active", "disabled", "deleted")


def one_of(value: object, *allowed: str) -> str:
    """Return a word that is among *allowed*; ValueError names them."""
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
    return str(value)


class ClientControl:
    """Answers what is below /control/oauth-clients; hold the state's lock."""

    def __init__(self, state: State, url: Callable[[], str]) -> None:
        self._state, self._url = state, url
        self.acts: Acts = {
            ("POST", "oauth-clients"): self._add,
            ("GET", "oauth-clients"): lambda *_: {"oauthClients": self._shown()},
            ("POST", "oauth-clients/{}"): self._change,
            ("POST", "oauth-clients/{}/rotate-secret"): self._rotate,
        }

    def _add(self, _: str, body: Json) -> Json:
        number = len(self._state.grants.clients) + 1
        id_ = str(body.get("clientId") or f"{number:012d}-local.apps.googleusercontent.com")
        client = Client(id_, _secret(body), str(body.get("projectId", "local-project")), ())
        return self._kept(changed(client, body))

    def _change(self, id_: str, body: Json) -> Json:
        client = changed(self._client(id_), body)
        if client.status != "active":
            oauth.end_access(self._state, body, lambda one: one.client == id_)
        return self._kept(client)

    def _rotate(self, id_: str, body: Json) -> Json:
        client = replace(self._client(id_), secret=_secret(body))
        oauth.end_access(self._state, body, lambda one: one.client == id_)
        return self._kept(client)

    def _client(self, id_: str) -> Client:
        if id_ not in self._state.grants.clients:
            raise NotThere(f"no OAuth client {id_}")
        return self._state.grants.clients[id_]

    def _kept(self, client: Client) -> Json:
        """Keep a client and return it as the console's client_secret.json."""
        self._state.grants.clients[client.id] = client
        url = self._url()
        web: Json = {"client_id": client.id, "project_id": client.project, "client_secret": client.secret}
        web |= {"auth_uri": f"{url}/o/oauth2/v2/auth", "token_uri": f"{url}/token"}
        web |= {"auth_provider_x509_cert_url": f"{url}/oauth2/v1/certs"}
        return {"web": web | {"redirect_uris": list(client.redirect_uris)}}

    def _shown(self) -> list[Json]:
        return [
            {
                "clientId": one.id,
                "projectId": one.project,
                "redirectUris": list(one.redirect_uris),
                "audience": "internal" if one.internal_domain else "external",
                "domain": one.internal_domain,
                "publishing": "testing" if one.testing else "production",
                "testUsers": list(one.test_users),
                "status": one.status,
            }
            for one in self._state.grants.clients.values()
        ]


def changed(client: Client, body: Json) -> Client:
    """Return the client with what *body* says about it; ValueError where it says nothing sensible."""
    audience = body.get("audience", "internal" if client.internal_domain else "external")
    domain = str(body.get("domain", client.internal_domain)).lower()
    internal = one_of(audience, "internal", "external") == "internal"
    if internal and not domain:
        raise ValueError("an internal client needs the domain of its organisation")
    publishing = body.get("publishing", "testing" if client.testing else "production")
    return replace(
        client,
        redirect_uris=tuple(map(str, body.get("redirectUris", client.redirect_uris))),
        internal_domain=domain if internal else "",
        testing=one_of(publishing, "testing", "production") == "testing",
        test_users=tuple(str(one).lower() for one in body.get("testUsers", client.test_users)),
        status=one_of(body.get("status", client.status), *STATUSES),
    )


def _secret(body: Json) -> str:
    return str(body.get("clientSecret") or "GOCSPX-" + secrets.token_urlsafe(21))
