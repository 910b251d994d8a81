-- A function and not a column: the index of words cannot be used through a view that withholds rows.
-- Words that may not be read decide nothing, not by their absence either: where only subjects show, the whole
-- question is put to the words of subject and people.  The index is asked for a superset, the question without
-- what it says must be absent; of a question that says nothing else, every message (none has the word " ").
CREATE OR REPLACE FUNCTION crm.search(query text, most integer DEFAULT 100, before timestamptz DEFAULT 'infinity')
RETURNS TABLE (email_id bigint, thread_id bigint, sent_at timestamptz, subject text, author_address text, snippet text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
AS $$
    SELECT e.id, e.thread_id, e.sent_at, e.subject, e.author_address,
           CASE WHEN v.strictness = 0 THEN e.snippet END
      FROM (SELECT q AS asked, CASE querytree(q) WHEN 'T' THEN '!'' ''' ELSE querytree(q) END::tsquery AS near
              FROM websearch_to_tsquery('pg_catalog.simple', search.query) AS q OFFSET 0) AS question
      JOIN mailroom.email_words w ON w.words @@ question.near
      JOIN mailroom.emails e ON e.id = w.email_id
     CROSS JOIN LATERAL (SELECT s.strictness FROM mailroom.shown s WHERE s.email_id = e.id LIMIT 1) AS v
     WHERE CASE v.strictness
               WHEN 0 THEN question.near = question.asked OR w.words @@ question.asked
               WHEN 1 THEN ts_filter(w.words, '{a,b}') @@ question.asked
               ELSE false
           END
       AND e.sent_at < search.before
     ORDER BY e.sent_at DESC, e.id DESC
     LIMIT least(greatest(search.most, 0), 1000)
$$;
REVOKE ALL ON FUNCTION crm.search(text, integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION crm.search(text, integer, timestamptz) IS 'Visible messages with these words in subject, people or text, newest first: at most 1000, sent before a time when one is given. Words as in a web search: word, "exact phrase", or, -without. Of a mailbox that shows subjects only, subjects and people are searched; of one that shows metadata, nothing. A message is found a moment after it is stored.';
