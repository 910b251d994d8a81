-- name: newest_threads
SELECT t.id, t.subject, t.messages, t.last_at, t.last_direction,
       coalesce(nullif(t.last_author_name, ''), t.last_author_address, '') AS last_author,
       t.last_snippet, t.has_attachments,
       ARRAY(SELECT DISTINCT x.investor FROM crm.investor_emails x WHERE x.thread_id = t.id ORDER BY 1) AS investors
  FROM crm.threads t
 WHERE %(before)s::timestamptz IS NULL OR t.last_at < %(before)s
 ORDER BY t.last_at DESC, t.id DESC
 LIMIT %(limit)s;

-- name: mailboxes
SELECT address, status, status_reason, visibility, watch_expires_at, watch_error, last_push_at, last_success_at,
       behind, waiting, stored, unmatched, excluded, gone, dead, listing
  FROM crm.mailboxes
 ORDER BY address;
