ALTER TABLE mailroom.emails DROP COLUMN unmatched_since;
DELETE FROM mailroom.email_changes WHERE kind IN ('matched', 'unmatched');
ALTER TABLE mailroom.email_changes DROP CONSTRAINT change_kind_known;
ALTER TABLE mailroom.email_changes ADD CONSTRAINT change_kind_known
    CHECK (kind IN ('stored', 'joined', 'gone', 'returned'));
DROP TRIGGER note_removed ON mailroom.investor_addresses;
DROP TRIGGER note_added ON mailroom.investor_addresses;
DROP FUNCTION mailroom.note_match_change();
DROP TABLE mailroom.match_progress, mailroom.match_changes;
DROP INDEX mailroom.participants_domains, mailroom.participants_canonical;
DROP FUNCTION mailroom.domains_of(text), mailroom.canonical(text);
