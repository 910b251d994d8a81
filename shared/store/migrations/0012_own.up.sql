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

-- Of a label or a whole mailbox it is the copy that is left out: a message shows while another copy is not.
-- A label is named as Gmail names its own (CATEGORY_PROMOTIONS), or of one mailbox (ada@fund.example:Label_7).
CREATE FUNCTION mailroom.left_out(address text, labels text[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM mailroom.email_exclusions x
                    WHERE (x.kind = 'account' AND x.value = left_out.address)
                       OR (x.kind = 'label' AND (x.value = ANY (left_out.labels)
                           OR (starts_with(x.value, left_out.address || ':')
                               AND substr(x.value, length(left_out.address) + 2) = ANY (left_out.labels)))))
$$;

CREATE OR REPLACE VIEW mailroom.shown_by_rule AS
SELECT e.id AS email_id,
       m.investor_id,
       e.sent_at,
       e.direction,
       e.kind = 'person' AS person,
       held.strictness,
       held.team
  FROM mailroom.emails e
  JOIN (SELECT DISTINCT email_id, investor_id FROM mailroom.email_matches) m ON m.email_id = e.id
 CROSS JOIN LATERAL (
       SELECT max(CASE a.visibility WHEN 'full' THEN 0 WHEN 'subject' THEN 1 ELSE 2 END)::smallint AS strictness,
              coalesce(array_agg(DISTINCT a.id) FILTER (WHERE p.email_id IS NOT NULL), '{}') AS team
         FROM mailroom.account_messages c
         JOIN mailroom.email_accounts a ON a.id = c.account_id
         LEFT JOIN mailroom.email_participants p
                ON p.email_id = c.email_id AND p.address = a.address AND p.role IN ('from', 'to')
        WHERE c.email_id = e.id AND NOT mailroom.left_out(a.address, c.labels)
       ) AS held
 WHERE NOT e.hidden
   AND held.strictness IS NOT NULL;

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
