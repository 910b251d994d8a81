-- name: record
INSERT INTO mailroom.rejected_notifications AS r (reason, body_sha256, body_size, pubsub_id)
VALUES (%(reason)s, %(body_sha256)s, %(body_size)s, %(pubsub_id)s)
ON CONFLICT (reason, body_sha256) DO UPDATE
   SET times = r.times + 1, last_at = now(), pubsub_id = excluded.pubsub_id;

-- name: count
SELECT reason, sum(times) FROM mailroom.rejected_notifications GROUP BY reason ORDER BY reason;
