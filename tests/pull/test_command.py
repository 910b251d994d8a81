"""`mailroom pull` as somebody types it who has not set everything up yet."""

from click.testing import CliRunner

from infra.cli import main
from tests.pull.conftest import Bus

NOWHERE = Bus("")  # an empty PUBSUB_EMULATOR_HOST means Google itself


def ended(process):
    """Exit code, and what was said."""
    return process._child.wait(30), process.output()


def test_help_teaches_what_has_to_be_there():
    told = CliRunner().invoke(main, ["pull", "--help"]).output

    assert "gcloud pubsub subscriptions create" in told
    assert "roles/pubsub.subscriber" in told
    assert "CRM_GMAIL_PUBSUB_SUBSCRIPTION" in told


def test_without_a_subscription_the_setting_is_named(world):
    code, told = ended(world.pull(NOWHERE, CRM_GMAIL_PUBSUB_SUBSCRIPTION=""))

    assert code == 2
    assert "CRM_GMAIL_PUBSUB_SUBSCRIPTION is not set" in told


def test_without_credentials_it_is_said_where_they_come_from(world, tmp_path):
    code, told = ended(world.pull(NOWHERE, GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "none.json")))

    assert code == 2
    assert "GOOGLE_APPLICATION_CREDENTIALS" in told
    assert "Traceback" not in told


def test_without_tables_it_says_to_migrate(world, postgres_url):
    code, told = ended(world.pull(NOWHERE, DATABASE_URL=postgres_url))

    assert code == 2
    assert "mailroom migrate" in told


def test_switched_off_it_waits_and_says_so(world):
    process = world.pull(NOWHERE, CRM_GMAIL_INTEGRATION_ENABLED="false")
    process.ready("pull.idle")
    process.stop()

    assert "nothing is pulled" in process.output()
