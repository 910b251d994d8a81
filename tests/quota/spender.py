"""A process that takes all it gets: python spender.py DATABASE_URL RATE SECONDS; prints the units it took."""

import sys
import threading
import time

from shared.errors import NoUnits
from shared.gmail.quota import Budget
from shared.gmail.recording import recording
from shared.store.database import Database
from shared.store.units import Units

GET = "gmail.users.messages.get"


def say(what):
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main(url, rate, seconds):
    taken, end = [], time.monotonic() + seconds
    with Database(url) as db, recording(Budget(rate, allowance=Units(db)), every=0.2) as budget:

        def take(bulk):
            while time.monotonic() < end:
                try:
                    taken.append(budget.spend("ada", GET, bulk=bulk))
                except NoUnits:
                    time.sleep(0.05)
                time.sleep(0.01)  # or the first would be done before the second begins

        threads = [threading.Thread(target=take, args=(bulk,)) for bulk in (False, True)]
        say("ready")
        sys.stdin.readline()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    say(sum(taken))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
