"""Faults on order: which call fails, and how.  Deterministic by seed.

A fault is a rule {"method", "account", "nth" | "every" | "from" | "first", "probability", "effect", ...}:
  method   "messages.get", "history.list" ..., "batch", "token", or nothing for any; a batch's parts count
           as calls of their own
  account  a mailbox, or nothing for any
  nth      only its nth matching call (1 is the next one)
  every    every nth · from: the nth and all after it · first: the first n
  effect   a row of `rows` ("quotaOfMinute", "backendError" ...); "retryAfter" with "seconds" and "status";
           "badGateway", "gatewayTimeout": HTML pages; "timeout" ("seconds" of silence, then the line is cut);
           "cutBefore", "cutAfter": the line is cut before or after the call had its effect;
           "truncated", "malformed", "empty", "html", "wrongType": its effect, and another answer than that;
           "slow": the right answer, drop by drop over "seconds"; "redirect": to another host
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.local.google.meter import retry_after
from infra.local.google.rows import ROWS
from infra.local.google.wire import JSON_TYPE, Reply, html_page

BEFORE = frozenset({"timeout", "cutBefore", "redirect", "badGateway", "gatewayTimeout"})
AFTER = frozenset({"cutAfter", "truncated", "malformed", "empty", "html", "wrongType", "slow"})
EFFECTS = frozenset({*ROWS, *BEFORE, *AFTER, "retryAfter"})


@dataclass(slots=True)
class Rule:
    """One fault on order, and how often it struck."""

    id: int
    effect: str
    method: str = ""
    account: str = ""
    nth: int = 0
    every: int = 0
    after: int = 0  # "from" in JSON
    first: int = 0
    probability: float = 1.0
    seconds: float = 0.0
    status: int = 403
    calls: int = 0  # that fitted
    hits: int = 0

    def strikes(self, method: str, account: str, dice: random.Random) -> bool:
        """Whether the rule applies to a call that is made now; counts it."""
        if (self.method and self.method != method) or (self.account and self.account != account):
            return False
        self.calls += 1
        turn = (
            (not self.nth or self.calls == self.nth)
            and (not self.every or self.calls % self.every == 0)
            and (not self.after or self.calls >= self.after)
            and (not self.first or self.calls <= self.first)
        )
        if not turn or dice.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def shown(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """All rules in force.  Hold the state's lock."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """No faults any more."""
        self._rules: dict[int, Rule] = {}
        self._next = 1
        self._dice = random.Random(f"faults:{self._seed}")

    def add(self, body: Mapping[str, Any]) -> Rule:
        """Order a fault.  ValueError or KeyError says what is wrong with it."""
        effect = str(body["effect"])
        if effect not in EFFECTS:
            raise ValueError(f"no effect {effect!r}; there are {', '.join(sorted(EFFECTS))}")
        turns = {name: int(body.get(name, 0)) for name in ("nth", "every", "first")}
        rule = Rule(
            id=self._next,
            effect=effect,
            method=str(body.get("method", "")),
            account=str(body.get("account", "")).lower(),
            after=int(body.get("from", 0)),
            probability=float(body.get("probability", 1.0)),
            seconds=float(body.get("seconds", 0.0)),
            status=int(body.get("status", 403)),
            **turns,
        )
        self._rules[rule.id] = rule
        self._next += 1
        return rule

    def remove(self, number: int) -> None:
        """Take a rule back; KeyError when there is none."""
        del self._rules[number]

    def shown(self) -> list[dict[str, Any]]:
        """Return the rules with their hits."""
        return [rule.shown() for rule in self._rules.values()]

    def for_call(self, method: str, account: str) -> Rule | None:
        """Return the first rule that strikes; every rule counts the call."""
        struck = [rule for rule in list(self._rules.values()) if rule.strikes(method, account, self._dice)]
        return struck[0] if struck else None


def refuse(rule: Rule, now: float) -> None:
    """Raise the refusal a rule orders, when it orders one."""
    if rule.effect == "retryAfter":
        raise retry_after(now + rule.seconds, rule.status)
    if rule.effect in ROWS:
        error = ROWS[rule.effect]()
        raise error


def instead(rule: Rule) -> Reply:
    """Return what is answered without any effect."""
    match rule.effect:
        case "badGateway":
            return html_page(502, "Server Error", "The server encountered a temporary error.")
        case "gatewayTimeout":
            return html_page(504, "Gateway Timeout", "The server did not answer in time.")
        case "redirect":
            return Reply(302, b"", {"Location": "http://127.0.0.2:9/elsewhere"})
        case _:
            return Reply(200, b"{}", {"Content-Type": JSON_TYPE}, cut=0, seconds=rule.seconds)


def spoiled(rule: Rule, reply: Reply) -> Reply:
    """Return a right answer as the rule spoils it."""
    if rule.effect == "slow":
        return replace(reply, seconds=rule.seconds, drip=True)
    return SPOILT[rule.effect](reply)


SPOILT: Mapping[str, Callable[[Reply], Reply]] = {
    "cutAfter": lambda reply: replace(reply, cut=0),
    # With a length that fits: only the JSON tells.
    "truncated": lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2]),
    "malformed": lambda reply: replace(reply, body=reply.body.replace(b":", b";", 1) + b"}"),
    "empty": lambda reply: replace(reply, body=b""),
    "html": lambda _: html_page(200, "Sorry", "Something went wrong."),
    "wrongType": lambda reply: replace(reply, headers=reply.headers | {"Content-Type": "text/plain"}),
}
