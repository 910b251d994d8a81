-- Finding mail by plan: what a search said about a message, and steps instead of one listing.

-- Gmail's own search named it as an investor's: it is fetched without being weighed first.
ALTER TABLE mailroom.account_messages ADD COLUMN named boolean NOT NULL DEFAULT false;
-- A search found attachments in it.
ALTER TABLE mailroom.account_messages ADD COLUMN files boolean NOT NULL DEFAULT false;
-- Who called it unmatched: its own headers, or only that no search named it.
ALTER TABLE mailroom.account_messages ADD COLUMN judged_by text NOT NULL DEFAULT 'headers';
ALTER TABLE mailroom.account_messages ADD CONSTRAINT ledger_judge_known CHECK (judged_by IN ('headers', 'search'));
CREATE INDEX ledger_unproved ON mailroom.account_messages (account_id, gmail_id DESC)
    WHERE state = 'unmatched' AND judged_by = 'search';
CREATE INDEX ledger_of_thread ON mailroom.account_messages (account_id, gmail_thread_id) WHERE state = 'waiting';

ALTER TABLE mailroom.email_searches DROP COLUMN query;
ALTER TABLE mailroom.email_searches ADD COLUMN terms text[] NOT NULL DEFAULT '{}';
ALTER TABLE mailroom.email_searches ADD COLUMN purpose text NOT NULL DEFAULT 'plan';
ALTER TABLE mailroom.email_searches ADD CONSTRAINT search_purpose_known
    CHECK (purpose IN ('plan', 'name', 'files', 'scan', 'rest', 'proof', 'newest'));
