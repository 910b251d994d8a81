"""What an answer about one message says of asking again.  Decides only."""

from typing import TypeGuard

from shared.errors import TryLater, Unanswered


def put_off(answer: object) -> TypeGuard[TryLater]:
    """Whether a message was not asked for, or nothing may be asked at all: no fault of its own."""
    return isinstance(answer, TryLater) and not isinstance(answer, Unanswered)
