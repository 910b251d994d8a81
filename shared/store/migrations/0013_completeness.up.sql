-- Completeness that checks itself: an account's newest ids every few hours, all of them daily, beside the ledger.
ALTER TABLE mailroom.email_searches DROP CONSTRAINT search_kind_known;
ALTER TABLE mailroom.email_searches ADD CONSTRAINT search_kind_known
    CHECK (kind IN ('backfill', 'recovery', 'investor', 'check'));
-- Ids a check listed that nothing had told us of.
ALTER TABLE mailroom.email_searches ADD COLUMN missed integer NOT NULL DEFAULT 0;
-- One check of a sort at a time; it is replaced by the next.
CREATE UNIQUE INDEX search_checks_once ON mailroom.email_searches (account_id, purpose) WHERE kind = 'check';
CREATE INDEX searches_of_account ON mailroom.email_searches (account_id, purpose, finished_at);
