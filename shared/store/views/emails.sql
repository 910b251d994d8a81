-- Schema crm: what the CRM reads, and the contract with it.  Columns are only ever added, at the end.
-- The views run with their owner's rights, so crm_reader needs nothing outside this schema.
-- A message is visible while mailroom.shown has it; the strictest of its mailboxes decides how much of it.
-- Each view stands on tables: a barrier on top of a barrier would be worked out for all mail there is.

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
       (SELECT array_agg(DISTINCT a.address ORDER BY a.address)
          FROM mailroom.account_messages m
          JOIN mailroom.email_accounts a ON a.id = m.account_id
         WHERE m.email_id = e.id) AS mailboxes,
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
 CROSS JOIN LATERAL (SELECT s.strictness FROM mailroom.shown s WHERE s.email_id = e.id LIMIT 1) AS v;
COMMENT ON VIEW crm.emails IS 'One row per message exchanged with an investor, however many mailboxes hold a copy. Bound sent_at when you want the newest.';
COMMENT ON COLUMN crm.emails.id IS 'Ours; never reused.';
COMMENT ON COLUMN crm.emails.thread_id IS 'Its conversation, crm.threads.id. May change, when two conversations turn out to be one, or one to be two; the feed says moved.';
COMMENT ON COLUMN crm.emails.message_id IS 'The Message-ID header without its brackets; empty when there is none. The sender chose it: do not rely on it.';
COMMENT ON COLUMN crm.emails.subject IS 'Decoded. Null where a mailbox that holds a copy shows metadata only.';
COMMENT ON COLUMN crm.emails.sent_at IS 'The Date header when it can be believed, else when Gmail received it.';
COMMENT ON COLUMN crm.emails.direction IS 'inbound, outbound (a copy with the label SENT proves it), or both: from us to ourselves and an investor.';
COMMENT ON COLUMN crm.emails.author_address IS 'Who wrote it, lower case; null when the header names nobody, or several.';
COMMENT ON COLUMN crm.emails.author_name IS 'The name beside the address, as the sender wrote it. Anybody can write anything here: see marks.';
COMMENT ON COLUMN crm.emails.snippet IS 'The beginning of the new text, of the whole text where nothing is new. Null unless visibility is full.';
COMMENT ON COLUMN crm.emails.body_text IS 'The whole text, quotations included. Null unless visibility is full.';
COMMENT ON COLUMN crm.emails.body_html IS 'The HTML as it was sent: clean it before you show it. Null unless visibility is full.';
COMMENT ON COLUMN crm.emails.visibility IS 'How much may be seen: full, subject or metadata. The strictest mailbox that holds a copy decides.';
COMMENT ON COLUMN crm.emails.has_attachments IS 'Whether it carries files, pictures inside the text not counted.';
COMMENT ON COLUMN crm.emails.mailboxes IS 'Which of our mailboxes hold or held a copy.';
COMMENT ON COLUMN crm.emails.historic IS 'Found by looking into the past rather than announced as new: no reason to notify anybody.';
COMMENT ON COLUMN crm.emails.defects IS 'What was wrong with the mail and how it was read all the same: codes of docs/defects.md.';
COMMENT ON COLUMN crm.emails.stored_at IS 'When the message was first stored.';
COMMENT ON COLUMN crm.emails.new_text IS 'The text without quotation and signature. Null unless visibility is full.';
COMMENT ON COLUMN crm.emails.kind IS 'person, calendar, auto_reply, automatic, delivery_report, read_receipt or feedback_report.';
COMMENT ON COLUMN crm.emails.calendar IS 'Of an invitation, update, cancellation or reply: {"step", "events"}. Null unless visibility is full.';
COMMENT ON COLUMN crm.emails.report IS 'Of a delivery report: {"recipients", "message_id"}. Null unless visibility is full.';
COMMENT ON COLUMN crm.emails.sealed IS 'signed or encrypted by S/MIME or PGP; else empty.';
COMMENT ON COLUMN crm.emails.verified IS 'Whether our own receiver found that the author''s domain sent it (DMARC).';
COMMENT ON COLUMN crm.emails.spf IS 'The receiver''s verdict: pass, fail, none, ...; empty when it gave none.';
COMMENT ON COLUMN crm.emails.dkim IS 'The receiver''s verdict: pass, fail, none, ...; empty when it gave none.';
COMMENT ON COLUMN crm.emails.dmarc IS 'The receiver''s verdict: pass, fail, none, ...; empty when it gave none.';
COMMENT ON COLUMN crm.emails.marks IS 'What may deceive the eye, such as letters of two scripts in one name: codes of docs/defects.md.';

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
       s.sent_at,
       CASE WHEN s.strictness <= 1 THEN e.subject END AS subject,
       e.verified,
       e.marks
  FROM mailroom.shown s
  JOIN mailroom.email_matches m ON m.email_id = s.email_id AND m.investor_id = s.investor_id
  JOIN mailroom.investors i ON i.id = s.investor_id
  JOIN mailroom.emails e ON e.id = s.email_id;
COMMENT ON VIEW crm.investor_emails IS 'One row per message, investor and matched address: why the message is theirs.';
COMMENT ON COLUMN crm.investor_emails.investor_id IS 'Whose message it is.';
COMMENT ON COLUMN crm.investor_emails.investor IS 'The investor''s name.';
COMMENT ON COLUMN crm.investor_emails.firm IS 'The investor''s firm; may be empty.';
COMMENT ON COLUMN crm.investor_emails.email_id IS 'The message, crm.emails.id.';
COMMENT ON COLUMN crm.investor_emails.thread_id IS 'The conversation, crm.threads.id.';
COMMENT ON COLUMN crm.investor_emails.role IS 'Where the address stands: from, to, cc or bcc.';
COMMENT ON COLUMN crm.investor_emails.strategy IS 'address when the address itself is the investor''s, domain when only its domain is.';
COMMENT ON COLUMN crm.investor_emails.matched_address IS 'The address of the message that matched.';
COMMENT ON COLUMN crm.investor_emails.ambiguous IS 'The address belongs to several investors; the message is listed under each.';
COMMENT ON COLUMN crm.investor_emails.direction IS 'As in crm.emails.';
COMMENT ON COLUMN crm.investor_emails.sent_at IS 'As in crm.emails.';
COMMENT ON COLUMN crm.investor_emails.subject IS 'As in crm.emails.';
COMMENT ON COLUMN crm.investor_emails.verified IS 'As in crm.emails, of the author, whoever that is: the investor wrote it where role is from as well.';
COMMENT ON COLUMN crm.investor_emails.marks IS 'As in crm.emails.';

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
 WHERE (SELECT s.strictness FROM mailroom.shown s WHERE s.email_id = t.email_id LIMIT 1) = 0;
COMMENT ON VIEW crm.attachments IS 'Files of messages that may be read in full; skipped says why a file itself is not held.';
COMMENT ON COLUMN crm.attachments.id IS 'Ours; never reused.';
COMMENT ON COLUMN crm.attachments.email_id IS 'The message, crm.emails.id.';
COMMENT ON COLUMN crm.attachments.part_id IS 'Where in the message it stands, as Gmail numbers parts.';
COMMENT ON COLUMN crm.attachments.filename IS 'Made harmless: no path, no control characters; may be empty.';
COMMENT ON COLUMN crm.attachments.media_type IS 'What the sender said it is.';
COMMENT ON COLUMN crm.attachments.size IS 'Bytes, decoded.';
COMMENT ON COLUMN crm.attachments.sha256 IS 'Of the content, hexadecimal; null when the file is not held.';
COMMENT ON COLUMN crm.attachments.inline IS 'A picture inside the text rather than a file sent along.';
COMMENT ON COLUMN crm.attachments.skipped IS 'Why the file is not held; empty when it is.';

CREATE OR REPLACE VIEW crm.email_changes WITH (security_barrier) AS
SELECT id, email_id, kind, historic, at
  FROM mailroom.email_changes;
COMMENT ON VIEW crm.email_changes IS 'The feed a CRM follows: remember the last id you saw, ask for greater ones; ids appear in order.';
COMMENT ON COLUMN crm.email_changes.id IS 'Increases; a greater one never becomes visible before a smaller one.';
COMMENT ON COLUMN crm.email_changes.email_id IS 'The message. When crm.emails does not have it, forget what you copied of it.';
COMMENT ON COLUMN crm.email_changes.kind IS 'stored, joined (a further copy), gone, returned, matched (its investors changed), unmatched (nobody''s any more), visibility (more or less of it may be seen), or moved (to another thread).';
COMMENT ON COLUMN crm.email_changes.historic IS 'Nothing new happened: no reason to notify anybody.';
COMMENT ON COLUMN crm.email_changes.at IS 'When.';
