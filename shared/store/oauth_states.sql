-- name: forget_old
DELETE FROM mailroom.oauth_states WHERE created_at < now() - interval '10 minutes';

-- name: begin
INSERT INTO mailroom.oauth_states (state_sha256, secret_sha256, address, actor)
VALUES (%(state)s, %(secret)s, %(address)s, %(actor)s);

-- name: finish
DELETE FROM mailroom.oauth_states
 WHERE state_sha256 = %(state)s AND secret_sha256 = %(secret)s AND created_at > now() - interval '10 minutes'
RETURNING address, actor;
