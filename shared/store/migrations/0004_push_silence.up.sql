-- Mail that polling found although no notification had come: first and latest time since the last one.
-- The watcher decides from them; the next notification clears all three.
ALTER TABLE mailroom.email_deltas
    ADD COLUMN unpushed_since timestamptz,
    ADD COLUMN unpushed_at    timestamptz,
    ADD COLUMN push_broken_at timestamptz,
    ADD CONSTRAINT delta_silence_whole CHECK ((unpushed_since IS NULL) = (unpushed_at IS NULL)
                                              AND (push_broken_at IS NULL OR unpushed_at IS NOT NULL));

-- When the watch was last stopped and made anew because its notifications did not come.
ALTER TABLE mailroom.email_accounts ADD COLUMN watch_restarted_at timestamptz;
