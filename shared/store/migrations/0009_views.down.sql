DROP TABLE mailroom.words_progress, mailroom.email_words;
DROP TRIGGER tell_removed ON mailroom.account_messages;
DROP TRIGGER tell_visibility ON mailroom.email_accounts;
DROP TRIGGER lock_feed ON mailroom.email_accounts;
DROP TRIGGER date_erased ON mailroom.emails;
DROP TRIGGER show_changed ON mailroom.email_changes;
DROP FUNCTION mailroom.tell_removed(), mailroom.tell_visibility(), mailroom.lock_feed(), mailroom.date_erased(),
    mailroom.show_changed(), mailroom.show(bigint[]), mailroom.date_threads(bigint[]);
DROP VIEW mailroom.shown_by_rule;
DROP FUNCTION mailroom.left_out(text, text[]);
DELETE FROM mailroom.email_changes WHERE kind = 'visibility';
ALTER TABLE mailroom.email_changes DROP CONSTRAINT change_kind_known;
ALTER TABLE mailroom.email_changes ADD CONSTRAINT change_kind_known
    CHECK (kind IN ('stored', 'joined', 'gone', 'returned', 'matched', 'unmatched'));
DROP INDEX mailroom.ledger_states, mailroom.threads_newest;
ALTER TABLE mailroom.email_threads DROP COLUMN last_at;
DROP TABLE mailroom.shown;
