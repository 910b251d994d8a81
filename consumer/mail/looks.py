"""What in an author's name or address is made to deceive the eye, as marks for whoever shows it.

Nothing is matched by these: matching compares exact addresses.  They only warn a reader.
"""

import re
import unicodedata
from typing import Final

from consumer.mail import international
from consumer.mail.message import Participant

BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
ADDRESS = re.compile(r"[^\s<>()\",;:@]{1,64}@([^\s<>()\",;:@]{1,255}\.[^\s<>()\",;:@.]{2,63})")
SCRIPTS = (
    "LATIN",
    "CYRILLIC",
    "GREEK",
    "ARMENIAN",
    "HEBREW",
    "ARABIC",
    "CHEROKEE",
    "GEORGIAN",
    "THAI",
    "HANGUL",
)
# Letters of other scripts that look like an ASCII one (a part of Unicode's confusables, UTS 39).
LOOKS_LIKE: Final = dict(
    zip(
        "ӏаеорсухіјѕһԁԛԝѵҽөгпкмтьвАВЕКМНОРСТУХІЈЅαονρτυικεηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսոցհզƅɑɡıȷᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
        "laeopcyxijshdqwveornkmtbbABEKMHOPCTYXIJSaovptuikenwABEZHIKMNOPTYXouughqbagijabcdefghijklmnoprstuvwyz",
        strict=True,
    )
)


def marks(author: Participant | None, subject: str) -> tuple[str, ...]:
    """Return what is suspicious, as codes (docs/defects.md lists them), sorted."""
    found = {"bidi-in-subject"} if BIDI.search(subject) else set[str]()
    if author:
        found |= _of_name(author) | _of_domain(author.address.rpartition("@")[2])
    return tuple(sorted(found))


def shown(address: str) -> str:
    """Return an address with the Unicode form of its domain behind it, where there is one."""
    domain = unicode_domain(address.rpartition("@")[2])
    return f"{address} ({domain})" if domain else address


def unicode_domain(domain: str) -> str:
    """Return the Unicode form of a domain with xn-- labels, or ""."""
    return international.unicode_of(domain) if "xn--" in domain else ""


def _of_name(author: Participant) -> set[str]:
    found = set[str]()
    if BIDI.search(author.name):
        found.add("bidi-in-name")
    if INVISIBLE.search(author.name):
        found.add("invisible-in-name")
    if _mixed(author.name):
        found.add("mixed-scripts-in-name")
    named = ADDRESS.search(author.name)
    if named and named[0].casefold().strip("'") != author.address:
        found.add("address-in-name")
    return found


def _of_domain(domain: str) -> set[str]:
    if "xn--" not in domain:
        return set()
    found = {"international-domain"}
    for label in unicode_domain(domain).split("."):
        if _mixed(label):
            found.add("mixed-scripts-in-domain")
        if not label.isascii() and skeleton(label).isascii():
            found.add("look-alike-domain")
    return found


def skeleton(text: str) -> str:
    """Return *text* with every letter replaced by the ASCII one it looks like, where there is one."""
    return "".join(LOOKS_LIKE.get(letter, letter) for letter in unicodedata.normalize("NFKC", text))


def _mixed(text: str) -> bool:
    """Whether one word has letters of two alphabets.  Names of two words may: "Олег Smith"."""
    return any(len(_scripts(word)) > 1 for word in re.findall(r"[^\W\d_]+", text))


def _scripts(word: str) -> set[str]:
    if word.isascii():
        return set()
    names = (unicodedata.name(letter, "").split(" ")[0] for letter in word)
    return {name for name in names if name in SCRIPTS}
