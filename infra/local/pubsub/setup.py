"""Create the topic and its push subscription in the emulator, with Google's own library."""

from contextlib import suppress
from typing import Any

from google import pubsub_v1
from google.api_core.exceptions import Conflict
from google.auth.credentials import AnonymousCredentials
from google.pubsub_v1.services.publisher.transports import PublisherRestTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberRestTransport

ACK_DEADLINE = 10  # seconds, Pub/Sub's default and minimum
PATIENCE = 10.0  # seconds for one call


def create(  # noqa: PLR0913 - what a push subscription is made of
    host: str, *, topic: str, subscription: str, push_to: str, audience: str, service_account: str
) -> None:
    """Create both in the emulator at *host*; a subscription that exists is pointed to *push_to*.

    The OIDC settings are stored but not acted upon: the emulator signs nothing.
    """
    # REST rather than gRPC: no threads of its own that would outlive us.  And the transport is
    # given, not PUBSUB_EMULATOR_HOST, which would also steer every other client of this process.
    how: dict[str, Any] = {"host": host, "credentials": AnonymousCredentials(), "url_scheme": "http"}
    push: Any = {
        "push_endpoint": push_to,
        "oidc_token": {"service_account_email": service_account, "audience": audience},
    }
    wanted = {
        "name": subscription,
        "topic": topic,
        "ack_deadline_seconds": ACK_DEADLINE,
        "push_config": push,
    }
    with pubsub_v1.PublisherClient(transport=PublisherRestTransport(**how)) as publisher, suppress(Conflict):
        publisher.create_topic(name=topic, timeout=PATIENCE)
    with pubsub_v1.SubscriberClient(transport=SubscriberRestTransport(**how)) as subscriber:
        try:
            subscriber.create_subscription(request=wanted, timeout=PATIENCE)
        except Conflict:
            subscriber.modify_push_config(subscription=subscription, push_config=push, timeout=PATIENCE)
