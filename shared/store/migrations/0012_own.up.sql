-- Who we are, and who is never captured, are rules of matching too: every change of them re-matches what is stored.

-- Other addresses a mailbox sends and receives as (Gmail's "send mail as", verified ones); looked up by the watcher.
CREATE TABLE mailroom.account_aliases (
    account_id bigint NOT NULL REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    address    text   NOT NULL,
    PRIMARY KEY (account_id, address),
    CONSTRAINT alias_address_normal CHECK (address = lower(address) AND address ~ '^[^@[:space:]]+@[^@[:space:]]+$')
);

CREATE FUNCTION mailroom.note_own_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(724016);
    INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
    SELECT CASE TG_OP WHEN 'INSERT' THEN 'added' ELSE 'removed' END, 0, 'own', mailroom.canonical(address) FROM changed;
    PERFORM pg_notify('mailroom_matching', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER note_enrolled AFTER INSERT ON mailroom.email_accounts
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_own_change();
CREATE TRIGGER note_removed AFTER DELETE ON mailroom.email_accounts
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_own_change();
CREATE TRIGGER note_added AFTER INSERT ON mailroom.account_aliases
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_own_change();
CREATE TRIGGER note_removed AFTER DELETE ON mailroom.account_aliases
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_own_change();

CREATE FUNCTION mailroom.note_exclusion() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(724016);
    INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
    SELECT CASE TG_OP WHEN 'INSERT' THEN 'added' ELSE 'removed' END, 0, 'excluded_' || kind, value
      FROM changed WHERE kind IN ('address', 'domain');
    PERFORM pg_notify('mailroom_matching', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER note_added AFTER INSERT ON mailroom.email_exclusions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_exclusion();
CREATE TRIGGER note_removed AFTER DELETE ON mailroom.email_exclusions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_exclusion();
INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
SELECT 'added', 0, 'excluded_' || kind, value FROM mailroom.email_exclusions WHERE kind IN ('address', 'domain');
