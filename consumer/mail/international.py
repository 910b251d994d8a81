"""Domains in other letters than ASCII: by IDNA 2008, and what only IDNA 2003 has (hearts) by that.

The older rule wrote ss for ß, and so made another name of it; and it knows no letter younger than 2002.
"""

import idna


def ascii_of(domain: str) -> str | None:
    """Return the form with xn-- labels of a lower-case *domain*, None where neither rule has one."""
    try:
        return idna.encode(domain).decode("ascii").lower()
    except UnicodeError:
        pass
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def unicode_of(domain: str) -> str:
    """Return the form in its own letters of a *domain* with xn-- labels, "" where neither rule reads it."""
    try:
        return idna.decode(domain)
    except UnicodeError:
        pass
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return ""
