"""Pub/Sub on this machine: Google's emulator where it runs, else a deliverer of ours.  Both sign pushes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from infra.local.pubsub import emulator
from infra.local.pubsub.deliverer import Deliverer
from infra.local.pubsub.emulator import NoEmulator
from infra.local.pubsub.faults import Rates
from infra.local.pubsub.postman import ACK_DEADLINE, Postman
from infra.local.pubsub.relay import Relay
from infra.local.pubsub.tokens import signer

__all__ = ["Bus", "Kind", "NoEmulator", "signer", "start"]

Kind = Literal["emulator", "deliverer"]


@dataclass
class Bus:
    """A topic and its push subscription, running."""

    kind: Kind
    why: str  # a phrase for the screen: what runs, and why not the other
    url: str  # publish with POST {url}/v1/{topic}:publish, Content-Type: application/json
    _postman: Postman = field(repr=False)
    _stops: list[Callable[[], None]] = field(repr=False)

    def faults(
        self, *, duplicate: float = 0.0, drop: float = 0.0, reorder: float = 0.0, seed: int = 0
    ) -> None:
        """Let shares of the pushes (0 to 1) go astray from now on; without arguments, none."""
        self._postman.faults.set(Rates(duplicate, drop, reorder), seed=seed)

    def counts(self) -> dict[str, int]:
        """Return how many pushes were delivered, refused, dropped, … so far."""
        return dict(self._postman.counts)

    def stop(self) -> None:
        """Stop everything; undelivered messages are lost.  Safe to repeat."""
        while self._stops:
            self._stops.pop()()


def start(  # noqa: PLR0913 - what a push subscription is made of
    *,
    endpoint: str,
    topic: str,
    subscription: str,
    audience: str,
    service_account: str,
    sign: Callable[[], str],
    prefer: Literal["auto", "emulator", "deliverer"] = "auto",
    ack_deadline: float = ACK_DEADLINE,
    port: int = 0,
) -> Bus:
    """Start a bus that pushes *topic* to *endpoint*, which need not be up yet.

    *topic* and *subscription* are full names; *sign* gives the OIDC token of a push and may raise.
    *ack_deadline* in seconds is how long the endpoint has for an answer; *port* is where our deliverer
    listens, when it takes the place of another.
    Raises NoEmulator only when the emulator is demanded and cannot run.
    """
    postman = Postman(endpoint, sign, ack_deadline=ack_deadline)
    if prefer == "deliverer":
        return _deliverer(postman, topic, subscription, "loopback deliverer, as demanded", port)
    try:
        return _emulator(postman, topic, subscription, audience, service_account)
    except NoEmulator as reason:
        if prefer == "emulator":
            raise
        return _deliverer(postman, topic, subscription, f"loopback deliverer, because {reason}", port)


def _deliverer(postman: Postman, topic: str, subscription: str, why: str, port: int) -> Bus:
    deliverer = Deliverer(port=port)
    deliverer.create_topic(topic)
    deliverer.subscribe(subscription, topic=topic, carry=postman.carry)
    return Bus("deliverer", why, deliverer.url, postman, [postman.close, deliverer.stop])


def _emulator(postman: Postman, topic: str, subscription: str, audience: str, service_account: str) -> Bus:
    from infra.local.pubsub import setup  # half a second of imports that the deliverer does without

    running = emulator.start()
    relay = Relay(postman)
    bus = Bus(
        "emulator",
        f"Google's Pub/Sub emulator {running.version} with a signing relay",
        running.url,
        postman,
        [postman.close, relay.stop, running.stop],
    )
    try:
        setup.create(
            running.host,
            topic=topic,
            subscription=subscription,
            push_to=relay.url,
            audience=audience,
            service_account=service_account,
        )
    except Exception as failed:
        bus.stop()
        raise NoEmulator(f"the emulator refused the subscription: {failed}") from failed
    return bus
