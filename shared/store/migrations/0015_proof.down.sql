UPDATE mailroom.account_messages SET judged_by = 'headers' WHERE judged_by = 'mail';
ALTER TABLE mailroom.account_messages DROP CONSTRAINT ledger_judge_known;
ALTER TABLE mailroom.account_messages ADD CONSTRAINT ledger_judge_known CHECK (judged_by IN ('headers', 'search'));
DROP INDEX mailroom.ledger_unproved_of_thread;
