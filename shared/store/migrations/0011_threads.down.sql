ALTER INDEX mailroom.emails_by_reference RESET (fastupdate);
DELETE FROM mailroom.email_changes WHERE kind = 'moved';
ALTER TABLE mailroom.email_changes DROP CONSTRAINT change_kind_known;
ALTER TABLE mailroom.email_changes ADD CONSTRAINT change_kind_known
    CHECK (kind IN ('stored', 'joined', 'gone', 'returned', 'matched', 'unmatched', 'visibility'));
DELETE FROM mailroom.email_thread_keys k
 USING mailroom.email_thread_keys first
 WHERE first.account_id = k.account_id AND first.gmail_thread_id = k.gmail_thread_id AND first.thread_id < k.thread_id;
ALTER TABLE mailroom.email_thread_keys DROP CONSTRAINT email_thread_keys_pkey;
ALTER TABLE mailroom.email_thread_keys ADD PRIMARY KEY (account_id, gmail_thread_id);
