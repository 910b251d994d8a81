-- name: open_search
SELECT id, account_id, kind, query, page_token, listed
  FROM mailroom.email_searches
 WHERE account_id = %(account_id)s AND state = 'listing'
 ORDER BY id
 LIMIT 1;

-- name: advance
UPDATE mailroom.email_searches
   SET page_token = %(page_token)s,
       listed = listed + %(found)s,
       state = CASE WHEN %(done)s THEN 'done' ELSE state END,
       finished_at = CASE WHEN %(done)s THEN now() END
 WHERE id = %(id)s;

-- name: recover
WITH search AS (
    INSERT INTO mailroom.email_searches (account_id, kind) VALUES (%(account_id)s, 'recovery') RETURNING id
)
INSERT INTO mailroom.email_gaps (account_id, search_id, cursor, anchor, since)
SELECT a.id, search.id, %(cursor)s, %(anchor)s, a.last_success_at
  FROM mailroom.email_accounts a, search
 WHERE a.id = %(account_id)s;

-- name: close_gaps
UPDATE mailroom.email_gaps SET closed_at = now() WHERE search_id = %(id)s AND closed_at IS NULL;

-- name: count_recovered
UPDATE mailroom.email_gaps SET recovered = recovered + %(found)s WHERE search_id = %(id)s;
