-- name: push
-- One upsert and nothing else: this is all a notification costs.  An account that waits for people is
-- noted too, for the day it works again, but no notification makes it due.  One whose notifications tell
-- of nothing is due when its pause ends.  What is acknowledged is on disk, also where commits need not be.
WITH account AS (
    SELECT a.id, a.status,
           coalesce(d.due_at > greatest(now(), d.paced_until), true) AND a.status = 'active' AS turns_due
      FROM mailroom.email_accounts a
      LEFT JOIN mailroom.email_deltas d ON d.account_id = a.id
     WHERE a.address = %(address)s
), pushed AS (
    INSERT INTO mailroom.email_deltas AS d (account_id, wake, pushed_history_id, first_pushed_at, last_pushed_at)
    SELECT id, 1, %(history_id)s, now(), now() FROM account
    ON CONFLICT (account_id) DO UPDATE
       SET due_at = CASE WHEN (SELECT status FROM account) = 'active'
                         THEN least(d.due_at, greatest(now(), d.paced_until)) ELSE d.due_at END,
           wake = d.wake + 1,
           lag_looks = 0,
           pushed_history_id = greatest(d.pushed_history_id, excluded.pushed_history_id),
           first_pushed_at = coalesce(d.first_pushed_at, now()),
           last_pushed_at = now(),
           unpushed_since = NULL, unpushed_at = NULL, push_broken_at = NULL
    RETURNING account_id
)
SELECT p.account_id,
       CASE WHEN a.turns_due THEN pg_notify('mailroom_due', p.account_id::text) END,
       CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
  FROM pushed p JOIN account a ON a.id = p.account_id;

-- name: wake
UPDATE mailroom.email_deltas d
   SET due_at = least(d.due_at, now()), wake = d.wake + 1
  FROM mailroom.email_accounts a
 CROSS JOIN LATERAL pg_notify('mailroom_due', a.id::text)
 WHERE a.id = d.account_id AND a.status = 'active' AND a.id = ANY (%(ids)s);

-- name: lease
-- Other workers skip a locked row instead of waiting for it.  Accounts that wait for an operator or a
-- mailbox are due seldom, to see by themselves when the trouble is over; 'reconnect' and 'paused' never.
WITH next AS (
    SELECT d.account_id
      FROM mailroom.email_deltas d
      JOIN mailroom.email_accounts a ON a.id = d.account_id
     WHERE d.due_at <= now() AND a.status IN ('active', 'operator', 'no_mailbox')
       AND (d.lease_until IS NULL OR d.lease_until < now())
     ORDER BY d.due_at
     LIMIT 1
       FOR UPDATE OF d SKIP LOCKED
)
UPDATE mailroom.email_deltas d
   SET fence = d.fence + 1, lease_owner = %(owner)s, lease_until = now() + %(lasts)s
  FROM next
 WHERE d.account_id = next.account_id
RETURNING d.account_id, d.fence;

-- name: others_wait
-- News is served at once; what is merely due may wait a little, for giving way costs a look of two units.
SELECT EXISTS (
    SELECT FROM mailroom.email_deltas d
      JOIN mailroom.email_accounts a ON a.id = d.account_id
     WHERE d.account_id <> %(account_id)s AND a.status IN ('active', 'operator', 'no_mailbox')
       AND d.due_at <= now() - CASE WHEN d.first_pushed_at IS NULL THEN interval '10 seconds' ELSE interval '0' END
       AND (d.lease_until IS NULL OR d.lease_until < now())
);

-- name: hold
-- No comparison with the clock: an expired lease that nobody took is still ours.
UPDATE mailroom.email_deltas
   SET lease_until = clock_timestamp() + %(lasts)s
 WHERE account_id = %(account_id)s AND fence = %(fence)s AND lease_owner IS NOT NULL
RETURNING wake, coalesce(paced_until > clock_timestamp(), false) AS paced;

-- name: pushed
SELECT wake, pushed_history_id AS history_id, first_pushed_at AS first_at, lag_looks, vain_looks AS vain,
       clock_timestamp() - paced_until AS calm
  FROM mailroom.email_deltas
 WHERE account_id = %(account_id)s;

-- name: served
-- What Gmail never showed may still come: the next poll that finds it counts from the notification.
UPDATE mailroom.email_deltas
   SET first_pushed_at = CASE WHEN %(lagging)s THEN first_pushed_at END, pushed_history_id = NULL
 WHERE account_id = %(account_id)s AND fence = %(fence)s AND wake = %(wake)s;

-- name: pace
UPDATE mailroom.email_deltas
   SET vain_looks = %(vain)s, paced_until = clock_timestamp() + %(pause)s
 WHERE account_id = %(account_id)s AND fence = %(fence)s;

-- name: found_unpushed
-- Not soon after a notification: Gmail sends one a second at most, so a burst's last changes have none.
UPDATE mailroom.email_deltas
   SET unpushed_since = coalesce(unpushed_since, now()), unpushed_at = now()
 WHERE account_id = %(account_id)s AND fence = %(fence)s
   AND (last_pushed_at IS NULL OR last_pushed_at < now() - interval '2 minutes');

-- name: silences
SELECT a.id AS account_id, d.unpushed_since, d.unpushed_at, d.push_broken_at, a.watch_restarted_at
  FROM mailroom.email_deltas d
  JOIN mailroom.email_accounts a ON a.id = d.account_id
 WHERE a.status = 'active' AND d.unpushed_since IS NOT NULL
 ORDER BY a.id;

-- name: mark_push_broken
-- Not when a notification came in between: it has cleared what was judged.
UPDATE mailroom.email_deltas SET push_broken_at = %(now)s
 WHERE account_id = %(account_id)s AND push_broken_at IS NULL AND unpushed_at IS NOT NULL;

-- name: release
UPDATE mailroom.email_deltas d
   SET lease_owner = NULL, lease_until = NULL,
       lag_looks = CASE WHEN quiet THEN coalesce(%(lag_looks)s, d.lag_looks) ELSE 0 END,
       due_at = CASE WHEN quiet THEN now() + %(due_in)s ELSE greatest(now(), d.paced_until) END
  FROM (SELECT account_id, wake = coalesce(%(seen_wake)s::bigint, wake) AS quiet
          FROM mailroom.email_deltas WHERE account_id = %(account_id)s FOR UPDATE) AS since
 WHERE d.account_id = since.account_id AND d.fence = %(fence)s;

-- name: next_due
SELECT min(CASE WHEN d.lease_until IS NULL THEN d.due_at ELSE greatest(d.due_at, d.lease_until) END)
  FROM mailroom.email_deltas d
  JOIN mailroom.email_accounts a ON a.id = d.account_id
 WHERE a.status IN ('active', 'operator', 'no_mailbox');
