-- name: unproved
-- Thread by thread, the newest first: a thread is read as a whole.
WITH first AS (
    SELECT gmail_id, gmail_thread_id
      FROM mailroom.account_messages
     WHERE account_id = %(account_id)s AND state = 'unmatched' AND judged_by = 'search'
     ORDER BY gmail_id DESC
     LIMIT %(limit)s
)
SELECT gmail_id, gmail_thread_id FROM first
UNION
SELECT m.gmail_id, m.gmail_thread_id
  FROM (SELECT DISTINCT gmail_thread_id FROM first WHERE gmail_thread_id <> '') AS thread
  JOIN mailroom.account_messages m
    ON m.account_id = %(account_id)s AND m.gmail_thread_id = thread.gmail_thread_id
 WHERE m.state = 'unmatched' AND m.judged_by = 'search'
 ORDER BY gmail_id DESC;

-- name: doubt_the_latest
-- *within*: what was judged so lately is doubted.  All of it arrived just now: a first capture's is not live.
UPDATE mailroom.account_messages
   SET judged_by = 'search'
 WHERE account_id = %(account_id)s AND state = 'unmatched' AND live
   AND settled_at > now() - %(within)s::interval;

-- name: unmatched
SELECT gmail_id, gmail_thread_id
  FROM mailroom.account_messages
 WHERE account_id = %(account_id)s AND state = 'unmatched'
   AND (judged_by = 'search' OR (judged_by = 'headers' AND %(everything)s))
 ORDER BY gmail_id DESC;

-- name: still_unmatched
SELECT gmail_id
  FROM mailroom.account_messages
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state = 'unmatched' AND judged_by <> 'mail'
 ORDER BY gmail_id DESC;

-- name: stored_emails
SELECT email_id, gmail_id FROM mailroom.account_messages WHERE account_id = %(account_id)s AND state = 'stored';

-- name: proved
-- With the labels that rule a message out: by these its rescue from spam or the bin will be known.
UPDATE mailroom.account_messages
   SET judged_by = 'headers',
       named = named OR gmail_id = ANY (%(matching)s),
       state = CASE WHEN gmail_id = ANY (%(waiting)s) THEN 'waiting'
                    WHEN gmail_id = ANY (%(excluded)s) THEN 'excluded' ELSE state END,
       labels = coalesce((SELECT string_to_array(said.labels, ' ')
                            FROM unnest(%(excluded)s::text[], %(labels)s::text[]) AS said (id, labels)
                           WHERE said.id = gmail_id), labels),
       settled_at = CASE WHEN gmail_id = ANY (%(waiting)s) THEN NULL ELSE settled_at END,
       not_before = now()
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state = 'unmatched' AND judged_by <> 'mail';

-- name: count_unproved
SELECT count(*) FROM mailroom.account_messages
 WHERE account_id = %(account_id)s AND state = 'unmatched' AND judged_by = 'search';
