-- The functions that call it are dropped by the steps before.
DROP FUNCTION mailroom.take_turn(text);
DROP TABLE mailroom.turns;
