-- Whose mail it is must not depend on what came first, the mail or the investor: every change of the rules
-- is noted here, whoever makes it, and consumers re-match what is stored.

-- As consumer/match.py writes an address for comparison; a test compares the two on anything.
CREATE FUNCTION mailroom.canonical(address text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = ''
AS $$
    SELECT CASE
        WHEN starts_with(address, '"') THEN address
        WHEN domain IN ('gmail.com', 'googlemail.com')
            THEN coalesce(nullif(replace(local, '.', ''), ''), local) || '@gmail.com'
        ELSE local || '@' || domain
    END
      FROM (SELECT regexp_replace(address, '^.*@', '') AS domain,
                   regexp_replace(address, '@[^@]*$', '') AS whole) AS parts
     CROSS JOIN LATERAL (SELECT coalesce(nullif(split_part(whole, '+', 1), ''), whole) AS local) AS name
$$;

-- a.b.example: {a.b.example, b.example, example}
CREATE FUNCTION mailroom.domains_of(address text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = ''
AS $$
    SELECT array_agg(array_to_string(labels[start:], '.'))
      FROM (SELECT string_to_array(regexp_replace(address, '^.*@', ''), '.') AS labels) AS split,
           generate_series(1, cardinality(labels)) AS start
$$;

CREATE INDEX participants_canonical ON mailroom.email_participants (mailroom.canonical(address), email_id);
CREATE INDEX participants_domains ON mailroom.email_participants USING gin (mailroom.domains_of(address));

CREATE TABLE mailroom.match_changes (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change text NOT NULL CONSTRAINT match_change_known CHECK (change IN ('added', 'removed')),
    investor_id bigint NOT NULL,
    kind   text NOT NULL,
    value  text NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
-- Up to where stored mail has been re-matched; one row.
CREATE TABLE mailroom.match_progress (
    done bigint NOT NULL,
    one  boolean PRIMARY KEY DEFAULT true CONSTRAINT match_progress_once CHECK (one)
);
INSERT INTO mailroom.match_progress (done) VALUES (0);
INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
SELECT 'added', investor_id, kind, value FROM mailroom.investor_addresses;

CREATE FUNCTION mailroom.note_match_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    -- One writer at a time, so that the numbers commit in order: the greatest seen stands for all before it.
    PERFORM pg_advisory_xact_lock(724016);
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
CREATE TRIGGER note_added AFTER INSERT ON mailroom.investor_addresses
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_match_change();
CREATE TRIGGER note_removed AFTER DELETE ON mailroom.investor_addresses
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_match_change();

ALTER TABLE mailroom.email_changes DROP CONSTRAINT change_kind_known;
ALTER TABLE mailroom.email_changes ADD CONSTRAINT change_kind_known
    CHECK (kind IN ('stored', 'joined', 'gone', 'returned', 'matched', 'unmatched'));

-- Since when a stored message matches nobody: hidden at once, erased after a while.
ALTER TABLE mailroom.emails ADD COLUMN unmatched_since timestamptz;
CREATE INDEX emails_unmatched ON mailroom.emails (unmatched_since) WHERE unmatched_since IS NOT NULL;
