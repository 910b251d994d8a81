"""users.watch and users.stop.

Gmail: one watch per mailbox and project, seven days, ending without a signal; each watch sends a test message
to the topic at once, and what Pub/Sub says to that decides whether there is a watch.
"""

import json
import re

from infra.local.google.errors import backend_error, bad_value, forbidden, invalid_argument, not_found_with
from infra.local.google.mailbox import SYSTEM_LABELS, Mailbox
from infra.local.google.publisher import Publisher
from infra.local.google.request import Request
from infra.local.google.state import State, Watch
from infra.local.google.wire import Json

WEEK_MS = 7 * 86_400_000
BEHAVIOURS = frozenset({"include", "exclude"})
BEHAVIOUR_TYPE = "type.googleapis.com/caribou.api.proto.WatchRequest.LabelFilterBehavior"
ONE_CLIENT = "Only one user push notification client allowed per developer (call /stop then try again)"


def start_watch(state: State, publisher: Publisher, box: Mailbox, request: Request) -> Json:
    """users.watch.  Takes the state's lock itself: publishing must not happen under it."""
    request.only()
    with state.lock:
        watch = _wanted(state, box, request)
        content = publisher.content(box)
    _judge(publisher.publish(watch.topic, content), watch.topic)
    with state.lock:
        state.watches[request.access.project, box.email] = watch
        current = box.history.shown(now=state.now())
    return {"historyId": str(current), "expiration": str(watch.expires_ms)}


def _wanted(state: State, box: Mailbox, request: Request) -> Watch:
    """Return the watch asked for; Google's refusal where it cannot be."""
    body = request.json("topicName", "labelIds", "labelFilterBehavior", "labelFilterAction")
    topic, project = str(body.get("topicName", "")), request.access.project
    labels = _labels(body)
    if not re.fullmatch(rf"projects/{re.escape(project)}/topics/[^/?#\s]+", topic):
        raise invalid_argument(f"Invalid topicName does not match projects/{project}/topics/*")
    for label in sorted(labels - box.user_labels.keys() - set(SYSTEM_LABELS)):
        raise invalid_argument(state.settings.watch_bad_label_text.replace("{label}", label))
    live = state.watches.get((project, box.email))
    elsewhere = live is not None and (live.topic != topic or state.settings.watch_renewal_refused)
    if live and elsewhere and live.expires_ms > state.now() * 1000:
        raise invalid_argument(ONE_CLIENT)
    return Watch(topic, int(state.now() * 1000) + WEEK_MS, labels, include=_behaviour(body) == "include")


def _labels(body: Json) -> frozenset[str]:
    """Return the labels asked for; Google's 400 when they are no list of strings."""
    given = body.get("labelIds") or []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise bad_value("label_ids", "TYPE_STRING", json.dumps(given))
    return frozenset(given)


def _behaviour(body: Json) -> str:
    """Return include or exclude; the old name of the field counts only where the new one is missing."""
    name = "labelFilterBehavior" if body.get("labelFilterBehavior") else "labelFilterAction"
    value = str(body.get(name) or "include")
    if value.lower() not in BEHAVIOURS:
        field = "label_filter_behavior" if name == "labelFilterBehavior" else "label_filter_action"
        raise bad_value(field, BEHAVIOUR_TYPE, value)
    return value.lower()


def _judge(status: int, topic: str) -> None:
    """Turn Pub/Sub's answer to the test message into Gmail's."""
    sent = f"Error sending test message to Cloud PubSub {topic} : "
    match status:
        case 200:
            return
        case 404:
            raise not_found_with(f"{sent}Resource not found (resource={topic.rsplit('/', 1)[-1]}).")
        case 401 | 403:
            raise forbidden(f"{sent}User not authorized to perform this action.")
        case _:
            raise backend_error()


def stop_watch(state: State, box: Mailbox, request: Request) -> None:
    """users.stop: 204, also without a watch."""
    request.only()
    with state.lock:
        state.watches.pop((request.access.project, box.email), None)
