"""Times in words."""

from datetime import datetime, timedelta


def ago(moment: datetime, now: datetime) -> str:
    """Return a short age: "now", "5 min", "3 h", "4 d", then the date."""
    age = now - moment
    if age < timedelta(minutes=1):
        return "now"
    if age < timedelta(hours=1):
        return f"{age.seconds // 60} min"
    if age < timedelta(days=1):
        return f"{age.seconds // 3600} h"
    if age < timedelta(days=7):
        return f"{age.days} d"
    return f"{moment:%-d %b}" if moment.year == now.year else f"{moment:%-d %b %Y}"


def exactly(moment: datetime) -> str:
    """Return the whole time, UTC."""
    return f"{moment:%A, %-d %B %Y, %H:%M} UTC"
