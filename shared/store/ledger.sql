-- name: add
-- xmax is 0 in a row that was inserted, not updated.
WITH added AS (
    INSERT INTO mailroom.account_messages AS m (account_id, gmail_id, gmail_thread_id, labels, live, first_pushed_at)
    SELECT DISTINCT ON (id) %(account_id)s::bigint, id, thread,
           coalesce(string_to_array(nullif(labels, ''), ' '), '{}'), live, %(pushed_at)s::timestamptz
      FROM unnest(%(ids)s::text[], %(threads)s::text[], %(labels)s::text[], %(live)s::boolean[])
           AS seen (id, thread, labels, live)
     ORDER BY id
    ON CONFLICT (account_id, gmail_id) DO UPDATE
       SET live = true, first_pushed_at = coalesce(m.first_pushed_at, excluded.first_pushed_at),
           not_before = CASE WHEN m.not_before = 'infinity' THEN now() ELSE m.not_before END
     WHERE m.state = 'waiting' AND excluded.live AND NOT m.live
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new) FROM added;

-- name: relabel
UPDATE mailroom.account_messages m
   SET labels = coalesce(string_to_array(nullif(seen.labels, ''), ' '), '{}')
  FROM unnest(%(ids)s::text[], %(labels)s::text[]) AS seen (id, labels)
 WHERE m.account_id = %(account_id)s AND m.gmail_id = seen.id;

-- name: reopen
-- Rescued from spam, restored from the bin, sent at last: judged again as if it had just arrived.
UPDATE mailroom.account_messages
   SET state = 'waiting', settled_at = NULL, not_before = now(), attempts = 0, error = ''
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s)
   AND state IN ('excluded', 'gone') AND email_id IS NULL;

-- name: returned
UPDATE mailroom.account_messages
   SET state = 'stored', settled_at = now(), error = ''
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state = 'gone' AND email_id IS NOT NULL
RETURNING email_id;

-- name: states
SELECT gmail_id, state FROM mailroom.account_messages WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s);

-- name: disappeared
UPDATE mailroom.account_messages
   SET state = 'gone', settled_at = now(), error = ''
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state <> 'gone'
RETURNING email_id;

-- name: name
INSERT INTO mailroom.account_messages AS m (account_id, gmail_id, gmail_thread_id, live, named)
SELECT DISTINCT ON (id) %(account_id)s::bigint, id, thread, false, true
  FROM unnest(%(ids)s::text[], %(threads)s::text[]) AS seen (id, thread)
 ORDER BY id
ON CONFLICT (account_id, gmail_id) DO UPDATE
   SET named = true, state = 'waiting', settled_at = NULL, not_before = now(), attempts = 0, error = ''
 WHERE (m.state = 'unmatched' AND (m.judged_by = 'search' OR %(again)s))
    OR (m.state = 'waiting' AND (NOT m.named OR m.not_before = 'infinity'));

-- name: have_files
UPDATE mailroom.account_messages
   SET files = true
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state = 'waiting' AND NOT files;

-- name: unnamed
INSERT INTO mailroom.account_messages (account_id, gmail_id, gmail_thread_id, live, state, settled_at, judged_by)
SELECT DISTINCT ON (id) %(account_id)s::bigint, id, thread, false, 'unmatched', now(), 'search'
  FROM unnest(%(ids)s::text[], %(threads)s::text[]) AS seen (id, thread)
 ORDER BY id
ON CONFLICT (account_id, gmail_id) DO NOTHING;

-- name: count
SELECT count(*) FROM mailroom.account_messages WHERE account_id = %(account_id)s AND state <> 'gone';

-- name: known
SELECT gmail_id, gmail_thread_id AS thread_id, state, judged_by = 'search' AS by_search, live, named, files, labels
  FROM mailroom.account_messages
 WHERE account_id = %(account_id)s;

-- name: listed
UPDATE mailroom.account_messages
   SET listed_by = %(search_id)s
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state IN ('stored', 'waiting');

-- name: hidden
-- A draft is listed like any other mail: its label is no sign that anything changed.  Without any label it is
-- not known what ruled a message out (it was closed before that was written down): it is looked at once more.
SELECT gmail_id
  FROM mailroom.account_messages
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s)
   AND (state = 'gone' OR (labels && ARRAY['SPAM', 'TRASH'] AND state IN ('excluded', 'stored'))
        OR (state = 'excluded' AND labels = '{}'));

-- name: in_doubt
-- A daily check believes the labels it knows: what is in the bin is not asked for each time.
SELECT m.gmail_id
  FROM mailroom.account_messages m
  JOIN mailroom.email_searches s ON s.id = %(search_id)s
 WHERE m.account_id = %(account_id)s AND m.state = 'stored'
   AND m.listed_by IS DISTINCT FROM s.id AND m.seen_at < s.created_at
   AND (s.kind <> 'check' OR NOT m.labels && ARRAY['SPAM', 'TRASH'])
 ORDER BY m.gmail_id DESC
 LIMIT %(limit)s;

-- name: waiting
-- A cancelled backfill's wait until 'infinity': the index leaves them out.
-- With each old message that a search named come those of its thread: a thread is read as a whole.
WITH first AS (
    SELECT gmail_id, gmail_thread_id, named AND NOT live AS whole
      FROM mailroom.account_messages
     WHERE account_id = %(account_id)s AND state = 'waiting' AND not_before < 'infinity' AND not_before <= now()
     ORDER BY live DESC, gmail_id DESC
     LIMIT %(limit)s
), chosen AS (
    SELECT gmail_id FROM first
    UNION
    SELECT m.gmail_id
      FROM (SELECT DISTINCT gmail_thread_id FROM first WHERE whole AND gmail_thread_id <> '') AS thread
      JOIN mailroom.account_messages m
        ON m.account_id = %(account_id)s AND m.state = 'waiting' AND m.gmail_thread_id = thread.gmail_thread_id
     WHERE m.named AND NOT m.live AND m.not_before <= now()
)
SELECT m.gmail_id, m.gmail_thread_id, m.labels, m.live, m.attempts, m.seen_at, m.first_pushed_at,
       EXISTS (SELECT FROM mailroom.email_thread_keys k
                WHERE k.account_id = m.account_id AND k.gmail_thread_id = m.gmail_thread_id) AS known_thread,
       m.named, m.files
  FROM chosen
  JOIN mailroom.account_messages m ON m.account_id = %(account_id)s AND m.gmail_id = chosen.gmail_id
 ORDER BY m.live DESC, m.gmail_id DESC;

-- name: entries
SELECT m.gmail_id, m.gmail_thread_id, m.labels, m.live, m.attempts, m.seen_at, m.first_pushed_at,
       EXISTS (SELECT FROM mailroom.email_thread_keys k
                WHERE k.account_id = m.account_id AND k.gmail_thread_id = m.gmail_thread_id) AS known_thread,
       m.named, m.files
  FROM mailroom.account_messages m
 WHERE m.account_id = %(account_id)s AND m.gmail_id = ANY (%(ids)s) AND m.state = 'waiting';

-- name: next_waiting
SELECT greatest(min(not_before) - now(), interval '0')
  FROM mailroom.account_messages
 WHERE account_id = %(account_id)s AND state = 'waiting' AND not_before < 'infinity'
HAVING count(*) > 0;  -- greatest() of nothing and 0 would be 0

-- name: settle
UPDATE mailroom.account_messages
   SET state = %(state)s, settled_at = now(), error = %(error)s, judged_by = %(judged_by)s
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state = 'waiting';

-- name: stored
UPDATE mailroom.account_messages
   SET state = 'stored', settled_at = now(), error = '', email_id = %(email_id)s, labels = %(labels)s
 WHERE account_id = %(account_id)s AND gmail_id = %(id)s AND state = 'waiting';

-- name: postpone
-- Never less long: what was cancelled while it was asked for stays so.
UPDATE mailroom.account_messages
   SET not_before = greatest(not_before, now() + %(after)s), attempts = attempts + %(step)s, error = %(error)s
 WHERE account_id = %(account_id)s AND gmail_id = ANY (%(ids)s) AND state = 'waiting';

-- name: all_states
SELECT gmail_id, state FROM mailroom.account_messages WHERE account_id = %(account_id)s;

-- name: replay
UPDATE mailroom.account_messages
   SET state = 'waiting', settled_at = NULL, not_before = now(), attempts = 0, error = ''
 WHERE account_id = %(account_id)s AND state = 'dead'
   AND (%(gmail_id)s::text IS NULL OR gmail_id = %(gmail_id)s);

-- name: dead
SELECT gmail_id, error, settled_at AS at
  FROM mailroom.account_messages
 WHERE account_id = %(account_id)s AND state = 'dead'
 ORDER BY gmail_id DESC;
