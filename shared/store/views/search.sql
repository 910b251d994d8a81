-- A function and not a column: the index of words cannot be used through a view that withholds rows.
-- Words that may not be read decide nothing, not by their absence either: where only subjects show, the whole
-- question is put to the words of subject and people.  The index is asked for a superset, the question without
-- what it says must be absent; of a question that says nothing else, every message (none has the word " ").
-- pg_temp is named, and last: unnamed it comes first for types, and a type of the reader's own may run a function.
-- Planned anew for each question, because only its words tell whether to begin with the index (a rare one) or
-- with the newest mail (one that is in every tenth): a plan for any question took seconds at a million messages.
CREATE OR REPLACE FUNCTION crm.search(query text, most integer DEFAULT 100, before timestamptz DEFAULT 'infinity')
RETURNS TABLE (email_id bigint, thread_id bigint, sent_at timestamptz, subject text, author_address text, snippet text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    asked tsquery := websearch_to_tsquery('pg_catalog.simple', query);
    near  tsquery := CASE querytree(asked) WHEN 'T' THEN '!'' ''' ELSE querytree(asked) END;
BEGIN
    RETURN QUERY EXECUTE $statement$
        SELECT e.id, e.thread_id, e.sent_at, e.subject, e.author_address,
               CASE WHEN v.strictness = 0 THEN e.snippet END
          FROM mailroom.email_words w
          JOIN mailroom.emails e ON e.id = w.email_id
         CROSS JOIN LATERAL (SELECT s.strictness FROM mailroom.shown s WHERE s.email_id = e.id LIMIT 1) AS v
         WHERE w.words @@ $2
           AND CASE v.strictness
                   WHEN 0 THEN $1 = $2 OR w.words @@ $1
                   WHEN 1 THEN ts_filter(w.words, '{a,b}') @@ $1
                   ELSE false
               END
           AND e.sent_at < $3
         ORDER BY e.sent_at DESC, e.id DESC
         LIMIT $4
    $statement$ USING asked, near, before, least(greatest(most, 0), 1000);
END
$$;
REVOKE ALL ON FUNCTION crm.search(text, integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION crm.search(text, integer, timestamptz) IS 'Visible messages with these words in subject, people or text, newest first: at most 1000, sent before a time when one is given. Words as in a web search: word, "exact phrase", or, -without. Of a mailbox that shows subjects only, subjects and people are searched; of one that shows metadata, nothing. A message is found a moment after it is stored.';
