-- One Gmail thread may hold several conversations: Gmail files by header and subject, we by who takes part.
ALTER TABLE mailroom.email_thread_keys DROP CONSTRAINT email_thread_keys_pkey;
ALTER TABLE mailroom.email_thread_keys ADD PRIMARY KEY (account_id, gmail_thread_id, thread_id);

-- A message that turns out to belong to another conversation is told to whoever follows the feed.
ALTER TABLE mailroom.email_changes DROP CONSTRAINT change_kind_known;
ALTER TABLE mailroom.email_changes ADD CONSTRAINT change_kind_known
    CHECK (kind IN ('stored', 'joined', 'gone', 'returned', 'matched', 'unmatched', 'visibility', 'moved'));

-- Every stored message asks this index twice; what waits in its pending list would be read through each time.
ALTER INDEX mailroom.emails_by_reference SET (fastupdate = off);
