-- name: hasty
SET LOCAL synchronous_commit TO off;

-- name: claim
-- In one order for everybody, so that two who claim the same blobs cannot block each other for ever.
INSERT INTO mailroom.blobs AS b (sha256, size)
SELECT * FROM unnest(%(digests)s::text[], %(sizes)s::bigint[]) AS wanted (sha256, size) ORDER BY sha256
ON CONFLICT (sha256) DO UPDATE
   SET size = excluded.size, claimed_at = now(), going = false
RETURNING sha256, claim;

-- name: hold
-- The lock is that of a foreign key's check: it keeps the row, and lets others claim it.
SELECT b.sha256
  FROM mailroom.blobs b
  JOIN unnest(%(digests)s::text[], %(claims)s::bigint[]) AS mine (sha256, claim)
    ON mine.sha256 = b.sha256 AND mine.claim = b.claim
   FOR KEY SHARE OF b;

-- name: doom_old
UPDATE mailroom.blobs b
   SET going = true, claim = nextval('mailroom.blob_claims')
 WHERE b.sha256 IN (
    SELECT c.sha256
      FROM mailroom.blobs c
     WHERE (c.going OR c.claimed_at < now() - %(older_than)s)
       AND NOT EXISTS (SELECT FROM mailroom.emails e WHERE e.raw_sha256 = c.sha256)
       AND NOT EXISTS (SELECT FROM mailroom.email_attachments a WHERE a.sha256 = c.sha256)
       AND NOT EXISTS (SELECT FROM mailroom.unread_raws u WHERE u.sha256 = c.sha256)
     LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING b.sha256, b.claim;

-- name: doom_mine
UPDATE mailroom.blobs b
   SET going = true, claim = nextval('mailroom.blob_claims')
 WHERE b.sha256 IN (
    SELECT c.sha256
      FROM mailroom.blobs c
      JOIN unnest(%(digests)s::text[], %(claims)s::bigint[]) AS mine (sha256, claim)
        ON mine.sha256 = c.sha256 AND mine.claim = c.claim
     ORDER BY c.sha256 FOR UPDATE OF c SKIP LOCKED)
RETURNING b.sha256, b.claim;

-- name: lock_doomed
SELECT FROM mailroom.blobs WHERE sha256 = %(sha256)s AND claim = %(claim)s AND going FOR UPDATE;

-- name: pardon
-- A statement of its own: it must see what was committed while we waited for the lock.
UPDATE mailroom.blobs b
   SET going = false
 WHERE b.sha256 = %(sha256)s
   AND (EXISTS (SELECT FROM mailroom.emails e WHERE e.raw_sha256 = b.sha256)
        OR EXISTS (SELECT FROM mailroom.email_attachments a WHERE a.sha256 = b.sha256)
        OR EXISTS (SELECT FROM mailroom.unread_raws u WHERE u.sha256 = b.sha256))
RETURNING b.sha256;

-- name: forget
DELETE FROM mailroom.blobs WHERE sha256 = %(sha256)s;

-- name: adopt
INSERT INTO mailroom.blobs (sha256, size)
SELECT sha256, 0 FROM unnest(%(digests)s::text[]) AS found (sha256)
ON CONFLICT (sha256) DO NOTHING;

-- name: expire_raws
UPDATE mailroom.emails
   SET raw_sha256 = NULL
 WHERE id IN (
    SELECT id
      FROM mailroom.emails
     WHERE raw_sha256 IS NOT NULL AND stored_at < now() - %(older_than)s
       AND NOT EXISTS (SELECT FROM unnest(defects) AS defect WHERE defect LIKE 'parse-%%')
     ORDER BY stored_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED);

-- name: keep_unread
INSERT INTO mailroom.unread_raws (account_id, gmail_id, sha256)
SELECT %(account_id)s::bigint, * FROM unnest(%(ids)s::text[], %(digests)s::text[])
ON CONFLICT (account_id, gmail_id) DO UPDATE SET sha256 = excluded.sha256;

-- name: settle_unread
DELETE FROM mailroom.unread_raws u
 USING mailroom.account_messages m
 WHERE m.account_id = u.account_id AND m.gmail_id = u.gmail_id AND m.state NOT IN ('waiting', 'dead');
