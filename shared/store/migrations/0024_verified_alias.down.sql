DROP TRIGGER note_verified ON mailroom.account_aliases;
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
