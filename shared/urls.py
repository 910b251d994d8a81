"""Which addresses a setting may hold."""

from collections.abc import Collection
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_safe(url: str, *, plain: Collection[str] = LOOPBACK) -> bool:
    """Whether what is sent there travels encrypted, or to one of the *plain* hosts."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # asking for the port raises when it is none
    except ValueError:
        return False
    # By the host alone: http://127.0.0.1:80@elsewhere.example/ only looks like this machine.
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in plain))


def not_postgres(url: str) -> str | None:
    """Say that DATABASE_URL is none of PostgreSQL's; None when it is, or empty.

    What comes before a :// is all that is told of it: the rest may hold a password.
    """
    scheme, separator, _ = url.partition("://")
    if not url or scheme in {"postgresql", "postgres"} or (not separator and "=" in scheme):
        return None
    found = f" but begins with {scheme}://" if separator else ""
    return f"DATABASE_URL is no PostgreSQL URL{found}: write postgresql://USER:PASSWORD@HOST/NAME"
