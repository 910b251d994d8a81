-- Who we are, and who is never captured, are rules of matching too: every change of them re-matches what is stored.

-- Other addresses of a mailbox: verified ones it sends as (looked up by the watcher), and those its mail is
-- delivered to, which is how an alias that only forwards shows.
CREATE TABLE mailroom.account_aliases (
    account_id bigint NOT NULL REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    address    text   NOT NULL,
    source     text   NOT NULL,
    PRIMARY KEY (account_id, address),
    CONSTRAINT alias_source_known CHECK (source IN ('send_as', 'delivered_to')),
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
    SELECT CASE TG_OP WHEN 'INSERT' THEN 'added' ELSE 'removed' END, 0, 'excluded_' || kind, value FROM changed;
    PERFORM pg_notify('mailroom_matching', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER note_added AFTER INSERT ON mailroom.email_exclusions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_exclusion();
CREATE TRIGGER note_removed AFTER DELETE ON mailroom.email_exclusions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_exclusion();
INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
SELECT 'added', 0, 'excluded_' || kind, value FROM mailroom.email_exclusions;

-- What a label or a mailbox leaves out (mailroom.left_out) is told as soon as it changes.
CREATE FUNCTION mailroom.tell_left_out() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    IF EXISTS (SELECT FROM changed WHERE kind IN ('label', 'account')) THEN
        PERFORM pg_advisory_xact_lock(724012);
        INSERT INTO mailroom.email_changes (email_id, kind, historic)
        SELECT DISTINCT m.email_id, 'visibility', true
          FROM changed x
          JOIN mailroom.email_accounts a ON x.kind = 'label' AND position(':' IN x.value) = 0
               OR a.address = split_part(x.value, ':', 1)
          JOIN mailroom.account_messages m ON m.account_id = a.id
         WHERE m.email_id IS NOT NULL
           AND (x.kind = 'account' OR regexp_replace(x.value, '^.*:', '') = ANY (m.labels));
    END IF;
    RETURN NULL;
END
$$;
-- Before the triggers that note changes of rules, by its name: the feed is locked first everywhere.
CREATE TRIGGER a_tell_added AFTER INSERT ON mailroom.email_exclusions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.tell_left_out();
CREATE TRIGGER a_tell_removed AFTER DELETE ON mailroom.email_exclusions
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.tell_left_out();

CREATE FUNCTION mailroom.tell_relabelled() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
DECLARE mailbox text;
BEGIN
    IF EXISTS (SELECT FROM mailroom.email_exclusions WHERE kind = 'label') THEN
        SELECT address INTO mailbox FROM mailroom.email_accounts WHERE id = NEW.account_id;
        IF mailroom.left_out(mailbox, OLD.labels) <> mailroom.left_out(mailbox, NEW.labels) THEN
            PERFORM pg_advisory_xact_lock(724012);
            INSERT INTO mailroom.email_changes (email_id, kind, historic) VALUES (NEW.email_id, 'visibility', true);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_relabelled AFTER UPDATE OF labels ON mailroom.account_messages
    FOR EACH ROW WHEN (OLD.email_id IS NOT NULL AND NEW.email_id IS NOT NULL AND OLD.labels <> NEW.labels)
    EXECUTE FUNCTION mailroom.tell_relabelled();
