"""What a check found out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from shared.errors import ConfigError, MailroomError

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: *says* tells what is so, and for a problem what to do about it."""

    check: str
    state: State
    says: str


def ok(check: str, says: str) -> Finding:
    """It is as it should be."""
    return Finding(check, "ok", says)


def note(check: str, says: str) -> Finding:
    """Worth knowing, or not looked at; nothing fails for it."""
    return Finding(check, "note", says)


def problem(check: str, says: str) -> Finding:
    """Something will not work until somebody acts."""
    return Finding(check, "problem", says)


def guarded(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield what *look* finds; what it raises becomes a problem.  Of a surprise only the kind is told."""
    try:
        yield from look()
    except ConfigError as bad:
        yield from (problem(check, said) for said in bad.problems)
    except MailroomError as refused:
        yield problem(check, str(refused))
    except Exception as surprise:  # noqa: BLE001 - a doctor that falls ill helps nobody
        yield problem(check, f"failed in a way nobody foresaw ({type(surprise).__name__}): please report it")
