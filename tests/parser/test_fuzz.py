"""Damaged mail through the child processes; `make fuzz` goes on for minutes."""

import random
from dataclasses import replace
from itertools import islice

import pytest
from click.testing import CliRunner

from infra.cli import main
from infra.local.fuzz.damage import damaged
from infra.local.fuzz.envelopes import enveloped
from infra.local.fuzz.run import Job, fuzz
from infra.local.fuzz.samples import NOW, samples
from infra.local.fuzz.soundness import faults


@pytest.fixture(scope="module")
def honest():
    return samples()


def test_a_thousand_damaged_mails_break_no_rule(honest):
    done, found = fuzz(honest, Job(seed=20_261_124), until=lambda mails: mails >= 1_000)

    assert (done, found) == (1_000, {})


def test_thousands_of_envelopes_damaged_inside_open_or_stay_files(read):
    chance = random.Random(4)  # noqa: S311 - the same damage every time
    kinds = {one for _ in range(3_000) for one in _opened(read(enveloped(chance)))}

    # Were none of them ever opened, this would prove nothing.
    assert kinds >= {"signed", "tnef-broken", "opened"}


def _opened(mail):
    assert faults(mail, NOW) == []
    return {mail.sealed, *mail.defects, "opened" if mail.text.strip() != "See attached." else ""}


def test_the_same_seed_damages_mail_in_the_same_way(honest):
    assert list(islice(damaged(honest, 3), 20)) == list(islice(damaged(honest, 3), 20))


def test_a_broken_rule_is_noticed(honest, read):
    mail = read(honest[-1])

    assert faults(mail, NOW) == []
    assert faults(replace(mail, subject="a\0"), NOW) == ["a text nobody can store"]
    assert faults(replace(mail, defects=("parse-failed",)), NOW) == ["unforeseen: parse-failed"]
    assert faults(replace(mail, verdict=replace(mail.verdict, verified=True)), NOW) == [
        "verified without an author or without DMARC"
    ]


def test_the_command_tells_its_seed_and_what_it_found(tmp_path):
    shown = CliRunner().invoke(main, ["fuzz", "--minutes", "0.01", "--seed", "5", "--keep", str(tmp_path)])

    assert shown.exit_code == 0
    assert "Seed 5" in shown.output
    assert "0 with a fault" in shown.output
