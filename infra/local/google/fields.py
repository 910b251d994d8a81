"""Partial responses: `fields=messages(id,threadId),nextPageToken` keeps what it names and nothing else."""

import re
from typing import Any

from infra.local.google.errors import GoogleError

TOKEN = re.compile(r"[\w*@.$-]+|[,()/]", re.ASCII)
DEEPEST = 30

Mask = dict[str, Any]  # name: Mask of what lies below; an empty one keeps everything


def parse(text: str) -> Mask:
    """Return the mask that *text* spells; Google's 400 when it spells none."""
    tokens = TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        raise _invalid(text)
    mask, rest = _listed(tokens, text, 0)
    if rest:
        raise _invalid(text)
    return mask


def _listed(tokens: list[str], text: str, depth: int) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while True:
        tokens = _one(mask, tokens, text, depth)
        if tokens[:1] != [","]:
            return mask, tokens
        tokens = tokens[1:]


def _one(mask: Mask, tokens: list[str], text: str, depth: int) -> list[str]:
    """Read `a`, `a/b` or `a(b,c)` into *mask*; return the tokens left."""
    if not tokens or tokens[0] in ",()/" or depth > DEEPEST:
        raise _invalid(text)
    below: Mask = mask.setdefault(tokens[0], {})
    tokens = tokens[1:]
    if tokens[:1] == ["/"]:
        return _one(below, tokens[1:], text, depth + 1)
    if tokens[:1] == ["("]:
        inner, tokens = _listed(tokens[1:], text, depth + 1)
        below.update(inner)
        if tokens[:1] != [")"]:
            raise _invalid(text)
        return tokens[1:]
    return tokens


def keep(value: Any, mask: Mask) -> Any:
    """Return *value* reduced to *mask*; lists are looked through."""
    if not mask or not isinstance(value, (dict, list)):
        return value
    if isinstance(value, list):
        return [keep(one, mask) for one in value]
    if "*" in mask:
        return {name: keep(one, mask["*"]) for name, one in value.items()}
    return {name: keep(one, mask[name]) for name, one in value.items() if name in mask}


def _invalid(text: str) -> GoogleError:
    return GoogleError(400, f"Invalid field selection {text}", "invalidParameter")
