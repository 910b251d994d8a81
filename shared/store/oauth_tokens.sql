-- name: put
INSERT INTO mailroom.oauth_tokens (account_id, sealed, scope)
VALUES (%(account)s, %(sealed)s, %(scope)s)
ON CONFLICT (account_id) DO UPDATE
   SET sealed = excluded.sealed, scope = excluded.scope, created_at = now();

-- name: get
SELECT account_id, sealed, scope FROM mailroom.oauth_tokens WHERE account_id = %(account)s;

-- name: of_address
SELECT t.account_id, t.sealed, t.scope
  FROM mailroom.oauth_tokens t
  JOIN mailroom.email_accounts a ON a.id = t.account_id
 WHERE a.address = %(address)s;

-- name: by_consent
UPDATE mailroom.email_accounts SET auth = 'oauth' WHERE id = %(account)s;

-- name: remove
DELETE FROM mailroom.oauth_tokens WHERE account_id = %(account)s;

-- name: page
SELECT account_id, sealed, scope FROM mailroom.oauth_tokens
 WHERE account_id > %(after)s
 ORDER BY account_id
 LIMIT %(limit)s;

-- name: count
SELECT count(*) FROM mailroom.oauth_tokens;

-- name: reseal
-- Only what was read is replaced: an account connected again in between keeps its new grant.
UPDATE mailroom.oauth_tokens
   SET sealed = %(sealed)s
 WHERE account_id = %(account)s AND sealed = %(expected)s;
