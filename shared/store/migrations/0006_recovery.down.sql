ALTER TABLE mailroom.emails DROP COLUMN hidden;
ALTER TABLE mailroom.emails DROP COLUMN gone_at;
ALTER TABLE mailroom.email_gaps DROP COLUMN reason;
ALTER TABLE mailroom.email_gaps DROP COLUMN gone;
UPDATE mailroom.email_searches SET state = 'listing', page_token = '' WHERE state = 'confirming';
DROP INDEX mailroom.searches_open;
CREATE INDEX searches_open ON mailroom.email_searches (account_id, id) WHERE state = 'listing';
ALTER TABLE mailroom.email_searches DROP CONSTRAINT search_end_has_time;
ALTER TABLE mailroom.email_searches ADD CONSTRAINT search_end_has_time
    CHECK ((state = 'listing') = (finished_at IS NULL));
ALTER TABLE mailroom.email_searches DROP CONSTRAINT search_state_known;
ALTER TABLE mailroom.email_searches ADD CONSTRAINT search_state_known
    CHECK (state IN ('listing', 'done', 'cancelled'));
ALTER TABLE mailroom.account_messages DROP COLUMN listed_by;
