-- name: add_investors
INSERT INTO mailroom.investors (name, firm)
SELECT DISTINCT * FROM unnest(%(names)s::text[], %(firms)s::text[])
ON CONFLICT ON CONSTRAINT investor_known_once DO NOTHING;

-- name: add_addresses
INSERT INTO mailroom.investor_addresses (investor_id, kind, value)
SELECT DISTINCT i.id, row.kind, row.value
  FROM unnest(%(names)s::text[], %(firms)s::text[], %(kinds)s::text[], %(values)s::text[])
       AS row (name, firm, kind, value)
  JOIN mailroom.investors i ON i.name = row.name AND i.firm = row.firm
ON CONFLICT (kind, value, investor_id) DO NOTHING;

-- name: terms
SELECT DISTINCT value FROM mailroom.investor_addresses ORDER BY value;
