"""The cheapest way to find and fetch mail that misses nothing.  Decides only: units in, a plan out.

Reading one message costs as much as listing two thousand ids, so nothing is read that a search can
rule out, and a conversation is read whole when that is cheaper than its messages one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

LIST, GET, THREAD = "gmail.users.messages.list", "gmail.users.messages.get", "gmail.users.threads.get"

# What a step of a plan does with the ids it lists:
#   name   they match by Gmail's own search: fetch them (their headers are checked again then)
#   files  they carry attachments
#   scan   nothing is known of them: read their headers
#   rest   no search named them: they match nobody, unless a proof says otherwise
#   newest one page, some time after everything was listed: Gmail's index may have been behind
#   proof  read the headers of what only a search has judged, when there are units to spare
Purpose = Literal["name", "files", "scan", "rest", "newest", "proof"]

# Google's own client sends a longer query in another way; a refusal halves the step.
LONGEST_QUERY = 1_500  # characters
PAGE = 500  # ids a page
# As many headers are read in one round trip; searching first would only put off reading them for proof.
ONE_BATCH = 25
NEVER = "-in:drafts -in:chats"


@dataclass(frozen=True, slots=True)
class Step:
    """One search of a plan; *terms* are addresses and domains, none for a listing of everything."""

    purpose: Purpose
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in their order, and what finding the mail will cost (fetching it comes on top)."""

    steps: tuple[Step, ...]
    units: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message to be fetched: *files* says whether a search found attachments in it."""

    gmail_id: str
    thread_id: str
    files: bool


@dataclass(frozen=True, slots=True)
class Fetch:
    """How to fetch: whole threads by their id, and messages one by one."""

    threads: tuple[str, ...] = ()
    single: tuple[str, ...] = ()


def finding(
    terms: Sequence[str], *, messages: int, unjudged: int, prices: Mapping[str, int], unproved: int = 0
) -> Plan:
    """Choose between searching a mailbox of *messages* for *terms* and reading the headers of *unjudged*.

    Searching costs a page for each query (what carries files is asked apart); scanning costs one
    reading for each message.  Both list everything once: nothing is concluded from a search alone.
    *unproved* of the unjudged are known and only a search has judged them: a scan proves them too.
    """
    everything = _pages(messages) * prices[LIST]
    names = naming(terms, messages=messages)
    search = sum(_pages(messages) if not step.terms else 1 for step in names) * prices[LIST] + everything
    scan = everything + unjudged * prices[GET]
    if not terms:
        return Plan((Step("rest"),), everything)
    if unjudged <= ONE_BATCH or scan <= search:
        return Plan((Step("scan"), *([Step("proof")] if unproved else [])), scan)
    return Plan((*names, Step("rest"), Step("proof")), search)


def naming(terms: Sequence[str], *, messages: int) -> tuple[Step, ...]:
    """Return the searches that name the mail of *terms*, and then what of it carries files.

    For many terms it is cheaper to list whatever carries files in a mailbox of *messages*.
    """
    chunks = chunked(terms)
    asked = chunks if len(chunks) <= _pages(messages) else [()]
    return (*(Step("name", chunk) for chunk in chunks), *(Step("files", chunk) for chunk in asked))


def _pages(messages: int) -> int:
    return max(ceil(messages / PAGE), 1)


def chunked(terms: Iterable[str], longest: int = LONGEST_QUERY) -> list[tuple[str, ...]]:
    """Split terms into groups whose queries stay below *longest* characters (one long term stands alone)."""
    chunks: list[list[str]] = []
    room = 0
    for term in dict.fromkeys(terms):
        size = len(_named(term)) + 1
        if not chunks or size > room:
            chunks.append([])
            room = longest - len("{} ") - len(query((), "files"))
        chunks[-1].append(term)
        room -= size
    return [tuple(chunk) for chunk in chunks]


def query(terms: Sequence[str], purpose: Purpose) -> str:
    """Write a step in Gmail's search language: {} is OR, and every field a correspondent can stand in."""
    if purpose in {"scan", "rest", "newest"}:
        return ""
    anybody = ["{" + " ".join(map(_named, terms)) + "}"] if terms else []
    return " ".join([*anybody, *(["has:attachment"] if purpose == "files" else []), NEVER])


def _named(term: str) -> str:
    return " ".join(f'{field}:"{term}"' for field in ("from", "to", "cc", "bcc"))


def halves(step: Step) -> tuple[Step, ...]:
    """Return a step that was refused as two smaller ones; a single term cannot be made smaller."""
    if len(step.terms) <= 1:
        return ()
    middle = len(step.terms) // 2
    return Step(step.purpose, step.terms[:middle]), Step(step.purpose, step.terms[middle:])


def fetching(wanted: Iterable[Wanted], *, prices: Mapping[str, int]) -> Fetch:
    """Choose for each thread: all of it at once, and its messages that carry files singly; or all singly.

    A thread brings headers and texts but no attachments, so whoever carries files is read by itself anyway.
    """
    threads: dict[str, list[Wanted]] = {}
    for one in wanted:
        threads.setdefault(one.thread_id or one.gmail_id, []).append(one)
    whole: list[str] = []
    single: list[str] = []
    for thread_id, members in threads.items():
        plain = sum(not one.files for one in members)
        if _worth_whole(plain, prices):
            whole.append(thread_id)
            single += [one.gmail_id for one in members if one.files]
        else:
            single += [one.gmail_id for one in members]
    return Fetch(tuple(whole), tuple(single))


def fetch_units(fetch: Fetch, *, prices: Mapping[str, int]) -> int:
    """Return what a fetch costs."""
    return len(fetch.threads) * prices[THREAD] + len(fetch.single) * prices[GET]


def thread_units(plain: int, files: int, *, prices: Mapping[str, int]) -> int:
    """Return what fetching one thread costs: *plain* messages of it, and those that carry *files*."""
    whole = prices[THREAD] if _worth_whole(plain, prices) else plain * prices[GET]
    return whole + files * prices[GET]


def _worth_whole(plain: int, prices: Mapping[str, int]) -> bool:
    return plain * prices[GET] > prices[THREAD]
