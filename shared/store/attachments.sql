-- name: next_to_fetch
-- Of messages somebody may see, from a mailbox we may read.  Whoever takes one postpones it first, so that
-- nobody else takes it, and a process that dies has taken it for a while only.
UPDATE mailroom.email_attachments t
   SET not_before = now() + %(lasts)s, attempts = t.attempts + 1
  FROM (SELECT f.id, a.address, c.gmail_id, e.raw_sha256, e.sent_at, f.part_id, f.size
          FROM mailroom.email_attachments f
          JOIN mailroom.emails e ON e.id = f.email_id
          JOIN LATERAL (SELECT m.account_id, m.gmail_id FROM mailroom.account_messages m
                          JOIN mailroom.email_accounts b ON b.id = m.account_id
                         WHERE m.email_id = e.id AND m.state = 'stored' AND b.status = 'active'
                         ORDER BY m.account_id LIMIT 1) AS c ON true
          JOIN mailroom.email_accounts a ON a.id = c.account_id
         WHERE f.sha256 IS NULL AND NOT f.failed AND f.not_before <= now() AND f.size <= %(most)s
           AND EXISTS (SELECT FROM mailroom.shown s WHERE s.email_id = e.id)
         ORDER BY f.not_before
         LIMIT 1 FOR UPDATE OF f SKIP LOCKED) AS due
 WHERE t.id = due.id
RETURNING t.id, due.address, due.gmail_id, due.raw_sha256, due.sent_at, due.part_id, due.size, t.attempts;

-- name: held
UPDATE mailroom.email_attachments SET sha256 = %(sha256)s, skipped = '' WHERE id = %(id)s AND sha256 IS NULL;

-- name: failed
UPDATE mailroom.email_attachments SET failed = true, skipped = %(why)s WHERE id = %(id)s AND sha256 IS NULL;

-- name: postponed
UPDATE mailroom.email_attachments SET not_before = now() + %(after)s WHERE id = %(id)s;
