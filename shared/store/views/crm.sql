-- Schema crm: what the CRM reads, and the contract with it.  Columns are only ever added, at the end.
-- The views run with their owner's rights, so crm_reader needs nothing outside this schema.
-- A message is visible while it matches an investor; the strictest of its mailboxes decides how much of it.

CREATE OR REPLACE VIEW crm.emails WITH (security_barrier) AS
SELECT e.id,
       e.thread_id,
       e.message_id,
       CASE WHEN v.strictness <= 1 THEN e.subject END AS subject,
       e.sent_at,
       e.direction,
       e.author_address,
       e.author_name,
       CASE WHEN v.strictness = 0 THEN e.snippet END AS snippet,
       CASE WHEN v.strictness = 0 THEN e.body_text END AS body_text,
       CASE WHEN v.strictness = 0 THEN e.body_html END AS body_html,
       (ARRAY['full', 'subject', 'metadata'])[v.strictness + 1] AS visibility,
       EXISTS (SELECT FROM mailroom.email_attachments t WHERE t.email_id = e.id AND NOT t.inline) AS has_attachments,
       v.mailboxes,
       e.historic,
       e.defects,
       e.stored_at,
       CASE WHEN v.strictness = 0 THEN e.new_text END AS new_text,
       e.kind,
       CASE WHEN v.strictness = 0 THEN e.calendar END AS calendar,
       CASE WHEN v.strictness = 0 THEN e.report END AS report,
       e.sealed,
       e.verified,
       e.spf,
       e.dkim,
       e.dmarc,
       e.marks
  FROM mailroom.emails e
 CROSS JOIN LATERAL (
       SELECT max(CASE a.visibility WHEN 'full' THEN 0 WHEN 'subject' THEN 1 ELSE 2 END) AS strictness,
              array_agg(DISTINCT a.address ORDER BY a.address) AS mailboxes
         FROM mailroom.account_messages m
         JOIN mailroom.email_accounts a ON a.id = m.account_id
        WHERE m.email_id = e.id
       ) v
 WHERE v.strictness IS NOT NULL
   AND NOT e.hidden
   AND EXISTS (SELECT FROM mailroom.email_matches x WHERE x.email_id = e.id);
COMMENT ON VIEW crm.emails IS 'One row per message exchanged with an investor, however many mailboxes hold a copy.';

CREATE OR REPLACE VIEW crm.threads WITH (security_barrier) AS
SELECT e.thread_id AS id,
       (array_agg(e.subject ORDER BY e.sent_at, e.id))[1] AS subject,
       count(*) AS messages,
       min(e.sent_at) AS first_at,
       max(e.sent_at) AS last_at,
       (array_agg(e.direction ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_direction,
       (array_agg(e.author_address ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_author_address,
       (array_agg(e.author_name ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_author_name,
       (array_agg(e.snippet ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_snippet,
       bool_or(e.has_attachments) AS has_attachments
  FROM crm.emails e
 GROUP BY e.thread_id;
COMMENT ON VIEW crm.threads IS 'One row per conversation: its subject, its span, and who wrote last.';

CREATE OR REPLACE VIEW crm.investor_emails WITH (security_barrier) AS
SELECT m.investor_id,
       i.name AS investor,
       i.firm,
       m.email_id,
       e.thread_id,
       m.role,
       m.strategy,
       m.address AS matched_address,
       m.ambiguous,
       e.direction,
       e.sent_at,
       e.subject
  FROM mailroom.email_matches m
  JOIN mailroom.investors i ON i.id = m.investor_id
  JOIN crm.emails e ON e.id = m.email_id;
COMMENT ON VIEW crm.investor_emails IS 'One row per message, investor and matched address: why the message is theirs.';

CREATE OR REPLACE VIEW crm.investor_activity WITH (security_barrier) AS
SELECT i.id AS investor_id,
       i.name AS investor,
       i.firm,
       min(e.sent_at) FILTER (WHERE e.direction = 'inbound') AS first_in_at,
       max(e.sent_at) FILTER (WHERE e.direction = 'inbound') AS last_in_at,
       min(e.sent_at) FILTER (WHERE e.direction = 'outbound') AS first_out_at,
       max(e.sent_at) FILTER (WHERE e.direction = 'outbound') AS last_out_at,
       count(e.email_id) FILTER (WHERE e.sent_at > now() - interval '7 days') AS messages_7d,
       count(e.email_id) FILTER (WHERE e.sent_at > now() - interval '30 days') AS messages_30d,
       count(e.email_id) FILTER (WHERE e.sent_at > now() - interval '90 days') AS messages_90d,
       count(e.email_id) AS messages,
       CASE (array_agg(e.direction ORDER BY e.sent_at DESC, e.email_id DESC) FILTER (WHERE e.email_id IS NOT NULL))[1]
            WHEN 'inbound' THEN 'us' WHEN 'outbound' THEN 'them' END AS awaiting_reply_from,
       max(e.sent_at) AS awaiting_since
  FROM mailroom.investors i
  LEFT JOIN (SELECT DISTINCT m.investor_id, e.id AS email_id, e.direction, e.sent_at
               FROM mailroom.email_matches m
               JOIN crm.emails e ON e.id = m.email_id) e ON e.investor_id = i.id
 GROUP BY i.id, i.name, i.firm;
COMMENT ON VIEW crm.investor_activity IS 'One row per investor: first and last mail each way, how much lately, and who owes a reply since when.';

CREATE OR REPLACE VIEW crm.attachments WITH (security_barrier) AS
SELECT t.id,
       t.email_id,
       t.part_id,
       t.filename,
       t.media_type,
       t.size,
       t.sha256,
       t.inline,
       t.skipped
  FROM mailroom.email_attachments t
  JOIN crm.emails e ON e.id = t.email_id
 WHERE e.visibility = 'full';
COMMENT ON VIEW crm.attachments IS 'Files of messages that may be read in full; skipped says why a file itself is not held.';

CREATE OR REPLACE VIEW crm.mailboxes WITH (security_barrier) AS
SELECT a.id,
       a.address,
       a.status,
       a.status_reason,
       a.visibility,
       a.watch_expires_at,
       a.watch_error,
       d.last_pushed_at AS last_push_at,
       a.last_success_at,
       greatest(now() - d.due_at, interval '0') AS behind,
       c.waiting,
       c.stored,
       c.unmatched,
       c.excluded,
       c.gone,
       c.dead,
       EXISTS (SELECT FROM mailroom.email_searches s WHERE s.account_id = a.id AND s.state = 'listing' AND s.purpose <> 'newest') AS listing,
       d.push_broken_at
  FROM mailroom.email_accounts a
  JOIN mailroom.email_deltas d ON d.account_id = a.id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE m.state = 'waiting') AS waiting,
              count(*) FILTER (WHERE m.state = 'stored') AS stored,
              count(*) FILTER (WHERE m.state = 'unmatched') AS unmatched,
              count(*) FILTER (WHERE m.state = 'excluded') AS excluded,
              count(*) FILTER (WHERE m.state = 'gone') AS gone,
              count(*) FILTER (WHERE m.state = 'dead') AS dead
         FROM mailroom.account_messages m
        WHERE m.account_id = a.id
       ) c;
COMMENT ON VIEW crm.mailboxes IS 'One row per captured mailbox: is it watched, is it up to date, and what became of its messages.';

CREATE OR REPLACE VIEW crm.email_changes WITH (security_barrier) AS
SELECT id, email_id, kind, historic, at
  FROM mailroom.email_changes;
COMMENT ON VIEW crm.email_changes IS 'The feed a CRM follows: remember the last id you saw, ask for greater ones; ids appear in order.';
