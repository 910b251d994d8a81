"""What a call costs, in Gmail quota units: the prices of projects that are new since May 2026."""

UNITS = {
    "getProfile": 1, "labels.list": 1, "labels.get": 1, "history.list": 2, "messages.list": 5,
    "messages.get": 20, "attachments.get": 20, "threads.list": 10, "threads.get": 40, "watch": 100,
    "stop": 50, "sendAs.list": 5,
}  # fmt: skip


def units(method: str) -> int:
    """Return the price of one call, whatever it answers."""
    return UNITS[method]
