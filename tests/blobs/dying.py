"""A sweep that is killed at one of its steps: python dying.py DATABASE_URL FOLDER STEP."""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from shared.blobs import RAW, BlobStore
from shared.blobs.files import FileObjects
from shared.blobs.sweeping import sweep
from shared.store import blobs
from shared.store.database import Database

STEPS = ("doomed", "row deleted", "raw removed", "file removed", "committed")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(FileObjects):
    """A folder whose user dies just before or after a removal."""

    def __init__(self, root: Path, step: str) -> None:
        super().__init__(root)
        self._step = step

    def remove(self, key: str) -> None:
        is_raw = key.startswith(RAW)
        if self._step == "row deleted":
            die()
        super().remove(key)
        if self._step == ("raw removed" if is_raw else "file removed"):
            die()


def main(url: str, folder: str, step: str) -> None:
    with Database(url) as db:
        if step == "doomed":
            with db.transaction() as conn:
                blobs.doom_old(conn, older_than=timedelta(0), limit=10)
            die()
        sweep(db, BlobStore(Dying(Path(folder), step)), raw_retention=timedelta(30), grace=timedelta(0))
        die()


if __name__ == "__main__":
    main(*sys.argv[1:])
