-- name: create
INSERT INTO mailroom.api_tokens (name, role, token_sha256, expires_at)
VALUES (%(name)s, %(role)s, %(digest)s, now() + %(lasts)s);

-- name: caller
-- Its use is noted once an hour at most: a write for every request would be too many.
WITH used AS (
    UPDATE mailroom.api_tokens SET last_used_at = now()
     WHERE token_sha256 = %(digest)s AND (expires_at IS NULL OR expires_at > now())
       AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 hour')
)
SELECT name, role FROM mailroom.api_tokens
 WHERE token_sha256 = %(digest)s AND (expires_at IS NULL OR expires_at > now());

-- name: every
SELECT name, role, created_at, expires_at, last_used_at, coalesce(expires_at <= now(), false) AS expired
  FROM mailroom.api_tokens
 ORDER BY name;

-- name: revoke
DELETE FROM mailroom.api_tokens WHERE name = %(name)s RETURNING role;
