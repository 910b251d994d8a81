"""The pace of looks as properties: however notifications come, few are in vain and none waits long."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from consumer import pace
from consumer.pace import LAG_PAUSES, LONGEST, again

MOST_IN_A_MINUTE = 9  # looks in vain, while nothing brings news
SECOND = timedelta(seconds=1)
LOOK_SEC = 0.1

moments = st.floats(0, 200, allow_nan=False)
floods = st.one_of(
    st.lists(moments, min_size=1, max_size=60),
    st.integers(1, 50).map(lambda a_second: [n / a_second for n in range(90 * a_second)]),
)


class Mailbox:
    """One mailbox on paper: when it is looked at, by the decision alone."""

    def __init__(self, pushes, arrivals=()):
        self.looks = []  # (when it began, whether it found news)
        self._vain, self._until = 0, None
        self._arrivals = sorted(arrivals)
        self._seen = -1.0
        free = 0.0  # when the consumer has ended its last look
        for pushed in sorted(pushes):
            if self.looks and pushed < self.looks[-1][0]:
                continue  # a look that begins later than this serves it
            free = self._look(max(pushed, free, self._until or 0))

    def _look(self, now):
        news = any(self._seen < arrived <= now for arrived in self._arrivals)
        calm = None if self._until is None else (now - self._until) * SECOND
        decided = pace.after(self._vain, calm, asked=True, news=news)
        self.looks.append((now, news))
        self._seen = now
        if decided is not None:
            self._vain, self._until = decided.vain, now + LOOK_SEC + decided.pause / SECOND
        return now + LOOK_SEC

    @property
    def vain(self):
        return [when for when, news in self.looks if not news]


@given(floods)
def test_in_no_minute_are_more_than_nine_looks_in_vain(pushes):
    vain = Mailbox(pushes).vain

    assert all(sum(when <= other < when + 60 for other in vain) <= MOST_IN_A_MINUTE for when in vain)


@given(floods)
def test_each_notification_is_followed_by_a_look_after_at_most_the_longest_pause(pushes):
    begun = [when for when, _ in Mailbox(pushes).looks]

    assert all(
        any(pushed <= when <= pushed + LONGEST / SECOND + 2 * LOOK_SEC for when in begun) for pushed in pushes
    )


@given(floods, st.lists(moments, max_size=20))
def test_with_news_in_between_no_two_looks_in_vain_follow_each_other_without_a_pause(pushes, arrivals):
    looks = Mailbox([*pushes, *arrivals], arrivals).looks

    assert all(later - before >= pace.PAUSES[0] / SECOND for (before, news), (later, _) in pairwise(looks) if not news)  # fmt: skip


@given(st.integers(2, 60))
def test_mail_that_comes_every_second_waits_two_seconds_at_most_though_all_is_told_twice(seconds):
    arrivals = [float(n) for n in range(seconds)]
    looks = Mailbox([*arrivals, *(when + 0.3 for when in arrivals)], arrivals).looks

    longest = pace.PAUSES[0] / SECOND + 2 * LOOK_SEC
    assert all(any(arrived <= when <= arrived + longest for when, _ in looks) for arrived in arrivals)


@given(st.integers(0, 3), st.booleans())
def test_a_look_that_nobody_asked_for_or_that_finds_news_makes_nobody_wait(vain, asked):
    calm = timedelta(0)

    assert pace.after(vain, calm, asked=False, news=False) is None
    paced = pace.after(vain, calm, asked=asked, news=True)
    assert paced is None or (paced.vain, paced.pause) == (0, timedelta(0))


def test_one_early_notification_is_looked_for_after_each_of_the_pauses_and_then_no_more():
    seen, vain, looks, pause = [], 0, 0, timedelta(0)
    while True:
        paced = pace.after(vain, -pause, asked=True, news=False)
        vain = paced.vain
        found = again(looks, paced.pause)
        if found is None:
            break
        seen.append(found.pause)
        looks, pause = found.lag_looks, found.pause

    assert tuple(seen) == LAG_PAUSES


@given(st.integers(0, 5), st.sampled_from([timedelta(0), *pace.PAUSES]))
def test_a_look_for_what_lags_never_comes_before_the_pace_allows_and_they_end(looks, pause):
    found = again(looks, pause)

    if found is not None:
        assert found.pause >= pause
        assert looks < found.lag_looks <= len(LAG_PAUSES)
