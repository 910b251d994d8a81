CREATE OR REPLACE VIEW crm.mailboxes WITH (security_barrier) AS
SELECT a.id,
       a.address,
       a.status,
       a.status_reason,
       a.visibility,
       a.watch_expires_at,
       a.watch_error,
       d.last_pushed_at AS last_push_at,
       a.last_success_at,
       greatest(now() - d.due_at, interval '0') AS behind,
       c.waiting,
       c.stored,
       c.unmatched,
       c.excluded,
       c.gone,
       c.dead,
       EXISTS (SELECT FROM mailroom.email_searches s WHERE s.account_id = a.id AND s.state = 'listing' AND s.purpose <> 'newest' AND s.kind <> 'check') AS listing,
       d.push_broken_at,
       c.unproved,
       checked.at AS checked_at,
       checked.missed,
       c.held,
       (SELECT max(s.finished_at) FROM mailroom.email_searches s
         WHERE s.account_id = a.id AND s.kind IN ('backfill', 'investor') AND s.state = 'cancelled') AS cancelled_at
  FROM mailroom.email_accounts a
  JOIN mailroom.email_deltas d ON d.account_id = a.id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE m.state = 'waiting' AND m.not_before < 'infinity') AS waiting,
              count(*) FILTER (WHERE m.state = 'waiting' AND m.not_before = 'infinity') AS held,
              count(*) FILTER (WHERE m.state = 'stored') AS stored,
              count(*) FILTER (WHERE m.state = 'unmatched') AS unmatched,
              count(*) FILTER (WHERE m.state = 'excluded') AS excluded,
              count(*) FILTER (WHERE m.state = 'gone') AS gone,
              count(*) FILTER (WHERE m.state = 'dead') AS dead,
              count(*) FILTER (WHERE m.state = 'unmatched' AND m.judged_by = 'search') AS unproved
         FROM mailroom.account_messages m
        WHERE m.account_id = a.id
       ) c
  LEFT JOIN LATERAL (
       SELECT s.finished_at AS at, s.missed
         FROM mailroom.email_searches s
        WHERE s.account_id = a.id AND s.purpose IN ('scan', 'rest') AND s.state = 'done'
        ORDER BY s.finished_at DESC
        LIMIT 1
       ) checked ON true;
COMMENT ON VIEW crm.mailboxes IS 'One row per captured mailbox: is it watched, is it up to date, and what became of its messages.';
COMMENT ON COLUMN crm.mailboxes.id IS 'Ours.';
COMMENT ON COLUMN crm.mailboxes.address IS 'The mailbox.';
COMMENT ON COLUMN crm.mailboxes.status IS 'active, paused, reconnect (its owner must consent again), no_mailbox, or operator (somebody must repair something).';
COMMENT ON COLUMN crm.mailboxes.status_reason IS 'What happened and what to do, when it is not active.';
COMMENT ON COLUMN crm.mailboxes.visibility IS 'How much of its messages the CRM may see: full, subject or metadata.';
COMMENT ON COLUMN crm.mailboxes.watch_expires_at IS 'Until when Gmail announces its changes; renewed daily.';
COMMENT ON COLUMN crm.mailboxes.watch_error IS 'Why the last renewal failed; empty when it did not.';
COMMENT ON COLUMN crm.mailboxes.last_push_at IS 'When Gmail last announced a change.';
COMMENT ON COLUMN crm.mailboxes.last_success_at IS 'When it was last read up to its end.';
COMMENT ON COLUMN crm.mailboxes.behind IS 'For how long it should have been looked at; 0 when it is not due.';
COMMENT ON COLUMN crm.mailboxes.waiting IS 'Messages still to be read.';
COMMENT ON COLUMN crm.mailboxes.stored IS 'Messages stored.';
COMMENT ON COLUMN crm.mailboxes.unmatched IS 'Messages that are no investor''s; nothing of them is kept but Gmail''s id.';
COMMENT ON COLUMN crm.mailboxes.excluded IS 'Messages left out by label or by rule.';
COMMENT ON COLUMN crm.mailboxes.gone IS 'Messages deleted in Gmail.';
COMMENT ON COLUMN crm.mailboxes.dead IS 'Messages that could not be stored after every retry. Should be 0.';
COMMENT ON COLUMN crm.mailboxes.listing IS 'Whether its past is being listed.';
COMMENT ON COLUMN crm.mailboxes.push_broken_at IS 'Since when mail is found by polling alone; null when notifications come.';
COMMENT ON COLUMN crm.mailboxes.unproved IS 'Of the unmatched: those only Gmail''s search has judged; their headers are still to be read, with quota to spare; `mailroom verify --deep --repair` reads them now.';
COMMENT ON COLUMN crm.mailboxes.checked_at IS 'When everything Gmail lists was last compared with what is known here; null until the first listing is complete.';
COMMENT ON COLUMN crm.mailboxes.missed IS 'How many messages that comparison found of which nothing had told; they are captured. Mail that arrived in that moment counts too.';
COMMENT ON COLUMN crm.mailboxes.held IS 'Messages a cancelled backfill had found and not read: `mailroom backfill` takes them up again.';
COMMENT ON COLUMN crm.mailboxes.cancelled_at IS 'When its backfill was cancelled; null when it was not, or goes on. Meanwhile its past may be incomplete and is not checked.';
