-- name: fill
WITH one AS (INSERT INTO mailroom.investors (name) VALUES ('Everybody') RETURNING id)
INSERT INTO mailroom.investor_addresses (investor_id, kind, value)
SELECT one.id, 'address', 'p' || n || '@firm' || n %% 5000 || '.example' FROM one, generate_series(0, %(most)s - 1) AS n;

-- name: analyse
ANALYZE mailroom.investor_addresses;

-- name: ask
SELECT investor_id, kind, value FROM mailroom.investor_addresses
 WHERE kind = 'address' AND value = ANY (%(addresses)s) OR kind = 'domain' AND value = ANY (%(domains)s);
