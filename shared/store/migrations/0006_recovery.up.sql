-- The long way round after expired history: what a complete listing does not name is asked for one by one,
-- and only Gmail's own "not found" makes it gone.

-- The recovery that listed a message last; whatever the finished listing did not name is in doubt.
ALTER TABLE mailroom.account_messages ADD COLUMN listed_by bigint;

ALTER TABLE mailroom.email_searches DROP CONSTRAINT search_state_known;
ALTER TABLE mailroom.email_searches ADD CONSTRAINT search_state_known
    CHECK (state IN ('listing', 'confirming', 'done', 'cancelled'));
ALTER TABLE mailroom.email_searches DROP CONSTRAINT search_end_has_time;
ALTER TABLE mailroom.email_searches ADD CONSTRAINT search_end_has_time
    CHECK ((state IN ('listing', 'confirming')) = (finished_at IS NULL));
DROP INDEX mailroom.searches_open;
CREATE INDEX searches_open ON mailroom.email_searches (account_id, id) WHERE finished_at IS NULL;

ALTER TABLE mailroom.email_gaps ADD COLUMN gone integer NOT NULL DEFAULT 0;
ALTER TABLE mailroom.email_gaps ADD COLUMN reason text NOT NULL DEFAULT 'expired';
ALTER TABLE mailroom.email_gaps ADD CONSTRAINT gap_reason_known CHECK (reason IN ('expired', 'stale', 'restarted'));

-- Set when the last copy in Gmail was deleted; hidden only when the policy says so (CRM_GMAIL_ON_DELETE).
ALTER TABLE mailroom.emails ADD COLUMN gone_at timestamptz;
ALTER TABLE mailroom.emails ADD COLUMN hidden boolean NOT NULL DEFAULT false;
