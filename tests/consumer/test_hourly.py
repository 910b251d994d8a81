"""What a consumer clears away every hour."""

from datetime import timedelta

from consumer.worker import clear_away
from shared.store import rejects


def test_rejects_of_last_month_are_forgotten_by_the_hourly_sweep(world):
    with world.db.transaction() as conn:
        for body in (b"old", b"new"):
            rejects.record(conn, reason="body_not_json", body=body)
        ago = {"ago": rejects.KEPT + timedelta(days=1)}
        conn.execute(
            b"UPDATE mailroom.rejected_notifications SET last_at = now() - %(ago)s WHERE body_size = 3"
            b" AND body_sha256 = encode(sha256('old'), 'hex')",
            ago,
        )

    clear_away(world.deps)

    with world.db.transaction() as conn:
        assert rejects.count(conn) == {"body_not_json": 1}
