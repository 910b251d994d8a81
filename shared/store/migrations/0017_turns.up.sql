-- What must not happen twice at once waits for a row here.  Advisory locks are for everybody who may log in, the
-- CRM included: it could have stopped all capture by taking one.  These rows only their owner can lock.
-- feed: numbers of the change feed commit in order.  rules: so do those of the rules' changes.  rematch: one
-- consumer at a time.  message: a Message-ID's number is its hash; a batch may cite thousands, so they share.
CREATE TABLE mailroom.turns (
    name   text     NOT NULL,
    number smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (name, number)
);
INSERT INTO mailroom.turns (name) VALUES ('feed'), ('rules'), ('rematch');
INSERT INTO mailroom.turns (name, number) SELECT 'message', number FROM generate_series(0, 511) AS number;

CREATE FUNCTION mailroom.take_turn(wanted text) RETURNS void
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM FROM mailroom.turns WHERE name = wanted AND number = 0 FOR UPDATE;
    IF NOT FOUND THEN
        RAISE 'mailroom.turns has no row %: put it back, nothing else keeps this order', wanted;
    END IF;
END
$$;

-- As before, but for the lock.
CREATE OR REPLACE FUNCTION mailroom.note_match_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    -- One writer at a time, so that the numbers commit in order: the greatest seen stands for all before it.
    PERFORM mailroom.take_turn('rules');
    IF TG_OP = 'INSERT' THEN
        INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
        SELECT 'added', investor_id, kind, value FROM changed;
    ELSE
        INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
        SELECT 'removed', investor_id, kind, value FROM changed;
    END IF;
    PERFORM pg_notify('mailroom_matching', '');
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mailroom.lock_feed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM mailroom.take_turn('feed');
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mailroom.note_own_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM mailroom.take_turn('rules');
    INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
    SELECT CASE TG_OP WHEN 'INSERT' THEN 'added' ELSE 'removed' END, 0, 'own', mailroom.canonical(address) FROM changed;
    PERFORM pg_notify('mailroom_matching', '');
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mailroom.note_exclusion() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM mailroom.take_turn('rules');
    INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
    SELECT CASE TG_OP WHEN 'INSERT' THEN 'added' ELSE 'removed' END, 0, 'excluded_' || kind, value FROM changed;
    PERFORM pg_notify('mailroom_matching', '');
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mailroom.tell_left_out() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    IF EXISTS (SELECT FROM changed WHERE kind IN ('label', 'account')) THEN
        PERFORM mailroom.take_turn('feed');
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

CREATE OR REPLACE FUNCTION mailroom.tell_relabelled() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
DECLARE mailbox text;
BEGIN
    IF EXISTS (SELECT FROM mailroom.email_exclusions WHERE kind = 'label') THEN
        SELECT address INTO mailbox FROM mailroom.email_accounts WHERE id = NEW.account_id;
        IF mailroom.left_out(mailbox, OLD.labels) <> mailroom.left_out(mailbox, NEW.labels) THEN
            PERFORM mailroom.take_turn('feed');
            INSERT INTO mailroom.email_changes (email_id, kind, historic) VALUES (NEW.email_id, 'visibility', true);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
