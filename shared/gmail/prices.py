"""What a call costs in Gmail quota units."""

from collections.abc import Mapping

PREFIX = "gmail.users."

# Units per call for projects made since May 2026 (Google's usage limits page).
PRICES: Mapping[str, int] = {
    "gmail.users.getProfile": 1,
    "gmail.users.labels.list": 1,
    "gmail.users.history.list": 2,
    "gmail.users.messages.list": 5,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.attachments.get": 20,
    "gmail.users.threads.list": 10,
    "gmail.users.threads.get": 40,
    "gmail.users.watch": 100,
    "gmail.users.stop": 50,
}
UNKNOWN_PRICE = 20  # of a method whose price was never read, settings.sendAs.list for one
MOST = 10_000  # a price above it is a slip of the keyboard


def parsed(text: str) -> dict[str, int]:
    """Read "messages.get=5, threads.get=10": the prices of today's table with these in their place.

    Raises ValueError that names what cannot be read.
    """
    prices = dict(PRICES)
    for part in filter(None, (part.strip() for part in text.split(","))):
        method, _, units = (piece.strip() for piece in part.partition("="))
        if PREFIX + method not in PRICES:
            known = ", ".join(name.removeprefix(PREFIX) for name in PRICES)
            raise ValueError(f"{method} is no method mailroom calls; those are {known}")
        if not (units.isascii() and units.isdigit() and 0 < int(units[:9]) <= MOST):
            raise ValueError(f"{method} needs a whole number of units from 1 to {MOST}")
        prices[PREFIX + method] = int(units)
    return prices
