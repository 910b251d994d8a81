-- name: open_search
-- The newest page is listed once more when Gmail's index has had time to catch up with its own history.
SELECT id, account_id, kind, purpose, terms, page_token, listed, state
  FROM mailroom.email_searches
 WHERE account_id = %(account_id)s AND finished_at IS NULL
   AND (purpose <> 'newest' OR kind = 'check' OR created_at < now() - interval '30 seconds')
 ORDER BY kind = 'recovery' AND purpose <> 'proof' DESC,
          array_position(ARRAY['plan', 'name', 'files', 'newest', 'scan', 'rest', 'proof'], purpose), id
 LIMIT 1;

-- name: become
UPDATE mailroom.email_searches
   SET purpose = coalesce(%(purpose)s::text, purpose),
       terms = '{}',
       page_token = '',
       state = CASE WHEN %(purpose)s::text IS NULL THEN 'done' ELSE state END,
       finished_at = CASE WHEN %(purpose)s::text IS NULL THEN now() END
 WHERE id = %(id)s;

-- name: add_step
INSERT INTO mailroom.email_searches (account_id, kind, purpose, terms)
SELECT account_id, kind, %(purpose)s, %(terms)s FROM mailroom.email_searches WHERE id = %(id)s;

-- name: ask
INSERT INTO mailroom.email_searches (account_id, kind, terms)
SELECT id, 'investor', %(terms)s FROM mailroom.email_accounts;

-- name: look_again
-- A listing may run behind the history id that was taken before it: what it did not show yet, nothing else would.
INSERT INTO mailroom.email_searches (account_id, kind, purpose)
SELECT account_id, 'backfill', 'newest' FROM mailroom.email_searches WHERE id = %(id)s;

-- name: advance
UPDATE mailroom.email_searches
   SET page_token = %(page_token)s,
       listed = listed + %(found)s,
       state = CASE WHEN NOT %(done)s THEN state
                    WHEN kind IN ('recovery', 'check') AND purpose IN ('scan', 'rest') THEN 'confirming'
                    ELSE 'done' END,
       finished_at = CASE WHEN %(done)s AND NOT (kind IN ('recovery', 'check') AND purpose IN ('scan', 'rest')) THEN now() END
 WHERE id = %(id)s;

-- name: recover
WITH replaced AS (
    UPDATE mailroom.email_searches SET state = 'cancelled', finished_at = now()
     WHERE account_id = %(account_id)s AND kind IN ('recovery', 'check') AND finished_at IS NULL
    RETURNING id
), search AS (
    INSERT INTO mailroom.email_searches (account_id, kind) VALUES (%(account_id)s, 'recovery') RETURNING id
), moved AS (
    UPDATE mailroom.email_gaps g SET search_id = search.id
      FROM search
     WHERE g.closed_at IS NULL AND g.search_id IN (SELECT id FROM replaced)
)
INSERT INTO mailroom.email_gaps (account_id, search_id, cursor, anchor, since, reason)
SELECT a.id, search.id, %(cursor)s, %(anchor)s, a.last_success_at, %(reason)s
  FROM mailroom.email_accounts a, search
 WHERE a.id = %(account_id)s;

-- name: finish
WITH finished AS (
    UPDATE mailroom.email_searches SET state = 'done', finished_at = now()
     WHERE id = %(id)s AND finished_at IS NULL
)
UPDATE mailroom.email_gaps SET closed_at = now() WHERE search_id = %(id)s AND closed_at IS NULL;

-- name: count_gone
UPDATE mailroom.email_gaps SET gone = gone + %(number)s WHERE search_id = %(id)s;

-- name: count_recovered
-- The steps of a recovery have ids of their own; its gaps are the account's open ones.
UPDATE mailroom.email_gaps SET recovered = recovered + %(found)s
 WHERE closed_at IS NULL AND account_id = (SELECT account_id FROM mailroom.email_searches WHERE id = %(id)s);

-- name: count_missed
UPDATE mailroom.email_searches SET missed = missed + %(found)s WHERE id = %(id)s;

-- name: order_check
-- Not while anything is listed: what that finds is no news.  Any listing counts as a check of its sort.
INSERT INTO mailroom.email_searches AS s (account_id, kind, purpose)
SELECT a.id, 'check', %(purpose)s
  FROM mailroom.email_accounts a
 WHERE a.id = %(account_id)s
   AND NOT EXISTS (SELECT FROM mailroom.email_searches o WHERE o.account_id = a.id AND o.finished_at IS NULL)
   AND greatest(a.created_at, (SELECT max(o.finished_at) FROM mailroom.email_searches o
                                WHERE o.account_id = a.id AND o.purpose = ANY (%(purposes)s)))
       <= now() - %(every)s::interval
ON CONFLICT (account_id, purpose) WHERE kind = 'check' DO UPDATE
   SET state = 'listing', page_token = '', listed = 0, missed = 0, created_at = now(), finished_at = NULL;
