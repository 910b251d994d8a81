-- name: related
-- The rule of consumer/thread.py.  *outside*: a participant the fund does not own takes part in both.
-- Addresses are compared as mailroom.canonical() writes them; *outside*, *people* and *author* come so already.
SELECT 'copy' AS via, e.id AS email_id, e.thread_id
  FROM mailroom.emails e
 WHERE e.message_id = %(message_id)s AND e.digest = %(digest)s AND e.message_id <> ''
UNION ALL
SELECT 'gmail', NULL, k.thread_id
  FROM mailroom.email_thread_keys k
 WHERE k.account_id = %(account_id)s AND k.gmail_thread_id = %(gmail_thread_id)s
   AND EXISTS (SELECT FROM mailroom.emails e
                 JOIN mailroom.account_messages m ON m.email_id = e.id
                WHERE e.thread_id = k.thread_id
                  AND m.account_id = k.account_id AND m.gmail_thread_id = k.gmail_thread_id
                  AND EXISTS (SELECT FROM mailroom.email_participants p
                               WHERE p.email_id = e.id AND mailroom.canonical(p.address) = ANY (%(outside)s::text[])))
UNION ALL
SELECT 'beginning', e.id, e.thread_id
  FROM mailroom.emails e
 WHERE (e.message_id = %(beginning)s AND e.message_id <> ''
        OR e.reference_ids @> ARRAY[%(beginning)s::text] AND e.reference_ids[1] = %(beginning)s)
   AND %(beginning)s::text <> ''
   AND EXISTS (SELECT FROM mailroom.email_participants p
                WHERE p.email_id = e.id AND mailroom.canonical(p.address) = ANY (%(outside)s::text[]))
   AND (e.message_id <> %(beginning)s OR e.reference_ids = '{}' OR %(references)s::text[] <> '{}')
UNION ALL
SELECT 'cites', e.id, e.thread_id
  FROM mailroom.emails e
 WHERE e.message_id = ANY (%(references)s::text[]) AND e.message_id <> ''
   AND EXISTS (SELECT FROM mailroom.email_participants p
                WHERE p.email_id = e.id AND mailroom.canonical(p.address) = ANY (%(outside)s::text[]))
   AND mailroom.canonical(e.author_address) = ANY (%(people)s::text[])
   AND EXISTS (SELECT FROM mailroom.email_participants p
                WHERE p.email_id = e.id AND mailroom.canonical(p.address) = %(author)s)
UNION ALL
SELECT 'cited', e.id, e.thread_id
  FROM mailroom.emails e
 WHERE e.reference_ids @> ARRAY[%(message_id)s::text] AND %(message_id)s::text <> ''
   AND EXISTS (SELECT FROM mailroom.email_participants p
                WHERE p.email_id = e.id AND mailroom.canonical(p.address) = ANY (%(outside)s::text[]))
   AND (e.reference_ids[1] = %(message_id)s
        OR mailroom.canonical(e.author_address) = ANY (%(people)s::text[])
           AND EXISTS (SELECT FROM mailroom.email_participants p
                        WHERE p.email_id = e.id AND mailroom.canonical(p.address) = %(author)s));

-- name: as_stored
SELECT reference_ids, ARRAY(SELECT address FROM mailroom.email_participants WHERE email_id = e.id)
  FROM mailroom.emails e WHERE id = %(email_id)s;

-- name: hold
-- Nobody may drop a thread a message is about to join, nor join one that is about to be dropped.
SELECT id FROM mailroom.email_threads WHERE id = ANY (%(ids)s) ORDER BY id FOR KEY SHARE;

-- name: hold_alone
SELECT id FROM mailroom.email_threads WHERE id = ANY (%(ids)s) ORDER BY id FOR UPDATE;

-- name: new
INSERT INTO mailroom.email_threads DEFAULT VALUES RETURNING id;

-- name: merge_emails
UPDATE mailroom.emails SET thread_id = %(into)s WHERE thread_id = ANY (%(others)s) RETURNING id;

-- name: merge_keys
INSERT INTO mailroom.email_thread_keys (account_id, gmail_thread_id, thread_id)
SELECT DISTINCT account_id, gmail_thread_id, %(into)s FROM mailroom.email_thread_keys WHERE thread_id = ANY (%(others)s)
ON CONFLICT DO NOTHING;

-- name: drop
DELETE FROM mailroom.email_threads WHERE id = ANY (%(others)s);

-- name: key
INSERT INTO mailroom.email_thread_keys (account_id, gmail_thread_id, thread_id)
VALUES (%(account_id)s, %(gmail_thread_id)s, %(thread_id)s)
ON CONFLICT DO NOTHING;

-- name: total
SELECT count(*) FROM mailroom.emails;

-- name: patient
-- Everything at once, and thinking in between: no other transaction of ours takes so long.
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;

-- name: known
SELECT e.id, e.thread_id, e.message_id, e.reference_ids, e.author_address,
       ARRAY(SELECT p.address FROM mailroom.email_participants p WHERE p.email_id = e.id) AS people,
       ARRAY(SELECT m.account_id FROM mailroom.account_messages m WHERE m.email_id = e.id ORDER BY m.account_id, m.gmail_id) AS accounts,
       ARRAY(SELECT m.gmail_thread_id FROM mailroom.account_messages m WHERE m.email_id = e.id ORDER BY m.account_id, m.gmail_id) AS gmail_threads
  FROM mailroom.emails e
 WHERE e.id > %(after)s
 ORDER BY e.id
 LIMIT %(limit)s;

-- name: move
UPDATE mailroom.emails e SET thread_id = w.thread_id
  FROM unnest(%(ids)s::bigint[], %(threads)s::bigint[]) AS w (id, thread_id)
 WHERE e.id = w.id;

-- name: rekey
-- A thread's keys are those of its messages' copies.
INSERT INTO mailroom.email_thread_keys (account_id, gmail_thread_id, thread_id)
SELECT DISTINCT m.account_id, m.gmail_thread_id, e.thread_id
  FROM mailroom.emails e JOIN mailroom.account_messages m ON m.email_id = e.id
ON CONFLICT DO NOTHING;

-- name: unkey
DELETE FROM mailroom.email_thread_keys k
 WHERE NOT EXISTS (SELECT FROM mailroom.emails e JOIN mailroom.account_messages m ON m.email_id = e.id
                    WHERE e.thread_id = k.thread_id AND m.account_id = k.account_id AND m.gmail_thread_id = k.gmail_thread_id);

-- name: drop_empty
DELETE FROM mailroom.email_threads t
 WHERE NOT EXISTS (SELECT FROM mailroom.emails e WHERE e.thread_id = t.id);

-- name: date
SELECT mailroom.date_threads(ARRAY(SELECT id FROM mailroom.email_threads));
