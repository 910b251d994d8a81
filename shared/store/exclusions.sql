-- name: every
SELECT id, kind, value, note, created_at FROM mailroom.email_exclusions ORDER BY kind, value;

-- name: add
INSERT INTO mailroom.email_exclusions (kind, value, note) VALUES (%(kind)s, %(value)s, %(note)s)
ON CONFLICT (kind, value) DO NOTHING
RETURNING id;

-- name: remove
DELETE FROM mailroom.email_exclusions WHERE id = %(id)s RETURNING kind, value;
