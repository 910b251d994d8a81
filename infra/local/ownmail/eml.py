"""Read a folder of saved messages, one file each."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from infra.local.ownmail import headers
from infra.local.ownmail.labels import system_labels
from infra.local.ownmail.model import OwnMail


def read_eml_dir(path: Path) -> Iterator[OwnMail]:
    """Yield every *.eml under *path*, sorted by path, whatever its bytes are.

    Raises ValueError, before anything is yielded, when there is no such folder or nothing in it.
    """
    if not path.is_dir():
        raise ValueError(f"There is no folder {path}.")
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".eml" and file.is_file())
    if not files:
        raise ValueError(f"There is no .eml file in {path} or below it.")
    return (_own_mail(file, path) for file in files)


def _own_mail(file: Path, root: Path) -> OwnMail:
    raw = file.read_bytes()
    told = headers.fields(raw)
    # The topmost Received is the last server's: when the message reached the mailbox.
    arrivals = (value.rpartition(";")[2] for value in told.get("received", [])[:1])
    dates = (headers.moment(value) for value in chain(arrivals, told.get("date", [])))
    return OwnMail(
        source=file.relative_to(root).as_posix(),
        raw=raw,
        labels=system_labels(told.get("x-gmail-labels", [""])[0]),
        internal_date=next((date for date in dates if date), None),
        thread_hint=next(iter(told.get("x-gm-thrid", [])), None),
    )
