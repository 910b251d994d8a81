"""The subscription as it is set in Pub/Sub, beside what mailroom was told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.cli.checkup.finding import Finding, note, ok, problem
from shared.config import Settings

CHECK = "subscription"
TIMEOUT_SEC = 10.0
LEAST_DEADLINE_SEC = 10


@dataclass(frozen=True, slots=True)
class Subscription:
    """What Pub/Sub says of it."""

    topic: str
    push_endpoint: str  # empty: it is pulled
    audience: str
    service_account: str
    deadline_sec: int
    expires_after_sec: int  # of silence; 0: never
    filter: str
    detached: bool


def look(settings: Settings) -> Iterator[Finding]:
    """Read it with the credentials of this machine and judge it."""
    from google.api_core import exceptions as refusals
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    name = settings.pubsub_subscription
    if not name:
        yield note(CHECK, "CRM_GMAIL_PUBSUB_SUBSCRIPTION is not set: its settings were not looked at")
        return
    try:
        yield from _look(name, settings)
    except refusals.NotFound:
        yield problem(
            CHECK, f"there is none named {name}: create it, or correct CRM_GMAIL_PUBSUB_SUBSCRIPTION"
        )
    except (DefaultCredentialsError, GoogleAuthError):
        yield note(CHECK, "not looked at: this process has no Application Default Credentials that work")
    except refusals.GoogleAPIError as away:
        yield note(CHECK, f"not looked at: Pub/Sub did not answer ({type(away).__name__})")


def _look(name: str, settings: Settings) -> Iterator[Finding]:
    """Raises what Google's libraries raise."""
    from google.api_core.exceptions import PermissionDenied
    from google.cloud import pubsub_v1

    from watcher.pull import may_consume

    with pubsub_v1.SubscriberClient() as client:
        try:
            found = read(client, name)
        except PermissionDenied:
            pulls = "; it may pull" if may_consume(client, name) else ""
            yield note(CHECK, f"not looked at: this identity may not see {name} (roles/pubsub.viewer){pulls}")
            return
        yield from judge(found, settings)
        if not found.push_endpoint and not may_consume(client, name):
            yield problem(CHECK, "this identity may not pull: grant it roles/pubsub.subscriber on it")


def read(client: Any, name: str) -> Subscription:
    """Ask Pub/Sub; raises what Google's library raises."""
    told = client.get_subscription(subscription=name, retry=None, timeout=TIMEOUT_SEC)
    ttl = told.expiration_policy.ttl if told.expiration_policy else None
    return Subscription(
        topic=told.topic,
        push_endpoint=told.push_config.push_endpoint,
        audience=told.push_config.oidc_token.audience,
        service_account=told.push_config.oidc_token.service_account_email,
        deadline_sec=told.ack_deadline_seconds,
        expires_after_sec=int(ttl.total_seconds()) if ttl else 0,
        filter=told.filter,
        detached=told.detached,
    )


def judge(found: Subscription, settings: Settings) -> list[Finding]:
    """Compare what Pub/Sub holds with the settings; at least one finding."""
    wrong = [*_common(found, settings), *(_pushed(found, settings) if found.push_endpoint else ())]
    problems = [problem(CHECK, said) for said in wrong]
    if found.expires_after_sec:
        days = found.expires_after_sec / 86_400
        problems.append(
            note(CHECK, f"Google removes it after {days:.0f} days of silence: set its expiration to never")
        )
    if wrong:
        return problems
    how = f"pushes to {found.push_endpoint}" if found.push_endpoint else "is for mailroom pull"
    return [ok(CHECK, f"it {how}: what {found.topic} gets"), *problems]


def _common(found: Subscription, settings: Settings) -> Iterator[str]:
    if found.detached or found.topic == "_deleted-topic_":
        yield "it is detached from its topic: create it anew"
    elif settings.pubsub_topic and found.topic != settings.pubsub_topic:
        yield f"it is on {found.topic}, but CRM_GMAIL_PUBSUB_TOPIC names {settings.pubsub_topic}"
    if found.filter:
        yield "it has a filter, and Gmail's notifications carry nothing to filter by: create it without one"


def _pushed(found: Subscription, settings: Settings) -> Iterator[str]:
    if not found.push_endpoint.startswith("https://"):
        yield f"it pushes to {found.push_endpoint}, which is not https"
    if not found.push_endpoint.rstrip("/").endswith("/push/gmail"):
        yield f"it pushes to {found.push_endpoint}; mailroom listens at /push/gmail"
    if not found.service_account:
        yield "its pushes are not signed: switch authentication on, with a service account"
    elif found.service_account != settings.push_service_account:
        yield (
            f"its pushes are signed by {found.service_account}, "
            f"but CRM_GMAIL_PUSH_SERVICE_ACCOUNT names {settings.push_service_account or 'nobody'}"
        )
    # Without one of its own the audience is the whole address it pushes to.
    audience = found.audience or found.push_endpoint
    if found.service_account and audience != settings.push_audience:
        ours = settings.push_audience or "empty"
        yield f"its tokens are for {audience}, but CRM_GMAIL_PUSH_AUDIENCE is {ours}"
    if found.deadline_sec < LEAST_DEADLINE_SEC:
        yield f"it waits {found.deadline_sec} s for an answer: give it an acknowledgement deadline of 10 s"
