-- name: lock
SELECT id FROM mailroom.emails WHERE id = ANY (%(ids)s) ORDER BY id FOR UPDATE;

-- name: vanished
UPDATE mailroom.emails e
   SET gone_at = now(), hidden = %(hide)s
 WHERE e.id = ANY (%(ids)s) AND e.gone_at IS NULL
   AND NOT EXISTS (SELECT FROM mailroom.account_messages m WHERE m.email_id = e.id AND m.state <> 'gone')
RETURNING e.id, e.historic;

-- name: returned
UPDATE mailroom.emails
   SET gone_at = NULL, hidden = false
 WHERE id = ANY (%(ids)s) AND gone_at IS NOT NULL
RETURNING id, historic;

-- name: forget_copies
UPDATE mailroom.account_messages
   SET email_id = NULL, state = CASE state WHEN 'gone' THEN 'gone' ELSE 'unmatched' END
 WHERE email_id = ANY (%(ids)s);

-- name: erase
WITH erased AS (
    DELETE FROM mailroom.emails WHERE id = ANY (%(ids)s) RETURNING id, thread_id
)
DELETE FROM mailroom.email_threads t
 USING erased
 WHERE t.id = erased.thread_id
   AND NOT EXISTS (SELECT FROM mailroom.emails e
                    WHERE e.thread_id = t.id AND e.id NOT IN (SELECT id FROM erased));
