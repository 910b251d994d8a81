ALTER FUNCTION mailroom.canonical(text) COST 100;
