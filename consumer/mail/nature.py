"""What a message is beside its text: its kind, its event, its delivery report."""

from dataclasses import dataclass

from consumer.mail import calendar, report
from consumer.mail.events import Calendar
from consumer.mail.failures import Report
from consumer.mail.kinds import kind
from consumer.mail.message import Kind
from consumer.mail.text import clean
from consumer.mail.tree import Tree
from consumer.mail.words import decoded, parameters

MOST_READ = 64 * 1024  # bytes
LONGEST = 2_000  # bytes of a header that tells the kind
# What changes somebody's calendar, or answers a request to; an event published is a file like another.
STEPS = frozenset({"invitation", "update", "cancellation", "reply", "counter"})


@dataclass(frozen=True, slots=True)
class Nature:
    """What nature() finds."""

    kind: Kind
    calendar: Calendar | None
    report: Report | None


def nature(tree: Tree, text: str) -> Nature:
    """Tell what the message in *tree*, whose text is *text*, is; defects go to the tree."""
    headers = {name: decoded(value[:LONGEST], tree.charset) for name, value in reversed(tree.headers)}
    report_type = parameters(headers.get("content-type", "").encode()).get("report-type", "")
    event = calendar.read(tree.leaves, tree.defects)
    text = text or _unstructured(tree)
    found = kind(headers, report_type, tree.leaves, text, calendar=bool(event and event.step in STEPS))
    told = report.read(headers, tree.leaves, text) if found == "delivery_report" else None
    return Nature(found, event, told)


def _unstructured(tree: Tree) -> str:
    """Return what stands in a multipart without parts: some systems forget the boundaries."""
    leaf = next((leaf for leaf in tree.leaves if leaf.media_type.startswith("multipart/")), None)
    return clean(leaf.content[:MOST_READ].decode("utf-8", "replace")) if leaf else ""
