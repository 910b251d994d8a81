"""Whatever arrives, it can be stored, and every view can still be read."""

import base64
import json
from itertools import islice

from infra.local.fuzz.damage import damaged
from infra.local.fuzz.samples import samples
from tests.consumer.names import ADA

VIEWS = (
    "emails",
    "threads",
    "investor_emails",
    "investor_activity",
    "attachments",
    "mailboxes",
    "email_changes",
)
MAILS = 120


def test_damaged_mail_is_settled_and_the_views_can_be_read(world):
    world.enrol(ADA)
    # A sure author first, so that what follows is an investor's whatever its damage.
    for raw in islice(damaged(samples(), 20_261_124), MAILS):
        mail = b"From: ivy@lp.example\r\n" + raw.replace(b"From:", b"X-From:")
        encoded = base64.urlsafe_b64encode(mail).decode()
        world.google.control(f"mailboxes/{ADA}/messages", {"raw": encoded, "labels": ["INBOX"]})
    world.push(ADA)
    world.work()

    states = dict(world.rows(b"SELECT state, count(*) FROM mailroom.account_messages GROUP BY 1"))
    # Damage that folds into the author's own line makes nobody of the author.
    assert set(states) <= {"stored", "unmatched"}
    assert states["stored"] > MAILS - 5
    for view in VIEWS:
        for row in world.rows(f"SELECT * FROM crm.{view}".encode()):
            json.dumps(row, default=str, ensure_ascii=False).encode()
