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
       expected = coalesce(%(expected)s, expected),
       state = CASE WHEN %(purpose)s::text IS NULL THEN 'done' ELSE state END,
       finished_at = CASE WHEN %(purpose)s::text IS NULL THEN now() END
 WHERE id = %(id)s;

-- name: add_step
INSERT INTO mailroom.email_searches (account_id, kind, purpose, terms, expected)
SELECT account_id, kind, %(purpose)s, %(terms)s, expected FROM mailroom.email_searches WHERE id = %(id)s;

-- name: ask
INSERT INTO mailroom.email_searches (account_id, kind, terms)
SELECT id, 'investor', %(terms)s FROM mailroom.email_accounts;

-- name: is_open
SELECT id FROM mailroom.email_searches WHERE id = %(id)s AND finished_at IS NULL FOR UPDATE;

-- name: pending
SELECT id, account_id, kind, purpose, terms, page_token, listed, state
  FROM mailroom.email_searches
 WHERE account_id = %(account_id)s AND kind IN ('backfill', 'investor') AND purpose <> 'newest'
   AND (finished_at IS NULL OR state = 'cancelled')
 ORDER BY array_position(ARRAY['plan', 'name', 'files', 'scan', 'rest', 'proof'], purpose), id;

-- name: resume
-- Each goes on at its page; one Gmail no longer knows begins that search anew.
UPDATE mailroom.email_searches SET state = 'listing', finished_at = NULL
 WHERE account_id = %(account_id)s AND kind IN ('backfill', 'investor') AND state = 'cancelled';

-- name: let_go
-- Ordered again they are a backfill's, as before: a check may have listed them meanwhile.
UPDATE mailroom.account_messages SET not_before = now(), listed_by = NULL
 WHERE account_id = %(account_id)s AND state = 'waiting' AND not_before = 'infinity';

-- name: order
INSERT INTO mailroom.email_searches (account_id, kind)
SELECT a.id, 'backfill'
  FROM mailroom.email_accounts a
 WHERE a.id = %(account_id)s
   AND NOT EXISTS (SELECT FROM mailroom.email_searches o
                    WHERE o.account_id = a.id AND o.kind IN ('backfill', 'recovery') AND o.purpose <> 'newest'
                      AND o.finished_at IS NULL)
ON CONFLICT DO NOTHING;

-- name: cancel
-- The look at the newest page stays: after a recovery it belongs to that.
UPDATE mailroom.email_searches SET state = 'cancelled', finished_at = now()
 WHERE account_id = %(account_id)s AND kind IN ('backfill', 'investor') AND purpose <> 'newest'
   AND finished_at IS NULL
RETURNING kind = 'backfill' AND purpose <> 'proof';

-- name: recovering
SELECT id FROM mailroom.email_searches
 WHERE account_id = %(account_id)s AND kind = 'recovery' AND finished_at IS NULL
 LIMIT 1;

-- name: hold_back
-- Only what nothing but a search has told of: history told the labels, a check or a recovery its number.
UPDATE mailroom.account_messages SET not_before = 'infinity'
 WHERE account_id = %(account_id)s AND state = 'waiting' AND not_before < 'infinity'
   AND NOT live AND labels = '{}' AND listed_by IS NULL;

-- name: is_cancelled
SELECT FROM mailroom.email_accounts a
 WHERE a.id = %(account_id)s
   AND (EXISTS (SELECT FROM mailroom.email_searches s
                 WHERE s.account_id = a.id AND s.kind IN ('backfill', 'investor') AND s.state = 'cancelled')
        OR EXISTS (SELECT FROM mailroom.account_messages m
                    WHERE m.account_id = a.id AND m.state = 'waiting' AND m.not_before = 'infinity'));

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
   AND NOT EXISTS (SELECT FROM mailroom.email_searches o
                    WHERE o.account_id = a.id AND o.kind = 'backfill' AND o.purpose <> 'proof' AND o.state = 'cancelled')
   AND greatest(a.created_at, (SELECT max(o.finished_at) FROM mailroom.email_searches o
                                WHERE o.account_id = a.id AND o.purpose = ANY (%(purposes)s)))
       <= now() - %(every)s::interval
ON CONFLICT (account_id, purpose) WHERE kind = 'check' DO UPDATE
   SET id = DEFAULT,  -- a new number: what the last check marked as listed is not marked by this one
       state = 'listing', page_token = '', listed = 0, missed = 0, created_at = now(), finished_at = NULL;
