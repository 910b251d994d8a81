ALTER TABLE mailroom.email_accounts DROP COLUMN watch_restarted_at;
ALTER TABLE mailroom.email_deltas
    DROP CONSTRAINT delta_silence_whole,
    DROP COLUMN unpushed_since,
    DROP COLUMN unpushed_at,
    DROP COLUMN push_broken_at;
