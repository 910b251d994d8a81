-- A function and not a column: the index of words cannot be used through a view that withholds rows.
CREATE OR REPLACE FUNCTION crm.search(query text, most integer DEFAULT 100, before timestamptz DEFAULT 'infinity')
RETURNS TABLE (email_id bigint, thread_id bigint, sent_at timestamptz, subject text, author_address text, snippet text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT e.id, e.thread_id, e.sent_at, e.subject, e.author_address,
           CASE WHEN v.strictness = 0 THEN e.snippet END
      FROM mailroom.email_words w
      JOIN mailroom.emails e ON e.id = w.email_id
     CROSS JOIN LATERAL (SELECT s.strictness FROM mailroom.shown s WHERE s.email_id = e.id LIMIT 1) AS v
     WHERE w.words @@ websearch_to_tsquery('pg_catalog.simple', search.query)
       AND (v.strictness = 0
            OR v.strictness = 1 AND ts_filter(w.words, '{a,b}') @@ websearch_to_tsquery('pg_catalog.simple', search.query))
       AND e.sent_at < search.before
     ORDER BY e.sent_at DESC, e.id DESC
     LIMIT least(greatest(search.most, 0), 1000)
$$;
REVOKE ALL ON FUNCTION crm.search(text, integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION crm.search(text, integer, timestamptz) IS 'Visible messages with these words in subject, people or text, newest first: at most 1000, sent before a time when one is given. Words as in a web search: word, "exact phrase", or, -without. Of a mailbox that shows subjects only, subjects and people are searched; of one that shows metadata, nothing. A message is found a moment after it is stored.';
