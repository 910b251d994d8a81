"""Every promise, against the local Google and against the server named in the environment, if any."""

import pytest

from tests.contract.promises import PROMISES


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_server_keeps(promise, server):
    promise(server)
