-- name: record
-- It is acknowledged, so it is on disk, also where commits need not be.
INSERT INTO mailroom.rejected_notifications AS r (reason, body_sha256, body_size, pubsub_id)
VALUES (%(reason)s, %(body_sha256)s, %(body_size)s, %(pubsub_id)s)
ON CONFLICT (reason, body_sha256) DO UPDATE
   SET times = r.times + 1, last_at = now(), pubsub_id = excluded.pubsub_id
RETURNING CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END;

-- name: count
SELECT reason, sum(times) FROM mailroom.rejected_notifications GROUP BY reason ORDER BY reason;
