"""A Gmail API server as the contract sees it: a place, an account, a token, and our client on top."""

import os
from dataclasses import dataclass, field

from shared.gmail.client import Gmail, GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport

UNITS_PER_SECOND = 80  # a little less than Gmail allows one user; the local Google does not meter
NAMES = ("MAILROOM_CONTRACT_API_URL", "MAILROOM_CONTRACT_TOKEN", "MAILROOM_CONTRACT_ADDRESS")


class Fixed:
    """One token for ever: the suite is over before it ends."""

    def __init__(self, token):
        self._token = token

    def token(self, address):
        return self._token

    def forget(self, address):
        """There is no other."""


class Counted(Transport):
    """The real transport, and how often it was used."""

    sent = 0

    def send(self, *args, **named):
        self.sent += 1
        return super().send(*args, **named)


@dataclass
class Server:
    """Where the promises are kept or broken; *token* must allow gmail.readonly for *address*."""

    url: str
    address: str
    token: str = field(repr=False)
    metered: bool = True

    def __post_init__(self):
        self.transport = Counted()
        self.gmail = self.with_token(self.token)

    def with_token(self, token) -> Gmail:
        budget = Budget(UNITS_PER_SECOND if self.metered else 0)
        factory = GmailFactory(self.url, transport=self.transport, tokens=Fixed(token), budget=budget)
        return factory.account(self.address, live=True)

    def close(self):
        self.transport.close()


def named_in_the_environment():
    """The server somebody wants to be tried; None when it is not named."""
    url, token, address = (os.environ.get(name, "").strip() for name in NAMES)
    return Server(url, address, token) if url and token and address else None
