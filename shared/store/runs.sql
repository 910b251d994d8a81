-- name: record
INSERT INTO mailroom.email_sync_runs (account_id, kind, status, started_at, stored, unmatched, excluded, gone,
                                      failed, units, error)
VALUES (%(account_id)s, %(kind)s, %(status)s, %(started_at)s, %(stored)s, %(unmatched)s, %(excluded)s, %(gone)s,
        %(failed)s, %(units)s, %(error)s);

-- name: units_spent
SELECT coalesce(sum(units), 0) FROM mailroom.email_sync_runs;
