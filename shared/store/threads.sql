-- name: related
-- The rule of consumer/thread.py: what gives a reason, and of those the messages that share a participant the
-- fund does not own (*outside*), or an investor.  A copy needs neither.  What several investors claim is nobody's
-- for certain, and holds nothing together.
-- Addresses are compared as mailroom.canonical() writes them; *outside*, *people* and *author* come so already.
WITH reason AS (
    SELECT 'gmail' AS via, e.id, e.thread_id
      FROM mailroom.email_thread_keys k
      JOIN mailroom.emails e ON e.thread_id = k.thread_id
      JOIN mailroom.account_messages m
           ON m.email_id = e.id AND m.account_id = k.account_id AND m.gmail_thread_id = k.gmail_thread_id
     WHERE k.account_id = %(account_id)s AND k.gmail_thread_id = %(gmail_thread_id)s
    UNION ALL
    SELECT 'beginning', e.id, e.thread_id
      FROM mailroom.emails e
     WHERE (e.message_id = %(beginning)s AND e.message_id <> ''
            OR e.reference_ids @> ARRAY[%(beginning)s::text] AND e.reference_ids[1] = %(beginning)s)
       AND %(beginning)s::text <> ''
       AND (e.message_id <> %(beginning)s OR e.reference_ids = '{}' OR %(references)s::text[] <> '{}')
    UNION ALL
    SELECT 'cites', e.id, e.thread_id
      FROM mailroom.emails e
     WHERE e.message_id = ANY (%(references)s::text[]) AND e.message_id <> ''
       AND mailroom.canonical(e.author_address) = ANY (%(people)s::text[])
       AND EXISTS (SELECT FROM mailroom.email_participants p
                    WHERE p.email_id = e.id AND mailroom.canonical(p.address) = %(author)s)
    UNION ALL
    SELECT 'cited', e.id, e.thread_id
      FROM mailroom.emails e
     WHERE e.reference_ids @> ARRAY[%(message_id)s::text] AND %(message_id)s::text <> ''
       AND (e.reference_ids[1] = %(message_id)s
            OR mailroom.canonical(e.author_address) = ANY (%(people)s::text[])
               AND EXISTS (SELECT FROM mailroom.email_participants p
                            WHERE p.email_id = e.id AND mailroom.canonical(p.address) = %(author)s))
)
SELECT 'copy' AS via, e.id AS email_id, e.thread_id
  FROM mailroom.emails e
 WHERE e.message_id = %(message_id)s AND e.digest = %(digest)s AND e.message_id <> ''
UNION ALL
SELECT r.via, r.id, r.thread_id
  FROM reason r
 WHERE EXISTS (SELECT FROM mailroom.email_matches m
                WHERE m.email_id = r.id AND NOT m.ambiguous AND m.investor_id = ANY (%(investors)s::bigint[]))
    OR EXISTS (SELECT FROM mailroom.email_participants p
                WHERE p.email_id = r.id AND mailroom.canonical(p.address) = ANY (%(outside)s::text[]));

-- name: around
-- The messages of every conversation these belong to, or could, by the rule of consumer/thread.py.  Each name is
-- looked up once and by itself (OFFSET 0): a join would read all messages there are.
WITH changed AS MATERIALIZED (
    SELECT id, thread_id, message_id, reference_ids, coalesce(reference_ids[1], message_id) AS beginning
      FROM mailroom.emails WHERE id = ANY (%(ids)s::bigint[])
), reached AS (
    SELECT thread_id FROM changed
    UNION
    SELECT k.thread_id
      FROM changed c
      JOIN mailroom.account_messages m ON m.email_id = c.id
      JOIN mailroom.email_thread_keys k ON k.account_id = m.account_id AND k.gmail_thread_id = m.gmail_thread_id
    UNION
    SELECT e.thread_id
      FROM (SELECT DISTINCT unnest(reference_ids || message_id) AS name FROM changed) AS c
     CROSS JOIN LATERAL (SELECT thread_id FROM mailroom.emails
                          WHERE message_id = c.name AND message_id <> '' OFFSET 0) AS e
     WHERE c.name <> ''
    UNION
    SELECT e.thread_id
      FROM (SELECT DISTINCT message_id FROM changed WHERE message_id <> '') AS c
     CROSS JOIN LATERAL (SELECT thread_id FROM mailroom.emails WHERE reference_ids @> ARRAY[c.message_id] OFFSET 0) AS e
    UNION
    SELECT e.thread_id
      FROM (SELECT DISTINCT beginning FROM changed WHERE beginning <> '') AS c
     CROSS JOIN LATERAL (SELECT thread_id FROM mailroom.emails
                          WHERE reference_ids @> ARRAY[c.beginning] AND reference_ids[1] = c.beginning OFFSET 0) AS e
)
SELECT id FROM mailroom.emails WHERE thread_id = ANY (ARRAY(SELECT thread_id FROM reached)) ORDER BY id;

-- name: as_stored
SELECT reference_ids, ARRAY(SELECT address FROM mailroom.email_participants WHERE email_id = e.id),
       ARRAY(SELECT investor_id FROM mailroom.email_matches WHERE email_id = e.id AND NOT ambiguous)
  FROM mailroom.emails e WHERE id = %(email_id)s;

-- name: hold
-- Nobody may drop a thread a message is about to join, nor join one that is about to be dropped.
SELECT id FROM mailroom.email_threads WHERE id = ANY (%(ids)s) ORDER BY id FOR KEY SHARE;

-- name: hold_alone
SELECT id FROM mailroom.email_threads WHERE id = ANY (%(ids)s) ORDER BY id FOR UPDATE;

-- name: of
SELECT DISTINCT thread_id FROM mailroom.emails WHERE id = ANY (%(ids)s::bigint[]);

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

-- name: page
SELECT id FROM mailroom.emails WHERE id > %(after)s ORDER BY id LIMIT %(limit)s;

-- name: known
SELECT e.id, e.thread_id, e.message_id, e.reference_ids, e.author_address,
       ARRAY(SELECT p.address FROM mailroom.email_participants p WHERE p.email_id = e.id) AS people,
       ARRAY(SELECT DISTINCT i.investor_id FROM mailroom.email_matches i WHERE i.email_id = e.id AND NOT i.ambiguous) AS investors,
       ARRAY(SELECT m.account_id FROM mailroom.account_messages m WHERE m.email_id = e.id ORDER BY m.account_id, m.gmail_id) AS accounts,
       ARRAY(SELECT m.gmail_thread_id FROM mailroom.account_messages m WHERE m.email_id = e.id ORDER BY m.account_id, m.gmail_id) AS gmail_threads
  FROM mailroom.emails e
 WHERE e.id = ANY (%(ids)s::bigint[])
 ORDER BY e.id;

-- name: move
UPDATE mailroom.emails e SET thread_id = w.thread_id
  FROM unnest(%(ids)s::bigint[], %(threads)s::bigint[]) AS w (id, thread_id)
 WHERE e.id = w.id;

-- name: rekey
-- A thread's keys are those of its messages' copies.  *ids*: of these threads; without: of all.
INSERT INTO mailroom.email_thread_keys (account_id, gmail_thread_id, thread_id)
SELECT DISTINCT m.account_id, m.gmail_thread_id, e.thread_id
  FROM mailroom.emails e JOIN mailroom.account_messages m ON m.email_id = e.id
 WHERE %(ids)s::bigint[] IS NULL OR e.thread_id = ANY (%(ids)s)
ON CONFLICT DO NOTHING;

-- name: unkey
DELETE FROM mailroom.email_thread_keys k
 WHERE (%(ids)s::bigint[] IS NULL OR k.thread_id = ANY (%(ids)s))
   AND NOT EXISTS (SELECT FROM mailroom.emails e JOIN mailroom.account_messages m ON m.email_id = e.id
                    WHERE e.thread_id = k.thread_id AND m.account_id = k.account_id AND m.gmail_thread_id = k.gmail_thread_id);

-- name: drop_empty
DELETE FROM mailroom.email_threads t
 WHERE (%(ids)s::bigint[] IS NULL OR t.id = ANY (%(ids)s))
   AND NOT EXISTS (SELECT FROM mailroom.emails e WHERE e.thread_id = t.id);

-- name: date
SELECT mailroom.date_threads(coalesce(%(ids)s::bigint[], ARRAY(SELECT id FROM mailroom.email_threads)));
