"""What a sender writes into headers does not decide whose conversation a message is in."""

from shared.store import investors
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN

MAL = "mal@rival.example"


def two_conversations(world):
    """Ivy writes to Ada, and Mal, an investor as well, to Ben."""
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Mal", "", "address", MAL)])
    world.enrol(ADA)
    world.enrol(BEN)
    world.arrive(ADA, mail(subject="ivy", message_id="root@lp.example"))
    world.arrive(BEN, mail(sender=MAL, to=BEN, subject="mal", message_id="own@rival.example"))


def threads(world):
    """Return the subjects of each conversation."""
    return world.rows(
        b"SELECT array_agg(subject ORDER BY subject) FROM crm.emails GROUP BY thread_id ORDER BY 1"
    )


def test_a_participant_of_one_conversation_who_cites_another_stays_in_his_own(world):
    two_conversations(world)
    cites = "References: <root@lp.example> <own@rival.example>\r\nIn-Reply-To: <root@lp.example>\r\n"

    world.arrive(BEN, mail(sender=MAL, to=BEN, subject="mal again", extra=cites))

    assert threads(world) == [(["ivy"],), (["mal", "mal again"],)]


def test_the_same_message_id_on_another_message_joins_nothing(world):
    two_conversations(world)

    world.arrive(BEN, mail(sender=MAL, to=BEN, subject="mal forged", message_id="root@lp.example", text="!"))
    world.arrive(ADA, mail(subject="ivy again", extra="References: <root@lp.example>\r\n"))

    assert threads(world) == [(["ivy", "ivy again"],), (["mal"],), (["mal forged"],)]
