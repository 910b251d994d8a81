"""Prices are settings: today's table, with what an operator says in its place."""

import pytest

from shared.config import from_env
from shared.errors import ConfigError
from shared.gmail.prices import PRICES

GET, THREAD = "gmail.users.messages.get", "gmail.users.threads.get"


def test_without_a_word_the_prices_are_those_of_2026():
    assert from_env({}).prices == PRICES
    assert PRICES[GET] == 20


def test_an_older_projects_prices_replace_what_they_name():
    told = from_env({"CRM_GMAIL_PRICES": " messages.get=5 , threads.get=10,"}).prices

    assert told == {**PRICES, GET: 5, THREAD: 10}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("message.get=5", "no method"),
        ("messages.get", "whole number"),
        ("messages.get=0", "whole number"),
        ("messages.get=-5", "whole number"),
        ("messages.get=2.5", "whole number"),
        ("messages.get=99999999999999999999", "whole number"),
    ],
)
def test_what_cannot_be_a_price_is_named(told, why):
    with pytest.raises(ConfigError, match=why) as bad:
        from_env({"CRM_GMAIL_PRICES": told})

    assert "CRM_GMAIL_PRICES" in str(bad.value)


def test_an_unknown_scope_is_refused():
    with pytest.raises(ConfigError, match="CRM_GMAIL_RATE_SCOPE"):
        from_env({"CRM_GMAIL_RATE_SCOPE": "project"})
