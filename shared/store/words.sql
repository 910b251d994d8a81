-- name: try_turn
SELECT true FROM mailroom.words_progress p
 WHERE EXISTS (SELECT FROM mailroom.email_changes WHERE id > p.done)
   FOR UPDATE SKIP LOCKED;

-- name: next
SELECT coalesce(max(id), 0), coalesce(array_agg(DISTINCT email_id) FILTER (WHERE kind IN ('stored', 'joined')), '{}')
  FROM (SELECT id, email_id, kind FROM mailroom.email_changes
         WHERE id > (SELECT done FROM mailroom.words_progress) ORDER BY id LIMIT %(limit)s) AS changes;

-- name: write
-- The beginning of a very long text is enough: a list of words may have at most a megabyte.
INSERT INTO mailroom.email_words (email_id, words)
SELECT e.id,
       setweight(to_tsvector('pg_catalog.simple', e.subject), 'A')
       || setweight(to_tsvector('pg_catalog.simple', people.names), 'B')
       || setweight(to_tsvector('pg_catalog.simple', left(e.body_text, 100000)), 'D')
  FROM mailroom.emails e
 CROSS JOIN LATERAL (
       SELECT left(coalesce(string_agg(p.name || ' ' || p.address, ' '), ''), 20000) AS names
         FROM mailroom.email_participants p WHERE p.email_id = e.id
       ) AS people
 WHERE e.id = ANY (%(ids)s)
ON CONFLICT (email_id) DO UPDATE SET words = excluded.words;

-- name: finished
UPDATE mailroom.words_progress SET done = %(id)s;
