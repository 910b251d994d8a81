"""What a place for blobs must do; everything else is built on these five."""

from collections.abc import Iterator
from typing import Protocol


class Objects(Protocol):
    """Bytes under keys such as raw/ab/abcd…  Safe to share between threads and processes.

    Every method raises TryLater when the place is away or full, and OperatorMustAct when somebody has to
    change something first.
    """

    def put(self, key: str, content: bytes) -> None:
        """Keep *content*: durable when this returns, and never seen in part, whatever dies meanwhile.

        Under one key there is only ever one content, so it does not matter whose put comes last.
        """

    def has(self, key: str) -> bool:
        """Say whether the key is held; True promises that it is durable, too."""

    def get(self, key: str) -> bytes:
        """Return the content; FileNotFoundError when the key is not held."""

    def remove(self, key: str) -> None:
        """Forget a key; fine when it is not held."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a folder such as `raw`; what comes or goes meanwhile may be missed."""
