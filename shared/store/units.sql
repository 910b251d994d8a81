-- name: lock
SELECT granted_at, granted, bulk_paid_at, extract(epoch FROM paused_until)::double precision, pauses, share,
       extract(epoch FROM lowered_at)::double precision,
       (SELECT extract(epoch FROM everyone.paused_until)::double precision
          FROM mailroom.unit_meters AS everyone WHERE everyone.key = '')
  FROM mailroom.unit_meters
 WHERE key = %(key)s
   FOR UPDATE;

-- name: now
SELECT extract(epoch FROM clock_timestamp())::double precision;

-- name: make
INSERT INTO mailroom.unit_meters (key) VALUES (%(key)s) ON CONFLICT DO NOTHING;

-- name: save
UPDATE mailroom.unit_meters
   SET granted_at = %(granted_at)s::double precision[], granted = %(granted)s::integer[],
       bulk_paid_at = %(bulk_paid_at)s, paused_until = to_timestamp(%(paused_until)s), pauses = %(pauses)s,
       share = %(share)s, lowered_at = to_timestamp(%(lowered_at)s)
 WHERE key = %(key)s;

-- name: record
INSERT INTO mailroom.units_spent (day, account, method, units, calls, refusals)
SELECT (clock_timestamp() AT TIME ZONE 'America/Los_Angeles')::date, new.*
  FROM unnest(%(accounts)s::text[], %(methods)s::text[], %(units)s::bigint[], %(calls)s::bigint[],
              %(refusals)s::bigint[]) AS new (account, method, units, calls, refusals)
 ORDER BY new.account, new.method -- everybody in the same order: nobody waits in a circle
    ON CONFLICT (day, account, method) DO UPDATE
   SET units = units_spent.units + excluded.units, calls = units_spent.calls + excluded.calls,
       refusals = units_spent.refusals + excluded.refusals;

-- name: today
SELECT coalesce(sum(units), 0)::bigint
  FROM mailroom.units_spent
 WHERE day = (clock_timestamp() AT TIME ZONE 'America/Los_Angeles')::date;

-- name: since
SELECT spent.day, spent.account, spent.method, spent.units, spent.calls, spent.refusals
  FROM mailroom.units_spent AS spent
 WHERE spent.day > (clock_timestamp() AT TIME ZONE 'America/Los_Angeles')::date - %(days)s::integer
 ORDER BY spent.day DESC, spent.account, spent.units DESC, spent.method;

-- name: troubled
SELECT key, share, nullif(lowered_at, '-infinity'), CASE WHEN paused_until > clock_timestamp() THEN paused_until END
  FROM mailroom.unit_meters
 WHERE share < 1 OR paused_until > clock_timestamp()
 ORDER BY key;
