"""Stand between Google's emulator, which signs nothing, and an endpoint that takes nothing unsigned."""

import secrets

from infra.local.pubsub.loopback import Loopback, Reply, Request
from infra.local.pubsub.postman import Postman


class Relay:
    """The running relay.  `url` is what the emulator's subscription pushes to."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman
        # Only who was told the path gets a signature: other programs of this machine were not.
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._server = Loopback(self._answer)
        self.url = self._server.url + self._path

    def _answer(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", self._path):
            return Reply(404, "there is nothing here")
        # 204 for every kind of yes: the emulator takes 202, which acknowledges in production, for a no.
        return Reply(204 if self._postman.carry(request.body) else 503)

    def stop(self) -> None:
        """Close the port."""
        self._server.stop()
