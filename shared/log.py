"""One line per outcome: a stable event name and fields.  Ids only, never addresses, subjects or tokens."""

import logging
import sys
import traceback
from pathlib import Path

import structlog

# These log URLs, headers or bodies at DEBUG: what they carry is not ours to write down.
CHATTY = (
    "urllib3",
    "googleapiclient",
    "google",
    "google_auth_httplib2",
    "requests",
    "grpc",
    "waitress",
    "werkzeug",
)


def setup(*, debug: bool = False) -> None:
    """Send events to standard error: coloured on a terminal, one JSON object per line otherwise."""
    level = logging.DEBUG if debug else logging.INFO
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A full pool is not worth a line: the connection is simply not kept.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    tty = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            code_only,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if tty else "iso", utc=not tty),
            structlog.dev.ConsoleRenderer() if tty else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def hush() -> None:
    """Write no more events: a bench prints figures, and ends its database under its own consumers."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def code_only(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Show where an exception came from: its kind, files, lines and functions; never its text or values.

    Both may quote mail, addresses or tokens.
    """
    error = event.pop("exc_info", None)
    error = sys.exc_info()[1] if error is True else error[1] if isinstance(error, tuple) else error
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["raised"] = type(error).__qualname__
        event["at"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def logger(part: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of one part of mailroom ("consumer", "watcher", "web")."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=part)
    return bound
