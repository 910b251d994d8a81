-- Ask with a bound on last_at or for given ids: both use an index, whatever mail there is.
CREATE OR REPLACE VIEW crm.threads WITH (security_barrier) AS
SELECT t.id,
       seen.subject,
       seen.messages,
       seen.first_at,
       t.last_at,
       seen.last_direction,
       seen.last_author_address,
       seen.last_author_name,
       seen.last_snippet,
       seen.has_attachments,
       seen.last_verified,
       seen.last_marks
  FROM mailroom.email_threads t
 CROSS JOIN LATERAL (
       SELECT (array_agg(CASE WHEN v.strictness <= 1 THEN e.subject END ORDER BY e.sent_at, e.id))[1] AS subject,
              count(*) AS messages,
              min(e.sent_at) AS first_at,
              (array_agg(e.direction ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_direction,
              (array_agg(e.author_address ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_author_address,
              (array_agg(e.author_name ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_author_name,
              (array_agg(CASE WHEN v.strictness = 0 THEN e.snippet END ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_snippet,
              bool_or(EXISTS (SELECT FROM mailroom.email_attachments f
                               WHERE f.email_id = e.id AND NOT f.inline)) AS has_attachments,
              (array_agg(e.verified ORDER BY e.sent_at DESC, e.id DESC))[1] AS last_verified,
              -- As one text: lists of different lengths make no array of arrays.
              string_to_array((array_agg(array_to_string(e.marks, ' ') ORDER BY e.sent_at DESC, e.id DESC))[1], ' ') AS last_marks
         FROM mailroom.emails e
        CROSS JOIN LATERAL (SELECT s.strictness FROM mailroom.shown s WHERE s.email_id = e.id LIMIT 1) AS v
        WHERE e.thread_id = t.id
       ) AS seen
 WHERE t.last_at IS NOT NULL
   AND seen.messages > 0;
COMMENT ON VIEW crm.threads IS 'One row per conversation: its subject, its span, and who wrote last. Bound last_at when you want the newest.';
COMMENT ON COLUMN crm.threads.id IS 'Ours. When two conversations turn out to be one, the smaller id remains; when one turns out to be two (an investor''s address was taken back), one of them gets a new id.';
COMMENT ON COLUMN crm.threads.subject IS 'Of its first message; null where that may not be seen.';
COMMENT ON COLUMN crm.threads.messages IS 'How many visible messages.';
COMMENT ON COLUMN crm.threads.first_at IS 'When the first was sent.';
COMMENT ON COLUMN crm.threads.last_at IS 'When the last was sent.';
COMMENT ON COLUMN crm.threads.last_direction IS 'Of the last message, as in crm.emails.';
COMMENT ON COLUMN crm.threads.last_author_address IS 'Who wrote the last message.';
COMMENT ON COLUMN crm.threads.last_author_name IS 'The name beside that address.';
COMMENT ON COLUMN crm.threads.last_snippet IS 'The beginning of the last message; null where that may not be seen.';
COMMENT ON COLUMN crm.threads.has_attachments IS 'Whether any of its messages carries files.';
COMMENT ON COLUMN crm.threads.last_verified IS 'Whether the author''s domain sent the last message, as in crm.emails; whose the address is, crm.investor_emails says.';
COMMENT ON COLUMN crm.threads.last_marks IS 'What in the last message may deceive the eye, as in crm.emails.';
