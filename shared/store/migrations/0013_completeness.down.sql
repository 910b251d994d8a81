DROP INDEX mailroom.searches_of_account;
DROP INDEX mailroom.search_checks_once;
ALTER TABLE mailroom.email_searches DROP COLUMN missed;
DELETE FROM mailroom.email_searches WHERE kind = 'check';
ALTER TABLE mailroom.email_searches DROP CONSTRAINT search_kind_known;
ALTER TABLE mailroom.email_searches ADD CONSTRAINT search_kind_known
    CHECK (kind IN ('backfill', 'recovery', 'investor'));
