"""How long a client may take to send a request: waitress only ends connections that say nothing at all."""

from collections.abc import Iterable
from typing import Any

PUSH_SEC = 5.0  # Pub/Sub sends at once; also for the headers of any request
OTHER_SEC = 30.0


class Patience:
    """Remembers since when each unfinished request has been arriving."""

    def __init__(self) -> None:
        self._since: dict[int, tuple[Any, float]] = {}

    def end(self, channels: Iterable[Any], now: float) -> int:
        """Mark for closing every connection whose request has been arriving for too long; return how many.

        *channels* are waitress's; *now* counts seconds, from anywhere.  Who drips a byte a second is
        never silent and would hold its connection for ever.
        """
        arriving: dict[int, tuple[Any, float]] = {}
        ended = 0
        for channel in channels:
            request = channel.request  # the one being received; None between requests
            if request is None:
                continue
            known, since = self._since.get(id(channel), (request, now))
            if known is not request:
                since = now
            arriving[id(channel)] = request, since
            if now - since > _allowed(request):
                channel.will_close = True
                ended += 1
        self._since = arriving
        return ended


def _allowed(request: Any) -> float:
    return OTHER_SEC if request.headers_finished and not request.path.startswith("/push/") else PUSH_SEC
