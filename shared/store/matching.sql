-- name: rules
SELECT investor_id, kind, value FROM mailroom.investor_addresses;

-- name: excluded
SELECT kind, value FROM mailroom.email_exclusions;

-- name: generation
SELECT coalesce(max(id), 0) FROM mailroom.match_changes;

-- name: changes
SELECT id, change, investor_id, kind, value
  FROM mailroom.match_changes
 WHERE id > %(after)s AND (%(upto)s::bigint IS NULL OR id <= %(upto)s)
 ORDER BY id LIMIT %(limit)s;

-- name: share
-- A lock of the table and not of a row: who wants it alone is not overtaken by those who share it.
LOCK TABLE mailroom.match_progress IN ROW SHARE MODE;

-- name: try_turn
SELECT true FROM mailroom.turns
 WHERE name = 'rematch'
   AND EXISTS (SELECT FROM mailroom.match_changes WHERE id > (SELECT done FROM mailroom.match_progress))
   FOR UPDATE SKIP LOCKED;

-- name: exclude
LOCK TABLE mailroom.match_progress IN EXCLUSIVE MODE;

-- name: reached
-- A consumer of an earlier version, still running, may have finished what was begun in steps.
SELECT done,
       CASE WHEN target > done THEN target END AS target,
       CASE WHEN target > done THEN position ELSE 0 END AS position
  FROM mailroom.match_progress;

-- name: advance
UPDATE mailroom.match_progress SET target = %(target)s, position = %(position)s;

-- name: finished
UPDATE mailroom.match_progress SET done = greatest(done, %(id)s), target = NULL, position = 0;

-- name: concerned
SELECT email_id FROM mailroom.email_participants
 WHERE mailroom.canonical(address) = ANY (%(addresses)s::text[]) AND email_id > %(after)s
UNION
SELECT email_id FROM mailroom.email_participants
 WHERE mailroom.domains_of(address) && %(domains)s::text[] AND email_id > %(after)s
 ORDER BY email_id LIMIT %(limit)s;

-- name: participants
SELECT email_id, role, address, name
  FROM mailroom.email_participants WHERE email_id = ANY (%(ids)s) ORDER BY email_id, position;

-- name: investors_of
SELECT email_id, array_agg(DISTINCT investor_id) FROM mailroom.email_matches WHERE email_id = ANY (%(ids)s) GROUP BY email_id;

-- name: wrongly_shown
-- What the views answer from, beside the rule it is worked out by.
WITH kept AS (
    SELECT email_id, investor_id, sent_at, direction, strictness FROM mailroom.shown WHERE email_id = ANY (%(ids)s)
), rule AS (
    SELECT email_id, investor_id, sent_at, direction, strictness FROM mailroom.shown_by_rule WHERE email_id = ANY (%(ids)s)
)
SELECT email_id FROM (SELECT * FROM kept EXCEPT SELECT * FROM rule) AS extra
UNION
SELECT email_id FROM (SELECT * FROM rule EXCEPT SELECT * FROM kept) AS missing;

-- name: drop_matches
DELETE FROM mailroom.email_matches WHERE email_id = ANY (%(ids)s);

-- name: add_matches
INSERT INTO mailroom.email_matches (email_id, investor_id, role, address, strategy, ambiguous)
SELECT m.*
  FROM unnest(%(m_email)s::bigint[], %(m_investor)s::bigint[], %(m_role)s::text[], %(m_address)s::text[],
              %(m_strategy)s::text[], %(m_ambiguous)s::boolean[]) AS m;

-- name: matched_again
UPDATE mailroom.emails e
   SET unmatched_since = NULL
 WHERE e.id = ANY (%(ids)s) AND e.unmatched_since IS NOT NULL
   AND EXISTS (SELECT FROM mailroom.email_matches m WHERE m.email_id = e.id);

-- name: matched_no_more
UPDATE mailroom.emails e
   SET unmatched_since = now()
 WHERE e.id = ANY (%(ids)s) AND e.unmatched_since IS NULL
   AND NOT EXISTS (SELECT FROM mailroom.email_matches m WHERE m.email_id = e.id)
RETURNING e.id;

-- name: outlived
-- Locked, and looked at again then: somebody may be matching it again at this moment.
SELECT id FROM mailroom.emails
 WHERE unmatched_since < now() - %(older_than)s
 ORDER BY unmatched_since LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED;
