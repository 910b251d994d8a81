"""Carry one push to the real endpoint, signed the way Google signs, or lose it on request.

Both kinds of bus deliver through here, so that the endpoint cannot tell them apart.
"""

import threading
from collections import Counter
from collections.abc import Callable

import urllib3

from infra.local.pubsub.faults import Faults

# Pub/Sub docs, "Receive push messages": these acknowledge, anything else brings the message back.
ACKNOWLEDGING = frozenset({102, 200, 201, 202, 204})
ACK_DEADLINE = 10.0  # seconds the endpoint has; Pub/Sub's default and minimum
HOLD = 1.0  # seconds a push is held back when no other comes to overtake it
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
    "From": "noreply@google.com",
}


class Postman:
    """The way to one endpoint.  Safe to share between threads."""

    def __init__(self, endpoint: str, sign: Callable[[], str], *, ack_deadline: float = ACK_DEADLINE) -> None:
        self.faults = Faults()
        self.counts: Counter[str] = Counter()  # delivered, refused, unreachable, unsigned, dropped, …
        self._endpoint, self._sign = endpoint, sign
        self._http = urllib3.PoolManager(
            num_pools=2, maxsize=32, retries=False, timeout=urllib3.Timeout(total=ack_deadline)
        )
        self._passing = threading.Condition()
        self._passed = 0

    def carry(self, body: bytes) -> bool:
        """Deliver *body* and return whether it is acknowledged, by the endpoint or by a fault on request."""
        fate = self.faults.draw()
        if fate.drop:
            self._count("dropped")
            return True
        if fate.reorder:
            self._let_one_pass()
        acknowledged = self._post(body)
        if fate.duplicate and acknowledged:
            self._count("duplicated")
            self._post(body)
        return acknowledged

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def _let_one_pass(self) -> None:
        with self._passing:
            before = self._passed
            overtaken = self._passing.wait_for(lambda: self._passed > before, timeout=HOLD)
        self._count("overtaken" if overtaken else "held")

    def _post(self, body: bytes) -> bool:
        try:
            token = self._sign()
        except Exception:  # noqa: BLE001 - no token, no delivery: the endpoint never sees an unsigned push
            self._count("unsigned")
            return False
        try:
            answer = self._http.request(
                "POST",
                self._endpoint,
                body=body,
                headers=HEADERS | {"Authorization": f"Bearer {token}"},
                redirect=False,
            )
        except urllib3.exceptions.HTTPError:
            self._count("unreachable")
            return False
        acknowledged = answer.status in ACKNOWLEDGING
        self._count("delivered" if acknowledged else "refused")
        with self._passing:
            self._passed += 1
            self._passing.notify_all()
        return acknowledged

    def _count(self, what: str) -> None:
        with self._passing:
            self.counts[what] += 1
