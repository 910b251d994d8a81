-- name: newest_threads
-- The page is chosen first, by an index; the view then works out that many conversations and no more: OFFSET 0
-- keeps the planner from joining the page to all of them.
WITH page AS MATERIALIZED (
    SELECT id
      FROM mailroom.email_threads
     WHERE last_at IS NOT NULL
       AND (last_at, id) < (coalesce(%(last_at)s::timestamptz, 'infinity'), coalesce(%(id)s::bigint, 0))
     ORDER BY last_at DESC, id DESC
     LIMIT %(limit)s
)
SELECT t.id, t.subject, t.messages, t.last_at, t.last_direction,
       coalesce(nullif(t.last_author_name, ''), t.last_author_address, '') AS last_author,
       coalesce(t.last_author_address, '') AS last_author_address,
       t.last_verified, t.last_marks, t.last_snippet, t.has_attachments, theirs.investors, theirs.last_from
  FROM page
 CROSS JOIN LATERAL (SELECT * FROM crm.threads c WHERE c.id = page.id OFFSET 0) AS t
 CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(DISTINCT x.investor), '{}') AS investors,
              coalesce(array_agg(DISTINCT x.investor) FILTER (
                  WHERE x.role = 'from' AND x.matched_address = t.last_author_address), '{}') AS last_from
         FROM crm.investor_emails x
        WHERE x.thread_id = t.id
       ) AS theirs
 ORDER BY t.last_at DESC, t.id DESC;

-- name: mailboxes
SELECT m.id, m.address, m.status, m.status_reason, m.visibility, m.watch_expires_at, m.watch_error, m.last_push_at,
       m.last_success_at, a.created_at, m.behind, m.waiting, m.stored, m.unmatched, m.excluded, m.gone, m.dead,
       m.listing, m.push_broken_at
  FROM crm.mailboxes m
  JOIN mailroom.email_accounts a ON a.id = m.id
 ORDER BY m.address;

-- name: watches
-- Past the view: that one counts every ledger row.
SELECT a.id, a.address, a.status, a.status_reason, a.created_at, a.last_success_at, a.watch_expires_at, a.watch_error,
       d.push_broken_at
  FROM mailroom.email_accounts a
  JOIN mailroom.email_deltas d ON d.account_id = a.id
 ORDER BY a.address;

-- name: arrivals
SELECT c.id, c.kind, c.historic, e.subject,
       coalesce(nullif(e.author_name, ''), e.author_address, '') AS author,
       ARRAY(SELECT DISTINCT x.investor FROM crm.investor_emails x WHERE x.email_id = e.id ORDER BY 1) AS investors,
       e.direction,
       copies.accounts, copies.gmail_ids, copies.pushed_ats
  FROM crm.email_changes c
  JOIN crm.emails e ON e.id = c.email_id
 CROSS JOIN LATERAL (
       SELECT array_agg(a.address ORDER BY m.settled_at) AS accounts,
              array_agg(m.gmail_id ORDER BY m.settled_at) AS gmail_ids,
              array_agg(m.first_pushed_at ORDER BY m.settled_at) AS pushed_ats
         FROM mailroom.account_messages m
         JOIN mailroom.email_accounts a ON a.id = m.account_id
        WHERE m.email_id = e.id
       ) AS copies
 WHERE c.id > %(after)s
 ORDER BY c.id;

-- name: stored_copies
SELECT a.address, m.gmail_id
  FROM mailroom.account_messages m
  JOIN mailroom.email_accounts a ON a.id = m.account_id
  JOIN crm.emails e ON e.id = m.email_id
 WHERE m.state = 'stored';

-- name: ledger_totals
SELECT state, count(*) FROM mailroom.account_messages GROUP BY state ORDER BY state;

-- name: with_defects
SELECT code, count(*)
  FROM mailroom.emails, unnest(CASE WHEN defects = '{}' THEN defects ELSE defects || ''::text END) AS code
 GROUP BY code
 ORDER BY count(*) DESC, code;

-- name: due
SELECT count(*) AS accounts, coalesce(max(now() - d.due_at), interval '0') AS oldest
  FROM mailroom.email_deltas d
  JOIN mailroom.email_accounts a ON a.id = d.account_id
 WHERE d.due_at <= now() AND a.status = 'active';

-- name: named_wrongly
SELECT a.address, m.gmail_id
  FROM mailroom.account_messages m
  JOIN mailroom.email_accounts a ON a.id = m.account_id
 WHERE m.named AND m.state = 'unmatched';
