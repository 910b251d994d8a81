-- Everything comes from the index shown_to_investor; of messages themselves only the last is read, and their last.
CREATE OR REPLACE VIEW crm.investor_activity WITH (security_barrier) AS
SELECT i.id AS investor_id,
       i.name AS investor,
       i.firm,
       a.first_in_at,
       a.last_in_at,
       a.first_out_at,
       a.last_out_at,
       a.messages_7d,
       a.messages_30d,
       a.messages_90d,
       a.messages,
       CASE last.direction WHEN 'inbound' THEN 'us' WHEN 'outbound' THEN 'them' END AS awaiting_reply_from,
       turn.since AS awaiting_since,
       last.email_id AS last_email_id,
       last.sent_at AS last_at,
       last.author_address AS last_author_address,
       last.author_name AS last_author_name,
       last.subject AS last_subject,
       team.addresses[1] AS best_teammate,
       coalesce(team.addresses, '{}') AS team,
       -- Looked for only where the last message is not theirs, and only for who asks.
       CASE last.direction
       WHEN 'inbound' THEN last.verified
       ELSE (SELECT e.verified
               FROM mailroom.shown s
               JOIN mailroom.emails e ON e.id = s.email_id
              WHERE s.investor_id = i.id AND s.person AND s.direction = 'inbound' AND s.sent_at = a.last_in_at
              ORDER BY s.email_id DESC
              LIMIT 1)
       END AS last_in_verified
  FROM mailroom.investors i
 CROSS JOIN LATERAL (
       SELECT min(s.sent_at) FILTER (WHERE s.direction = 'inbound') AS first_in_at,
              max(s.sent_at) FILTER (WHERE s.direction = 'inbound') AS last_in_at,
              min(s.sent_at) FILTER (WHERE s.direction = 'outbound') AS first_out_at,
              max(s.sent_at) FILTER (WHERE s.direction = 'outbound') AS last_out_at,
              count(*) FILTER (WHERE s.sent_at > now() - interval '7 days') AS messages_7d,
              count(*) FILTER (WHERE s.sent_at > now() - interval '30 days') AS messages_30d,
              count(*) FILTER (WHERE s.sent_at > now() - interval '90 days') AS messages_90d,
              count(*) AS messages
         FROM mailroom.shown s
        WHERE s.investor_id = i.id AND s.person
       ) AS a
  LEFT JOIN LATERAL (
       SELECT s.email_id, s.sent_at, s.direction, e.author_address, e.author_name, e.verified,
              CASE WHEN s.strictness <= 1 THEN e.subject END AS subject
         FROM mailroom.shown s
         JOIN mailroom.emails e ON e.id = s.email_id
        WHERE s.investor_id = i.id AND s.person
        ORDER BY s.sent_at DESC, s.email_id DESC
        LIMIT 1
       ) AS last ON true
  -- Since the first message after the other side's last, not since the third reminder.
  LEFT JOIN LATERAL (
       SELECT min(s.sent_at) AS since
         FROM mailroom.shown s
        WHERE s.investor_id = i.id AND s.person AND s.direction = last.direction
          AND last.direction IN ('inbound', 'outbound')
          AND s.sent_at > coalesce(CASE last.direction WHEN 'inbound' THEN a.last_out_at ELSE a.last_in_at END, '-infinity')
       ) AS turn ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(t.address ORDER BY t.messages DESC, t.last_at DESC, t.address) AS addresses
         FROM (SELECT b.address, count(*) AS messages, max(s.sent_at) AS last_at
                 FROM mailroom.shown s
                CROSS JOIN LATERAL unnest(s.team) AS one (account_id)
                 JOIN mailroom.email_accounts b ON b.id = one.account_id
                WHERE s.investor_id = i.id AND s.person AND s.sent_at > now() - interval '365 days'
                GROUP BY b.address) AS t
       ) AS team ON true;
COMMENT ON VIEW crm.investor_activity IS 'One row per investor: who wrote last, who owes a reply since when, how warm it is, and who of us knows them best. Only mail that people wrote counts: no automatic replies, reports or calendar messages.';
COMMENT ON COLUMN crm.investor_activity.investor_id IS 'The investor.';
COMMENT ON COLUMN crm.investor_activity.investor IS 'The name.';
COMMENT ON COLUMN crm.investor_activity.firm IS 'The firm; may be empty.';
COMMENT ON COLUMN crm.investor_activity.first_in_at IS 'Their first message to us.';
COMMENT ON COLUMN crm.investor_activity.last_in_at IS 'Their last message to us.';
COMMENT ON COLUMN crm.investor_activity.first_out_at IS 'Our first message to them.';
COMMENT ON COLUMN crm.investor_activity.last_out_at IS 'Our last message to them.';
COMMENT ON COLUMN crm.investor_activity.messages_7d IS 'Messages both ways in the last 7 days.';
COMMENT ON COLUMN crm.investor_activity.messages_30d IS 'Messages both ways in the last 30 days.';
COMMENT ON COLUMN crm.investor_activity.messages_90d IS 'Messages both ways in the last 90 days.';
COMMENT ON COLUMN crm.investor_activity.messages IS 'Messages both ways, ever.';
COMMENT ON COLUMN crm.investor_activity.awaiting_reply_from IS 'Who did not write last: us or them; null when nobody wrote yet.';
COMMENT ON COLUMN crm.investor_activity.awaiting_since IS 'When the first message was sent that is still without an answer from that side.';
COMMENT ON COLUMN crm.investor_activity.last_email_id IS 'The last message, crm.emails.id.';
COMMENT ON COLUMN crm.investor_activity.last_at IS 'When it was sent.';
COMMENT ON COLUMN crm.investor_activity.last_author_address IS 'Who wrote it.';
COMMENT ON COLUMN crm.investor_activity.last_author_name IS 'The name beside that address.';
COMMENT ON COLUMN crm.investor_activity.last_subject IS 'Its subject; null where that may not be seen.';
COMMENT ON COLUMN crm.investor_activity.best_teammate IS 'The mailbox that exchanged most messages with them in the last 365 days, as author or in To.';
COMMENT ON COLUMN crm.investor_activity.team IS 'All mailboxes that did, that one first.';
COMMENT ON COLUMN crm.investor_activity.last_in_verified IS 'Whether the author''s domain sent that last message to us, as in crm.emails; null when there is none. A stranger who names them in Cc counts as theirs: that they wrote it themselves, role in crm.investor_emails says.';
