ALTER TABLE mailroom.match_progress DROP COLUMN target, DROP COLUMN position;
