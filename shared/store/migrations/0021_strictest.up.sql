-- A copy that is left out no longer shows the message, but still decides how much of it may be seen: to leave
-- a strict mailbox's copy out must not show to everybody what it withheld.
-- Each message's investors are looked up by themselves: sorted out beforehand, all matches there are were read
-- for every row of the feed.
CREATE OR REPLACE VIEW mailroom.shown_by_rule AS
SELECT e.id AS email_id,
       m.investor_id,
       e.sent_at,
       e.direction,
       e.kind = 'person' AS person,
       held.strictness,
       held.team
  FROM mailroom.emails e
 CROSS JOIN LATERAL (SELECT DISTINCT one.investor_id FROM mailroom.email_matches one WHERE one.email_id = e.id) AS m
 CROSS JOIN LATERAL (
       SELECT max(CASE a.visibility WHEN 'full' THEN 0 WHEN 'subject' THEN 1 ELSE 2 END)::smallint AS strictness,
              coalesce(array_agg(DISTINCT a.id) FILTER (WHERE p.email_id IS NOT NULL AND NOT copy.left_out), '{}') AS team,
              bool_and(copy.left_out) AS left_out
         FROM mailroom.account_messages c
         JOIN mailroom.email_accounts a ON a.id = c.account_id
        CROSS JOIN LATERAL (SELECT mailroom.left_out(a.address, c.labels) OFFSET 0) AS copy (left_out)
         LEFT JOIN mailroom.email_participants p
                ON p.email_id = c.email_id AND p.address = a.address AND p.role IN ('from', 'to')
        WHERE c.email_id = e.id
       ) AS held
 WHERE NOT e.hidden
   AND NOT held.left_out;

-- What was shown too openly is told in the feed, whose rows bring what the views answer from up to the rule.
INSERT INTO mailroom.email_changes (email_id, kind, historic)
SELECT DISTINCT r.email_id, 'visibility', true
  FROM mailroom.shown s
  JOIN mailroom.shown_by_rule r ON r.email_id = s.email_id AND r.investor_id = s.investor_id
 WHERE r.strictness <> s.strictness
   AND EXISTS (SELECT FROM mailroom.email_exclusions WHERE kind IN ('label', 'account'));
