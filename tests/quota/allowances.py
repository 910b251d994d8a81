"""Allowances that are out of reach, or slow."""

from datetime import timedelta

from shared.errors import TryLater
from shared.gmail.allowance import Alone


class Counting(Alone):
    """Counts how often it is asked; may be out of reach."""

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.asked, self.away = 0, False

    def ask(self, key, rate, want):
        self.asked += 1
        if self.away:
            raise TryLater("the database did not answer", after=timedelta(seconds=2))
        return super().ask(key, rate, want)

    def pause(self, key, pause):
        if self.away:
            raise TryLater("the database did not answer", after=timedelta(seconds=2))
        return super().pause(key, pause)

    def record(self, spent):
        if self.away:
            raise TryLater("the database did not answer", after=timedelta(seconds=2))
        return super().record(spent)


class Slow(Alone):
    """Answers so late that what it grants is no longer to be used."""

    def __init__(self, clock, seconds):
        super().__init__(clock=clock)
        self._now, self.seconds = clock, seconds

    def ask(self, key, rate, want):
        grant = super().ask(key, rate, want)
        self._now.now += self.seconds
        return grant
