-- name: enrol
-- The account, its delta (due at once) and its first backfill appear together or not at all.
WITH account AS (
    INSERT INTO mailroom.email_accounts (address, cursor, watch_expires_at, watch_due_at, status, status_reason)
    VALUES (%(address)s, %(cursor)s, %(watch_expires_at)s, %(watch_due_at)s, %(status)s, %(status_reason)s)
    ON CONFLICT ON CONSTRAINT account_enrolled_once DO NOTHING
    RETURNING id
), delta AS (
    INSERT INTO mailroom.email_deltas (account_id) SELECT id FROM account
), backfill AS (
    INSERT INTO mailroom.email_searches (account_id, kind) SELECT id, 'backfill' FROM account
)
SELECT id, pg_notify('mailroom_due', id::text) FROM account;

-- name: withdraw
DELETE FROM mailroom.email_accounts WHERE id = %(id)s AND status = 'paused' AND status_reason = %(reason)s;

-- name: activate
UPDATE mailroom.email_accounts SET status = 'active', status_reason = '' WHERE id = %(id)s AND status <> 'active';

-- name: by_id
SELECT id, address, status, status_reason, visibility, cursor, cursor_at, watch_expires_at, watch_due_at,
       watch_error, last_success_at
  FROM mailroom.email_accounts
 WHERE id = %(id)s;

-- name: by_address
SELECT id, address, status, status_reason, visibility, cursor, cursor_at, watch_expires_at, watch_due_at,
       watch_error, last_success_at
  FROM mailroom.email_accounts
 WHERE address = %(address)s;

-- name: every
SELECT id, address, status, status_reason, visibility, cursor, cursor_at, watch_expires_at, watch_due_at,
       watch_error, last_success_at
  FROM mailroom.email_accounts
 ORDER BY address;

-- name: watches_due
SELECT id, address, status, status_reason, visibility, cursor, cursor_at, watch_expires_at, watch_due_at,
       watch_error, last_success_at
  FROM mailroom.email_accounts
 WHERE status = 'active' AND watch_due_at <= %(now)s
 ORDER BY watch_expires_at NULLS FIRST, id;

-- name: watch_renewed
UPDATE mailroom.email_accounts
   SET watch_expires_at = %(expires_at)s, watch_due_at = %(due_at)s, watch_error = ''
 WHERE id = %(id)s;

-- name: watch_failed
UPDATE mailroom.email_accounts
   SET watch_error = %(error)s, watch_due_at = %(due_at)s
 WHERE id = %(id)s;

-- name: watch_restarted
UPDATE mailroom.email_accounts SET watch_restarted_at = %(now)s WHERE id = %(id)s;

-- name: set_status
UPDATE mailroom.email_accounts
   SET status = %(status)s, status_reason = %(reason)s
 WHERE id = %(id)s
   AND (status <> 'paused' OR %(status)s = 'paused');  -- what an admin said stands, however a run under way ends

-- name: set_visibility
UPDATE mailroom.email_accounts SET visibility = %(visibility)s WHERE id = %(id)s;

-- name: own_addresses
SELECT address FROM mailroom.email_accounts
UNION
-- What mail was delivered to is no proof: an investor an admin named stays one.
SELECT address FROM mailroom.account_aliases a
 WHERE source = 'send_as'
    OR NOT EXISTS (SELECT FROM mailroom.investor_addresses i
                    WHERE i.kind = 'address' AND i.value = mailroom.canonical(a.address));

-- name: drop_aliases
DELETE FROM mailroom.account_aliases
 WHERE account_id = %(id)s AND source = 'send_as' AND NOT address = ANY (%(addresses)s);

-- name: add_aliases
INSERT INTO mailroom.account_aliases (account_id, address, source)
SELECT %(id)s, address, %(source)s FROM unnest(%(addresses)s::text[]) AS known (address)
ON CONFLICT (account_id, address) DO UPDATE SET source = 'send_as'
 WHERE excluded.source = 'send_as' AND account_aliases.source <> 'send_as';

-- name: move_cursor
-- Only from the value the work was based on, and only forward.
UPDATE mailroom.email_accounts
   SET cursor = %(to)s, cursor_at = now()
 WHERE id = %(id)s AND cursor = %(expected)s AND %(to)s >= cursor;

-- name: restart_cursor
UPDATE mailroom.email_accounts
   SET cursor = %(to)s, cursor_at = now()
 WHERE id = %(id)s AND cursor = %(expected)s;

-- name: succeeded
UPDATE mailroom.email_accounts
   SET last_success_at = now(),
       status_reason = CASE WHEN status IN ('operator', 'no_mailbox') THEN '' ELSE status_reason END,
       status = CASE WHEN status IN ('operator', 'no_mailbox') THEN 'active' ELSE status END
 WHERE id = %(id)s;
