"""Damage done to mail: the same seed makes the same mails."""

import random
from collections.abc import Iterator, Sequence

from infra.local.fuzz.envelopes import enveloped
from infra.local.fuzz.samples import HOSTILE

MOST_BYTES = 200_000  # of one mail
MOST_STEPS = 8


def damaged(samples: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Yield damaged mails without end."""
    chance = random.Random(seed)
    while True:
        raw = chance.choice(samples)
        for _ in range(chance.randint(1, MOST_STEPS)):
            raw = chance.choice(STEPS)(raw, samples, chance)[:MOST_BYTES]
        yield raw


def _span(raw: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randint(0, len(raw))
    return start, min(len(raw), start + chance.choice((0, 1, 2, 7, 80, 1_000)))


def _insert(raw: bytes, samples: Sequence[bytes], chance: random.Random) -> bytes:
    del samples
    start, end = _span(raw, chance)
    return raw[:start] + chance.choice(HOSTILE) + raw[end:]


def _repeat(raw: bytes, samples: Sequence[bytes], chance: random.Random) -> bytes:
    del samples
    start, end = _span(raw, chance)
    return raw[:start] + raw[start:end] * chance.choice((2, 3, 50)) + raw[end:]


def _cut(raw: bytes, samples: Sequence[bytes], chance: random.Random) -> bytes:
    del samples
    start, end = _span(raw, chance)
    return raw[:start] + raw[end:]


def _flip(raw: bytes, samples: Sequence[bytes], chance: random.Random) -> bytes:
    del samples
    start, end = _span(raw, chance)
    return raw[:start] + bytes(chance.randrange(256) for _ in range(end - start)) + raw[end:]


def _graft(raw: bytes, samples: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(samples)
    start, end = _span(other, chance)
    at = chance.randint(0, len(raw))
    return raw[:at] + other[start:end] + raw[at:]


def _shuffle(raw: bytes, samples: Sequence[bytes], chance: random.Random) -> bytes:
    del samples
    lines = raw.split(b"\n")
    for _ in range(min(5, len(lines))):
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _seal(raw: bytes, samples: Sequence[bytes], chance: random.Random) -> bytes:
    del raw, samples
    return enveloped(chance)


STEPS = (_seal, _insert, _insert, _repeat, _cut, _flip, _graft, _shuffle)
