-- An address a mailbox only seemed to have, and is verified now, is a change of who we are: it counts before an
-- investor's claim from then on.
CREATE OR REPLACE FUNCTION mailroom.note_own_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    PERFORM mailroom.take_turn('rules');
    INSERT INTO mailroom.match_changes (change, investor_id, kind, value)
    SELECT CASE TG_OP WHEN 'DELETE' THEN 'removed' ELSE 'added' END, 0, 'own', mailroom.canonical(address) FROM changed;
    PERFORM pg_notify('mailroom_matching', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER note_verified AFTER UPDATE ON mailroom.account_aliases
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mailroom.note_own_change();
