"""Pull notifications from a subscription: the inlet of an installation without a public address.

Google's client library keeps the stream, extends the time Pub/Sub waits for an answer, and limits how much
is under way.  Ours: what is acknowledged has been committed, and trouble is told in one sentence.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

from google.api_core import exceptions as refusals
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber.scheduler import ThreadScheduler

from shared.errors import MailroomError, Refused, TryLater
from shared.log import logger
from shared.store.database import Database
from watcher.pulled import Desk

log = logger("pull")

MOST_HELD = 1000  # messages Pub/Sub hands over before the first of them is acknowledged
MOST_HELD_BYTES = 16 * 1024 * 1024
THREADS = 2  # they only put messages on the desk
# Pub/Sub gives the messages of a process that died to the next one after this many seconds (10 is the least).
BACK_AFTER_SEC = 10
FLOW = pubsub_v1.types.FlowControl(
    max_messages=MOST_HELD,
    max_bytes=MOST_HELD_BYTES,
    max_duration_per_lease_extension=BACK_AFTER_SEC,
)
# A stream that has stood this long was allowed: what ends it later is no mistake of the settings.
PROVED_AFTER_SEC = 10.0
PROBE_EVERY_SEC = 60.0  # of silence: the library reconnects for ever without a word
PROBE_TIMEOUT_SEC = 10.0
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two streams, each twice the last
# An order to stop is obeyed within ten seconds: for the transaction under way, hanging up, and the rest.
SETTLE_SEC, HANG_UP_SEC, REST_SEC = 3.0, 2.0, 0.5

CONSUME = "pubsub.subscriptions.consume"


class Puller:
    """Streams from one subscription until told to stop."""

    def __init__(self, db: Database, subscription: str, stop: Event) -> None:
        """*subscription* is the full name, projects/PROJECT/subscriptions/NAME.

        Credentials are Application Default Credentials, or none with PUBSUB_EMULATOR_HOST.
        Raises Refused when there are none.
        """
        self._desk = Desk(db)
        self._subscription, self._stop = subscription, stop
        self._proved = False  # a mistake of the settings ends the process; what worked once is tried again
        try:
            self._client: Any = pubsub_v1.SubscriberClient()
        except DefaultCredentialsError:
            raise Refused(NO_CREDENTIALS) from None

    def run(self) -> None:
        """Work until told to stop; raises Refused when the settings or grants cannot work."""
        self._desk.open()
        pause = SHORTEST_PAUSE
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                try:
                    self._stream()
                except (Refused, TryLater) as trouble:
                    if isinstance(trouble, Refused) and not self._proved:
                        raise
                    pause = SHORTEST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else pause * 2
                    pause = min(pause, LONGEST_PAUSE)
                    say = log.error if isinstance(trouble, Refused) else log.warning
                    say("pull.interrupted", why=str(trouble), again_sec=pause)
                self._stop.wait(pause)
        finally:
            self._desk.close(within=REST_SEC)
            self._client.close()

    def _stream(self) -> None:
        """Stream until told to stop; raises Refused or TryLater when the stream ends by itself."""
        self.probe()
        log.info("pull.connected", subscription=self._subscription)
        opened = time.monotonic()
        stream = self._client.subscribe(
            self._subscription, self._desk.put, flow_control=FLOW, scheduler=_few_threads()
        )
        try:
            self._follow(stream, opened)
        finally:
            self._prove(opened)
            self._end(stream)

    def _follow(self, stream: Any, opened: float) -> None:
        """Wait for the stream to end by itself, or for the order to stop."""
        quiet_since = time.monotonic()
        while not self._stop.is_set():
            if stream.done():
                raise in_words(stream.exception(), self._subscription)
            self._stop.wait(0.2)
            self._prove(opened)
            quiet_since = max(quiet_since, self._desk.heard_at)
            if time.monotonic() - quiet_since > PROBE_EVERY_SEC:
                quiet_since = time.monotonic()
                self._look_after()

    def _look_after(self) -> None:
        """Say so when Pub/Sub does not answer: the stream itself would only go on trying in silence."""
        try:
            self.probe()
        except MailroomError as trouble:
            log.warning("pull.unanswered", why=str(trouble))

    def _prove(self, opened: float) -> None:
        if self._desk.heard_at > opened or time.monotonic() - opened > PROVED_AFTER_SEC:
            self._proved = True

    def _end(self, stream: Any) -> None:
        """Write down what is on the desk while its acknowledgements can still travel, then hang up."""
        self._desk.clear(within=SETTLE_SEC, last=self._stop.is_set())
        stream.cancel()
        try:
            stream.result(timeout=HANG_UP_SEC)
        except Exception as ended:  # noqa: BLE001 - it has ended, and why was told where it began to end
            log.debug("pull.hung_up", kind=type(ended).__name__)

    def probe(self) -> None:
        """Raise Refused or TryLater when Pub/Sub does not answer or does not let us consume."""
        try:
            allowed = may_consume(self._client, self._subscription)
        except (refusals.GoogleAPIError, GoogleAuthError) as trouble:
            raise in_words(trouble, self._subscription) from None
        if not allowed:
            # Google answers the same for what is not there and for what we may not see.
            raise Refused(f"{MISSING.format(self._subscription)} Or it is there, and {FORBIDDEN}")


def may_consume(client: Any, subscription: str) -> bool:
    """Ask Pub/Sub, which tells anybody, whether this identity may pull.  Raises what the library raises."""
    asked = {"resource": subscription, "permissions": [CONSUME]}
    try:
        answer = client.test_iam_permissions(request=asked, retry=None, timeout=PROBE_TIMEOUT_SEC)
    except refusals.MethodNotImplemented:  # Google's emulator: it has no grants
        return True
    return CONSUME in answer.permissions


NO_CREDENTIALS = (
    "there are no Google credentials here: run where a service account is attached, or set "
    "GOOGLE_APPLICATION_CREDENTIALS to a key file (PUBSUB_EMULATOR_HOST for the emulator)"
)
MISSING = (
    "Pub/Sub knows no subscription {}: create it on the topic Gmail publishes to, or correct "
    "CRM_GMAIL_PUBSUB_SUBSCRIPTION."
)
FORBIDDEN = "this identity may not read it: grant it roles/pubsub.subscriber on the subscription."
NOT_PULLED = (
    "Pub/Sub does not let {} be pulled: it needs a subscription of the type Pull, without a push endpoint."
)
NOT_ACCEPTED = (
    "Google does not accept the credentials of this process: are they deleted, disabled or another project's?"
)
WITHOUT_ACCESS = "no access token could be had for Pub/Sub"

# What somebody must act on; everything else passes by itself.
SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (refusals.NotFound, MISSING),
    (refusals.PermissionDenied, f"Pub/Sub refuses {{}}: {FORBIDDEN}"),
    (refusals.InvalidArgument, NOT_PULLED),
    (refusals.FailedPrecondition, NOT_PULLED),
    (refusals.Unauthenticated, NOT_ACCEPTED),
    (refusals.Unauthorized, NOT_ACCEPTED),
)


def in_words(trouble: BaseException | None, subscription: str) -> MailroomError:
    """Turn what ended a stream or refused a call into Refused (somebody must act) or TryLater."""
    for kind, sentence in SENTENCES:
        if isinstance(trouble, kind):
            return Refused(sentence.format(subscription))
    # gRPC wraps what the credentials raised into an ordinary "unavailable".
    credentials = isinstance(trouble, GoogleAuthError) or "metadata from plugin failed" in str(trouble)
    what = WITHOUT_ACCESS if credentials else f"Pub/Sub did not answer ({type(trouble).__name__})"
    return TryLater(what, after=timedelta(seconds=SHORTEST_PAUSE))


def _few_threads() -> ThreadScheduler:
    return ThreadScheduler(ThreadPoolExecutor(THREADS, thread_name_prefix="pull"))
