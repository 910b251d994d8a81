"""A grant that dies stops its mailbox with a sentence; connected again, it captures what came meanwhile."""

import pytest

from consumer.matching import Matching
from consumer.parsing import Parsers
from consumer.run import Deps
from consumer.worker import attend
from shared.blobs import BlobStore
from shared.store import deltas, investors
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.oauth.test_consent import ADA, here, server  # noqa: F401 - the fixtures

STATUS = b"SELECT status, status_reason <> '' FROM mailroom.email_accounts"


@pytest.fixture
def work(here, tmp_path):  # noqa: F811 - a fixture
    with here.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Ivy", "", "address", "ivy@lp.example")])
    with Parsers(1) as parsers:
        deps = Deps(
            here.db,
            here.gmail(),
            BlobStore(tmp_path),
            parsers,
            here.settings,
            lambda: False,
            Matching(here.db, frozenset()),
        )

        def work():
            here.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
            with here.db.transaction() as conn:
                lease = deltas.lease(conn, owner="test", lasts=deltas.LEASE)
            if lease is not None:
                attend(deps, lease)

        yield work


def test_it_asks_to_be_connected_again_and_misses_nothing(here, work):  # noqa: F811 - a fixture
    here.connect()
    work()
    here.control(f"users/{ADA}/revoke")
    here.control(f"mailboxes/{ADA}/messages", {"rawUtf8": mail(subject="meanwhile"), "notify": False})
    work()
    assert here.rows(STATUS) == [("reconnect", True)]
    work()  # not leased: nobody asks Google again
    [(cursor,)] = here.rows(b"SELECT cursor FROM mailroom.email_accounts")

    assert here.connect().status_code == 200
    assert here.rows(b"SELECT cursor, status FROM mailroom.email_accounts") == [(cursor, "active")]
    work()

    assert here.rows(b"SELECT subject FROM crm.emails") == [("meanwhile",)]


def test_a_rotated_secret_is_an_operators_business(here, work):  # noqa: F811 - a fixture
    here.connect()
    here.control(f"oauth-clients/{here.settings.oauth_client_id}/rotate-secret")

    work()

    [(status, reason)] = here.rows(b"SELECT status, status_reason FROM mailroom.email_accounts")
    assert status == "operator"
    assert "CRM_GMAIL_OAUTH_CLIENT_SECRET" in reason
