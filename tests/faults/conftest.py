"""The fund that most tests of faults play with."""

import pytest

from tests.faults.playing import playing


@pytest.fixture
def play(tmp_path):
    with playing(tmp_path) as play:
        yield play
