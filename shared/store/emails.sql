-- name: lock
-- Sorted before they are locked: everybody takes these locks in the same order.
SELECT FROM mailroom.turns
 WHERE name = 'message'
   AND number IN (SELECT hashtextextended(key, 724013) & 511 FROM unnest(%(keys)s::text[]) AS key)
 ORDER BY number
   FOR UPDATE;

-- name: insert
WITH email AS (
    INSERT INTO mailroom.emails (thread_id, message_id, digest, subject, sent_at, date_source, direction,
                                 author_address, author_name, reference_ids, snippet, body_text, body_html,
                                 defects, raw_sha256, raw_size, historic, new_text, kind, calendar, report, sealed,
                                 spf, dkim, dmarc, verified, marks)
    VALUES (%(thread_id)s, %(message_id)s, %(digest)s, %(subject)s, %(sent_at)s, %(date_source)s, %(direction)s,
            %(author_address)s, %(author_name)s, %(references)s, %(snippet)s, %(text)s, %(html)s,
            %(defects)s, %(raw_sha256)s, %(raw_size)s, %(historic)s, %(new_text)s, %(kind)s, %(calendar)s,
            %(report)s, %(sealed)s, %(spf)s, %(dkim)s, %(dmarc)s, %(verified)s, %(marks)s)
    RETURNING id
), people AS (
    INSERT INTO mailroom.email_participants (email_id, position, role, address, name)
    SELECT email.id, p.position, p.role, p.address, p.name
      FROM email, unnest(%(p_role)s::text[], %(p_address)s::text[], %(p_name)s::text[])
                  WITH ORDINALITY AS p (role, address, name, position)
), matches AS (
    INSERT INTO mailroom.email_matches (email_id, investor_id, role, address, strategy, ambiguous)
    SELECT email.id, m.*
      FROM email, unnest(%(m_investor)s::bigint[], %(m_role)s::text[], %(m_address)s::text[],
                         %(m_strategy)s::text[], %(m_ambiguous)s::boolean[]) AS m
), files AS (
    INSERT INTO mailroom.email_attachments (email_id, part_id, filename, media_type, content_id, inline, size,
                                            sha256, skipped)
    SELECT email.id, f.*
      FROM email, unnest(%(a_part)s::text[], %(a_filename)s::text[], %(a_type)s::text[], %(a_cid)s::text[],
                         %(a_inline)s::boolean[], %(a_size)s::bigint[], %(a_sha256)s::text[],
                         %(a_skipped)s::text[]) AS f
)
SELECT id FROM email;

-- name: join
-- A sent copy proves the direction, and it alone may add people: a Bcc.  Only a received copy has a verdict.
-- What the digest leaves out (a name beside an address, a header that says a program wrote it) is that of
-- the copy our receiver vouches for.
WITH email AS (
    UPDATE mailroom.emails
       SET direction = CASE WHEN direction = 'both' OR %(direction)s = 'both' THEN 'both'
                            WHEN direction = 'outbound' OR %(direction)s = 'outbound' THEN 'outbound'
                            ELSE direction END,
           gone_at = NULL,
           hidden = false,
           author_name = CASE WHEN %(verified)s AND NOT verified THEN %(author_name)s ELSE author_name END,
           kind = CASE WHEN %(verified)s AND NOT verified THEN %(kind)s ELSE kind END,
           marks = CASE WHEN %(verified)s AND NOT verified THEN %(marks)s ELSE marks END,
           defects = CASE WHEN %(verified)s AND NOT verified THEN %(defects)s ELSE defects END,
           spf = CASE WHEN verified OR (dmarc <> '' AND NOT %(verified)s) THEN spf ELSE %(spf)s END,
           dkim = CASE WHEN verified OR (dmarc <> '' AND NOT %(verified)s) THEN dkim ELSE %(dkim)s END,
           dmarc = CASE WHEN verified OR (dmarc <> '' AND NOT %(verified)s) THEN dmarc ELSE %(dmarc)s END,
           verified = verified OR %(verified)s
     WHERE id = %(email_id)s
    RETURNING id
), people AS (
    INSERT INTO mailroom.email_participants (email_id, position, role, address, name)
    SELECT email.id, last.position + row_number() OVER (), p.role, p.address, p.name
      FROM email
     CROSS JOIN (SELECT coalesce(max(position), 0) AS position
                   FROM mailroom.email_participants WHERE email_id = %(email_id)s) AS last
     CROSS JOIN unnest(%(p_role)s::text[], %(p_address)s::text[], %(p_name)s::text[]) AS p (role, address, name)
     WHERE %(sent)s AND p.role = 'bcc'
       AND NOT EXISTS (SELECT FROM mailroom.email_participants known
                        WHERE known.email_id = email.id AND known.role = p.role AND known.address = p.address)
)
INSERT INTO mailroom.email_matches (email_id, investor_id, role, address, strategy, ambiguous)
SELECT email.id, m.*
  FROM email, unnest(%(m_investor)s::bigint[], %(m_role)s::text[], %(m_address)s::text[],
                     %(m_strategy)s::text[], %(m_ambiguous)s::boolean[]) AS m (investor_id, role, address, strategy, ambiguous)
 WHERE %(sent)s AND m.role = 'bcc'
ON CONFLICT DO NOTHING;

-- name: lock_feed
SELECT mailroom.take_turn('feed');

-- name: announce
WITH added AS (
    INSERT INTO mailroom.email_changes (email_id, kind, historic)
    SELECT * FROM unnest(%(ids)s::bigint[], %(kinds)s::text[], %(historic)s::boolean[])
    RETURNING id
)
SELECT pg_notify('mailroom_changes', max(id)::text) FROM added HAVING max(id) IS NOT NULL;
