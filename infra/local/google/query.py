"""Gmail's search language into a tree of terms.  Any text is a query: what cannot be read is a word.

Terms side by side must all hold; OR binds tighter (`a OR b c` is `(a OR b) c`); braces mean any of;
a minus negates; an operator before a group holds for everything in it: `from:(a OR b)`.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

LEXEME = re.compile(r'\s+|[(){}]|-(?=\S)|[A-Za-z_][\w]*:(?=[^\s)}])|"[^"]*"?|[^\s(){}"]+')
DEEPEST = 40  # levels of groups; deeper brackets are passed over
GROUPS = {"(": ")", "{": "}"}


@dataclass(frozen=True, slots=True)
class Term:
    """`operator:value`, or a word where the operator is empty."""

    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when *part* does not."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Holds when every part does."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Holds when one part does."""

    parts: tuple["Node", ...]


Node: TypeAlias = Term | Not | All | Any


def parse(text: str) -> Node:
    """Return the tree of a query; an empty one holds for everything."""
    tokens = [token for token in LEXEME.findall(text) if token.strip()]
    return _Reader(tokens).group("", "", 0)


def terms(node: Node) -> list[Term]:
    """Return the terms that are asked for, not those that are ruled out."""
    match node:
        case Term():
            return [node]
        case Not():
            return []
        case All(parts) | Any(parts):
            return [term for part in parts for term in terms(part)]


class _Reader:
    """Reads tokens from the left."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def _next(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        self._at += 1
        return token

    def group(self, end: str, operator: str, depth: int) -> Node:
        """Read up to *end*; plain words inside belong to *operator*."""
        alternatives: list[list[Node]] = []
        joined = False
        while (token := self._next()) and token != end:
            if token in {"OR", "|"}:
                joined = bool(alternatives)
            elif (node := self._one(token, operator, depth)) is not None:
                if joined:
                    alternatives[-1].append(node)
                else:
                    alternatives.append([node])
                joined = False
        parts = tuple(one[0] if len(one) == 1 else Any(tuple(one)) for one in alternatives)
        if len(parts) == 1:
            return parts[0]
        return Any(parts) if end == "}" and parts else All(parts)

    def _one(self, token: str, operator: str, depth: int) -> Node | None:
        negated = False
        while token == "-":  # noqa: S105 - a minus sign
            negated, token = not negated, self._next()
        node = self._positive(token, operator, depth)
        return Not(node) if negated and node is not None else node

    def _positive(self, token: str, operator: str, depth: int) -> Node | None:
        if token in GROUPS:
            return self.group(GROUPS[token], operator, depth + 1) if depth < DEEPEST else None
        if token in {"", ")", "}", "AND"}:
            return None
        if token.endswith(":") and len(token) > 1 and not token.startswith('"'):
            return self._positive(self._next(), token[:-1].lower(), depth)
        return Term(operator, token.strip('"'))
