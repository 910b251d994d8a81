"""Keyless against the local Google, which checks role, API, scope and signature as Google does."""

import logging
import time

import pytest

from infra.cli import wiring
from infra.local.google import serve
from shared.config import from_env
from shared.credentials.keyless import KeylessTokens, Machine
from shared.errors import NoMailbox, OperatorMustAct
from tests.credentials.conftest import SA, refused
from tests.gmail.conftest import Google
from tests.gmail.scripted import ADA


@pytest.fixture(scope="module")
def running_google():
    with serve() as server:
        yield server


@pytest.fixture
def google(running_google):
    control = Google(running_google.url)
    control.control("POST", "reset")
    control.control("POST", "mailboxes", email=ADA)
    control.control("POST", "service-accounts", email=SA)
    control.control("POST", "token-creators", serviceAccount=SA)
    return control


def keyless(google, transport, clock=time.time):
    machine = Machine(google.url, google.url, transport=transport, clock=clock)
    return KeylessTokens(machine, SA, f"{google.url}/token", clock=clock)


def test_google_signs_and_takes_what_it_signed(google, transport):
    assert keyless(google, transport).token(ADA).startswith("ya29.")


def test_the_command_line_reads_mail_without_a_key_file(google, caplog):
    caplog.set_level(logging.DEBUG)
    env = {
        "CRM_GMAIL_SA_EMAIL": SA,
        "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.example",
        "CRM_GMAIL_API_URL": google.url,
        "CRM_GMAIL_TOKEN_URL": f"{google.url}/token",
        "CRM_GMAIL_IAM_URL": google.url,
        "CRM_GMAIL_METADATA_URL": google.url,
        "CRM_GMAIL_RATE_UNITS_SEC": "0",
    }

    profile = wiring.gmail(from_env(env, needs=["gmail"])).account(ADA).profile()

    assert profile.history_id
    assert "ya29." not in caplog.text
    assert "eyJ" not in caplog.text


def test_without_the_role_it_is_named_with_the_service_account(google, transport):
    google.control("POST", "token-creators", serviceAccount=SA, granted=False)

    told = refused(keyless(google, transport), OperatorMustAct)

    assert "roles/iam.serviceAccountTokenCreator" in told
    assert SA in told


def test_an_api_switched_off_is_named(google, transport):
    google.control("POST", "services", service="iamcredentials.googleapis.com", enabled=False)

    assert "enable iamcredentials.googleapis.com" in refused(keyless(google, transport), OperatorMustAct)


def test_a_service_account_switched_off_is_named_by_its_setting(google, transport):
    google.control("POST", f"service-accounts/{SA}/status", status="disabled")

    assert "CRM_GMAIL_SA_EMAIL" in refused(keyless(google, transport), OperatorMustAct)


def test_deleting_every_key_does_not_disturb(google, transport):
    google.control("POST", f"service-accounts/{SA}/delete-key")

    assert keyless(google, transport).token(ADA).startswith("ya29.")


def test_google_knows_no_such_user(google, transport):
    refused(keyless(google, transport), NoMailbox, "nobody@fund.example")


@pytest.mark.parametrize("wrong_by", [-7200, 7200, 24 * 3600])
def test_a_wrong_clock_is_named(google, transport, wrong_by):
    told = refused(keyless(google, transport, lambda: time.time() + wrong_by), OperatorMustAct)

    assert "clock is wrong" in told
