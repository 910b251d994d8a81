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
