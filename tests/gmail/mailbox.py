"""A mailbox in which some messages are trouble, on the scripted server."""

from dataclasses import dataclass, field

from tests.gmail.scripted import a_profile, asked_ids, batched, reply, whole

DROPPED = None  # no answer at all, and the connection closed


@dataclass
class Mailbox:
    """Answers as a mailbox would in which some messages are trouble, however they are asked for."""

    server: object
    trouble: dict = field(default_factory=dict)  # id: (status, body) or DROPPED
    of_parts: dict = field(default_factory=dict)  # the same, inside batches only
    profile: bytes | None = a_profile()

    def __post_init__(self):
        self.server.script = [self.answer] * 500

    def answer(self, connection):
        request = self.server.requests[-1]
        said = self._batch(request) if request.path.startswith("/batch") else self._single(request)
        if said is not DROPPED:
            connection.sendall(said)
        return said is not DROPPED

    def _batch(self, request):
        parts = [(n, self._of(id_, self.of_parts)) for n, id_ in enumerate(asked_ids(request))]
        if any(said is DROPPED for _, said in parts):
            return DROPPED
        return batched([(n, *said) for n, said in reversed(parts)])

    def _single(self, request):
        ids = asked_ids(request)
        said = self._of(ids[0], {}) if ids else self.profile
        return reply(*said) if isinstance(said, tuple) else said

    def _of(self, id_, before):
        return before.get(id_, self.trouble.get(id_, (200, whole(id_))))

    @property
    def asked(self):
        """What was asked for, request by request: ids, or "profile"."""
        return [asked_ids(one) or ["profile"] for one in self.server.requests]
