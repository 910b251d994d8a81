-- How far the re-matching of stored mail has come within the changes it is at: it is done some hundred messages
-- at a time, because nobody can store meanwhile.  target: the last of those changes; position: an email id.
ALTER TABLE mailroom.match_progress
    ADD COLUMN target   bigint,
    ADD COLUMN position bigint NOT NULL DEFAULT 0;
