CREATE OR REPLACE VIEW mailroom.shown_by_rule AS
SELECT e.id AS email_id,
       m.investor_id,
       e.sent_at,
       e.direction,
       e.kind = 'person' AS person,
       held.strictness,
       held.team
  FROM mailroom.emails e
  JOIN (SELECT DISTINCT email_id, investor_id FROM mailroom.email_matches) m ON m.email_id = e.id
 CROSS JOIN LATERAL (
       SELECT max(CASE a.visibility WHEN 'full' THEN 0 WHEN 'subject' THEN 1 ELSE 2 END)::smallint AS strictness,
              coalesce(array_agg(DISTINCT a.id) FILTER (WHERE p.email_id IS NOT NULL), '{}') AS team
         FROM mailroom.account_messages c
         JOIN mailroom.email_accounts a ON a.id = c.account_id
         LEFT JOIN mailroom.email_participants p
                ON p.email_id = c.email_id AND p.address = a.address AND p.role IN ('from', 'to')
        WHERE c.email_id = e.id AND NOT mailroom.left_out(a.address, c.labels)
       ) AS held
 WHERE NOT e.hidden
   AND held.strictness IS NOT NULL;
