-- What the views answer from, kept beside the mail: which message may be seen, by which investor, and how much of it.
-- Without it every question would begin by working that out for all the mail there is.

-- One row per visible message and investor it belongs to: matched, not hidden, and a copy in some mailbox
-- that is not left out.
CREATE TABLE mailroom.shown (
    email_id    bigint      NOT NULL REFERENCES mailroom.emails ON DELETE CASCADE,
    investor_id bigint      NOT NULL REFERENCES mailroom.investors ON DELETE CASCADE,
    sent_at     timestamptz NOT NULL,
    direction   text        NOT NULL,
    person      boolean     NOT NULL, -- somebody wrote it: no reply by machine, no report, no calendar
    strictness  smallint    NOT NULL, -- of the strictest mailbox that holds a copy: 0 full, 1 subject, 2 metadata
    team        bigint[]    NOT NULL, -- our mailboxes it was written from or addressed to
    PRIMARY KEY (email_id, investor_id),
    CONSTRAINT shown_strictness_known CHECK (strictness BETWEEN 0 AND 2)
);
CREATE INDEX shown_to_investor ON mailroom.shown (investor_id, sent_at DESC, email_id DESC)
    INCLUDE (direction, person, team);

-- The time of the newest visible message; null where none is.
ALTER TABLE mailroom.email_threads ADD COLUMN last_at timestamptz;
CREATE INDEX threads_newest ON mailroom.email_threads (last_at DESC, id DESC) WHERE last_at IS NOT NULL;

-- How many rows of each state an account has is asked all the time.
CREATE INDEX ledger_states ON mailroom.account_messages (account_id, state);

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

-- The rule itself.  Everything that shows mail follows from it.
CREATE VIEW mailroom.shown_by_rule AS
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

CREATE FUNCTION mailroom.show(ids bigint[]) RETURNS void
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    DELETE FROM mailroom.shown s
     WHERE s.email_id = ANY (ids)
       AND NOT EXISTS (SELECT FROM mailroom.shown_by_rule r
                        WHERE r.email_id = s.email_id AND r.investor_id = s.investor_id);
    INSERT INTO mailroom.shown AS s (email_id, investor_id, sent_at, direction, person, strictness, team)
    SELECT email_id, investor_id, sent_at, direction, person, strictness, team
      FROM mailroom.shown_by_rule WHERE email_id = ANY (ids)
        ON CONFLICT (email_id, investor_id) DO UPDATE
       SET sent_at = excluded.sent_at, direction = excluded.direction, person = excluded.person,
           strictness = excluded.strictness, team = excluded.team
     WHERE (s.sent_at, s.direction, s.person, s.strictness, s.team)
           IS DISTINCT FROM (excluded.sent_at, excluded.direction, excluded.person, excluded.strictness, excluded.team);
    PERFORM mailroom.date_threads(ARRAY(SELECT DISTINCT thread_id FROM mailroom.emails WHERE id = ANY (ids)));
END
$$;

CREATE FUNCTION mailroom.date_threads(ids bigint[]) RETURNS void
    LANGUAGE sql SET search_path = ''
AS $$
    UPDATE mailroom.email_threads t
       SET last_at = newest.at
      FROM unnest(ids) AS one (id)
     CROSS JOIN LATERAL (
           SELECT max(e.sent_at) AS at
             FROM mailroom.emails e
            WHERE e.thread_id = one.id AND EXISTS (SELECT FROM mailroom.shown s WHERE s.email_id = e.id)
           ) AS newest
     WHERE t.id = one.id AND t.last_at IS DISTINCT FROM newest.at
$$;

-- Whatever changes what may be seen of a message is told in the feed, by writers that come one after the
-- other.  So here nothing is forgotten, and no two of them work at the same message at once.
CREATE FUNCTION mailroom.show_changed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM mailroom.show(ARRAY(SELECT DISTINCT email_id FROM changed));
    RETURN NULL;
END
$$;
CREATE TRIGGER show_changed AFTER INSERT ON mailroom.email_changes
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.show_changed();

-- An erased message can no longer be asked for its thread.
CREATE FUNCTION mailroom.date_erased() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM mailroom.date_threads(ARRAY(SELECT DISTINCT thread_id FROM erased));
    RETURN NULL;
END
$$;
CREATE TRIGGER date_erased AFTER DELETE ON mailroom.emails
    REFERENCING OLD TABLE AS erased FOR EACH STATEMENT EXECUTE FUNCTION mailroom.date_erased();

-- A mailbox that shows less or more, or is removed, changes many messages at once.  The feed is locked
-- first (as its other writers do), so that this waits for a consumer and never the two for each other.
ALTER TABLE mailroom.email_changes DROP CONSTRAINT change_kind_known;
ALTER TABLE mailroom.email_changes ADD CONSTRAINT change_kind_known
    CHECK (kind IN ('stored', 'joined', 'gone', 'returned', 'matched', 'unmatched', 'visibility'));

CREATE FUNCTION mailroom.lock_feed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(724012);
    RETURN NULL;
END
$$;
CREATE TRIGGER lock_feed BEFORE DELETE OR UPDATE OF visibility ON mailroom.email_accounts
    FOR EACH STATEMENT EXECUTE FUNCTION mailroom.lock_feed();

CREATE FUNCTION mailroom.tell_visibility() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    INSERT INTO mailroom.email_changes (email_id, kind, historic)
    SELECT DISTINCT email_id, 'visibility', true
      FROM mailroom.account_messages WHERE account_id = NEW.id AND email_id IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_visibility AFTER UPDATE OF visibility ON mailroom.email_accounts
    FOR EACH ROW WHEN (OLD.visibility <> NEW.visibility) EXECUTE FUNCTION mailroom.tell_visibility();

-- Ledger rows are deleted only with their account.
CREATE FUNCTION mailroom.tell_removed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    INSERT INTO mailroom.email_changes (email_id, kind, historic)
    SELECT email_id, CASE WHEN bool_or(kept) THEN 'visibility' ELSE 'gone' END, true
      FROM (SELECT r.email_id, EXISTS (SELECT FROM mailroom.account_messages m WHERE m.email_id = r.email_id) AS kept
              FROM removed r WHERE r.email_id IS NOT NULL) AS lost
     GROUP BY email_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_removed AFTER DELETE ON mailroom.account_messages
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.tell_removed();

INSERT INTO mailroom.shown (email_id, investor_id, sent_at, direction, person, strictness, team)
SELECT email_id, investor_id, sent_at, direction, person, strictness, team FROM mailroom.shown_by_rule;
SELECT mailroom.date_threads(ARRAY(SELECT id FROM mailroom.email_threads));

-- Full text, filled after the commit that stores a message and never in it.  Its own table: a message is
-- written once and its words later.  A: the subject.  B: people.  D: the text.
CREATE TABLE mailroom.email_words (
    email_id bigint   PRIMARY KEY REFERENCES mailroom.emails ON DELETE CASCADE,
    words    tsvector NOT NULL
);
CREATE INDEX words_searched ON mailroom.email_words USING gin (words);
-- Up to which row of the feed words are there; one row.
CREATE TABLE mailroom.words_progress (
    done bigint NOT NULL,
    one  boolean PRIMARY KEY DEFAULT true CONSTRAINT words_progress_once CHECK (one)
);
INSERT INTO mailroom.words_progress (done) VALUES (0);
