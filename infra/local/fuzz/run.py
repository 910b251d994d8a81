"""Fuzzing the parser in its child processes, as it runs in production."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from consumer.parsing import Parsers
from infra.local.fuzz.damage import damaged
from infra.local.fuzz.samples import NOW
from infra.local.fuzz.soundness import faults

BATCH = 200


@dataclass(frozen=True, slots=True)
class Job:
    """How to fuzz; the bytes of a mail with a fault go to *keep*, so that it can become a test."""

    seed: int
    children: int = 1
    keep: Path | None = None
    say: Callable[[int, float], None] = lambda *_: None  # told how many mails in how many seconds


def fuzz(
    samples: Sequence[bytes], job: Job, *, until: Callable[[int], bool]
) -> tuple[int, dict[str, list[str]]]:
    """Parse damaged *samples* until *until*(mails so far); return how many, and the faults by SHA-256."""
    source, done, found = damaged(samples, job.seed), 0, dict[str, list[str]]()
    began = time.monotonic()
    with Parsers(job.children) as parsers:
        while not until(done):
            raws = list(islice(source, BATCH))
            for raw, mail in zip(raws, parsers.parse([(raw, NOW) for raw in raws]), strict=True):
                if wrong := faults(mail, NOW):
                    found[_kept(raw, job.keep)] = wrong
            done += len(raws)
            job.say(done, time.monotonic() - began)
    return done, found


def _kept(raw: bytes, folder: Path | None) -> str:
    digest = hashlib.sha256(raw).hexdigest()
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{digest}.eml").write_bytes(raw)
    return digest
