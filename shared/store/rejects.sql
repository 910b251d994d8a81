-- name: record
-- It is acknowledged, so it is on disk, also where commits need not be.  A reason has a row for each of its
-- first bodies, so that repeats show; what comes new after so many is counted together, under zeros.
INSERT INTO mailroom.rejected_notifications AS r (reason, body_sha256, body_size, pubsub_id)
SELECT %(reason)s,
       CASE WHEN EXISTS (SELECT FROM mailroom.rejected_notifications WHERE reason = %(reason)s OFFSET %(most)s)
             AND NOT EXISTS (SELECT FROM mailroom.rejected_notifications
                              WHERE reason = %(reason)s AND body_sha256 = %(body_sha256)s)
            THEN repeat('0', 64) ELSE %(body_sha256)s END,
       %(body_size)s, %(pubsub_id)s
ON CONFLICT (reason, body_sha256) DO UPDATE
   SET times = r.times + 1, last_at = now(), pubsub_id = excluded.pubsub_id
RETURNING CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END;

-- name: count
SELECT reason, sum(times) FROM mailroom.rejected_notifications GROUP BY reason ORDER BY reason;

-- name: forget
DELETE FROM mailroom.rejected_notifications WHERE last_at < now() - %(older_than)s;
