-- name: create
INSERT INTO mailroom.api_tokens (name, role, token_sha256, expires_at)
VALUES (%(name)s, %(role)s, %(digest)s, now() + %(lasts)s);

-- name: caller
SELECT name, role FROM mailroom.api_tokens
 WHERE token_sha256 = %(digest)s AND (expires_at IS NULL OR expires_at > now());
