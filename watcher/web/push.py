"""POST /push/gmail: verify, decode, one upsert, commit, 204.  No other work."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from shared.errors import NotAuthentic, Unusable
from watcher.intake import reject, take
from watcher.notification import decode
from watcher.web.deps import deps
from watcher.web.problems import problem

LARGEST = 64 * 1024  # bytes

push = Blueprint("push", __name__)


@push.post("/push/gmail")
def receive() -> Response:
    """Take one notification in.

    204 only after the commit: what has been acknowledged may never come again.  What is authentic
    and useless is recorded and acknowledged too, because Pub/Sub repeats whatever is refused for
    days.  401, 413, 415 and 503 store nothing.
    """
    body = _body()
    if request.headers.get("Content-Encoding"):
        return problem(415, "Send the body without Content-Encoding.")
    here = deps()
    if here.push_tokens is None:
        raise NotAuthentic("this process takes no notifications")
    here.push_tokens.verify(request.headers.get("Authorization"))
    try:
        notification = decode(body, subscription=here.settings.pubsub_subscription or None)
    except Unusable as why:
        reject(here.db, str(why), body)
    else:
        take(here.db, [notification])
    return Response(status=204)


def _body() -> bytes:
    """Read the body; 413 above the limit."""
    # One more than allowed: a body that does not say its length is cut at the limit without a word.
    request.max_content_length = LARGEST + 1
    body = request.get_data(cache=False)
    if len(body) > LARGEST:
        raise RequestEntityTooLarge
    return body
