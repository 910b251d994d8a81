DROP TRIGGER note_removed ON mailroom.email_exclusions;
DROP TRIGGER note_added ON mailroom.email_exclusions;
DROP FUNCTION mailroom.note_exclusion();
DROP TRIGGER note_removed ON mailroom.email_accounts;
DROP TRIGGER note_enrolled ON mailroom.email_accounts;
DROP TABLE mailroom.account_aliases;
DROP FUNCTION mailroom.note_own_change();
DELETE FROM mailroom.match_changes WHERE kind NOT IN ('address', 'domain');
