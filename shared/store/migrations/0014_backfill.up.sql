-- Backfills that are ordered, followed and cancelled.

-- How many messages Gmail said the mailbox has when the plan was made: so an end can be told before all is listed.
ALTER TABLE mailroom.email_searches ADD COLUMN expected integer;
-- Whoever else orders a backfill at the same moment finds it ordered.
CREATE UNIQUE INDEX search_planned_once ON mailroom.email_searches (account_id)
    WHERE kind = 'backfill' AND purpose = 'plan' AND finished_at IS NULL;

-- What a cancelled backfill had found waits (not_before 'infinity') until somebody orders it again, in nobody's way.
DROP INDEX mailroom.ledger_waiting;
CREATE INDEX ledger_waiting ON mailroom.account_messages (account_id, live DESC, gmail_id DESC)
    WHERE state = 'waiting' AND not_before < 'infinity';
CREATE INDEX ledger_held ON mailroom.account_messages (account_id) WHERE state = 'waiting' AND not_before = 'infinity';
