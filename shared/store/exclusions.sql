-- name: every
SELECT id, kind, value, note, created_at FROM mailroom.email_exclusions ORDER BY kind, value;

-- name: add
INSERT INTO mailroom.email_exclusions (kind, value, note) VALUES (%(kind)s, %(value)s, %(note)s)
ON CONFLICT (kind, value) DO NOTHING
RETURNING id;

-- name: reopen
-- What a label or a mailbox left out is looked at anew; what other labels rule out costs nothing again.
WITH again AS (
    UPDATE mailroom.account_messages m
       SET state = 'waiting', settled_at = NULL, attempts = 0, not_before = now(), error = '', live = false
      FROM mailroom.email_accounts a
     WHERE a.id = m.account_id AND m.state = 'excluded'
       AND (%(kind)s = 'account' AND a.address = %(value)s
            OR %(kind)s = 'label' AND regexp_replace(%(value)s, '^.*:', '') = ANY (m.labels)
               AND (position(':' IN %(value)s) = 0 OR a.address = split_part(%(value)s, ':', 1)))
    RETURNING m.account_id
)
SELECT DISTINCT account_id FROM again;

-- name: remove
DELETE FROM mailroom.email_exclusions WHERE id = %(id)s RETURNING kind, value;

-- name: disappears
-- Of what the views show: all messages, and those that show no more once the exclusion is there.
-- Of a label or a mailbox it is the copy that is left out: a message stays while another copy does.
SELECT count(*),
       count(*) FILTER (WHERE CASE WHEN %(kind)s = 'address' THEN EXISTS (
                    SELECT FROM mailroom.email_participants p
                     WHERE p.email_id = s.email_id AND mailroom.canonical(p.address) = %(value)s)
              WHEN %(kind)s = 'domain' THEN EXISTS (
                    SELECT FROM mailroom.email_participants p
                     WHERE p.email_id = s.email_id AND mailroom.domains_of(p.address) && ARRAY[%(value)s::text])
              ELSE NOT EXISTS (
                    SELECT FROM mailroom.account_messages c
                      JOIN mailroom.email_accounts a ON a.id = c.account_id
                     WHERE c.email_id = s.email_id
                       AND NOT mailroom.left_out(a.address, c.labels)
                       AND NOT (%(kind)s = 'account' AND a.address = %(value)s
                                OR %(kind)s = 'label' AND regexp_replace(%(value)s, '^.*:', '') = ANY (c.labels)
                                   AND (position(':' IN %(value)s) = 0
                                        OR a.address = split_part(%(value)s, ':', 1)))) END)
  FROM (SELECT DISTINCT email_id FROM mailroom.shown) s;
