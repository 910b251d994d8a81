-- name: facts
-- Checks are left out, and the newest page's second look: nobody waits for them.
SELECT a.address AS account,
       a.status,
       a.status_reason AS reason,
       s.kinds, s.plans, s.searches, s.listings, s.scans, s.proofs, s.listed, s.expected, s.confirming,
       c.cancelled,
       m.weigh, m.unproved, m.known, m.stored, m.dead, m.held,
       t.plain, t.files, t.number, p.doubtful, p.doubtful_number,
       d.due_at,
       coalesce(d.lease_until > now(), false) AS leased,
       u.share,
       u.paused_until,
       (SELECT coalesce(sum(units), 0)::bigint FROM mailroom.units_spent WHERE account = a.address) AS spent,
       clock_timestamp() AS now
  FROM mailroom.email_accounts a
  JOIN mailroom.email_deltas d ON d.account_id = a.id
 CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(DISTINCT kind), '{}') AS kinds,
              count(*) FILTER (WHERE purpose = 'plan') AS plans,
              count(*) FILTER (WHERE purpose IN ('name', 'files')) AS searches,
              count(*) FILTER (WHERE purpose IN ('scan', 'rest') AND state = 'listing') AS listings,
              count(*) FILTER (WHERE purpose = 'scan' AND state = 'listing') AS scans,
              count(*) FILTER (WHERE purpose = 'proof') AS proofs,
              count(*) FILTER (WHERE state = 'confirming') AS confirming,
              coalesce(sum(listed) FILTER (WHERE purpose IN ('scan', 'rest')), 0)::bigint AS listed,
              coalesce(max(expected), 0) AS expected
         FROM mailroom.email_searches
        WHERE account_id = a.id AND finished_at IS NULL AND kind <> 'check' AND purpose <> 'newest'
       ) s
 CROSS JOIN LATERAL (
       SELECT count(*) AS cancelled
         FROM mailroom.email_searches
        WHERE account_id = a.id AND state = 'cancelled' AND kind IN ('backfill', 'investor')
       ) c
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state = 'waiting' AND not_before < 'infinity' AND NOT live AND NOT named) AS weigh,
              count(*) FILTER (WHERE state = 'unmatched' AND judged_by = 'search') AS unproved,
              count(*) FILTER (WHERE state <> 'gone') AS known,
              count(*) FILTER (WHERE state = 'stored') AS stored,
              count(*) FILTER (WHERE state = 'dead') AS dead,
              count(*) FILTER (WHERE state = 'waiting' AND not_before = 'infinity') AS held
         FROM mailroom.account_messages
        WHERE account_id = a.id
       ) m
 CROSS JOIN LATERAL (
       -- Threads alike in their messages without and with files cost alike: so many of each sort.
       SELECT coalesce(array_agg(plain), '{}') AS plain,
              coalesce(array_agg(files), '{}') AS files,
              coalesce(array_agg(number), '{}') AS number
         FROM (SELECT plain, files, count(*) AS number
                 FROM (SELECT count(*) FILTER (WHERE NOT w.files) AS plain, count(*) FILTER (WHERE w.files) AS files
                         FROM mailroom.account_messages w
                        WHERE w.account_id = a.id AND w.state = 'waiting' AND w.not_before < 'infinity'
                          AND NOT w.live AND w.named
                        GROUP BY coalesce(nullif(w.gmail_thread_id, ''), w.gmail_id)) AS thread
                GROUP BY plain, files) AS sort
       ) t
 CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(messages), '{}') AS doubtful,
              coalesce(array_agg(number), '{}') AS doubtful_number
         FROM (SELECT messages, count(*) AS number
                 FROM (SELECT count(*) AS messages
                         FROM mailroom.account_messages d
                        WHERE d.account_id = a.id AND d.state = 'unmatched' AND d.judged_by = 'search'
                        GROUP BY coalesce(nullif(d.gmail_thread_id, ''), d.gmail_id)) AS thread
                GROUP BY messages) AS sort
       ) p
 CROSS JOIN LATERAL (
       SELECT coalesce(min(share), 1) AS share, nullif(max(paused_until), '-infinity') AS paused_until
         FROM mailroom.unit_meters
        WHERE key IN ('', a.address)
       ) u
 WHERE a.id = ANY (%(ids)s)
 ORDER BY a.address;
