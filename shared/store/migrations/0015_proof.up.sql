-- What only a search has judged is proved thread by thread.
CREATE INDEX ledger_unproved_of_thread ON mailroom.account_messages (account_id, gmail_thread_id)
    WHERE state = 'unmatched' AND judged_by = 'search';

-- 'mail': all of it was read, which tells more than its headers alone; they are not asked again.
ALTER TABLE mailroom.account_messages DROP CONSTRAINT ledger_judge_known;
ALTER TABLE mailroom.account_messages ADD CONSTRAINT ledger_judge_known
    CHECK (judged_by IN ('headers', 'search', 'mail'));
