UPDATE mailroom.account_messages SET not_before = now() WHERE state = 'waiting' AND not_before = 'infinity';
DROP INDEX mailroom.ledger_held;
DROP INDEX mailroom.ledger_waiting;
CREATE INDEX ledger_waiting ON mailroom.account_messages (account_id, live DESC, gmail_id DESC) WHERE state = 'waiting';
DROP INDEX mailroom.search_planned_once;
ALTER TABLE mailroom.email_searches DROP COLUMN expected;
