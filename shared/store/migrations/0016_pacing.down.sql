ALTER TABLE mailroom.email_deltas
    DROP COLUMN vain_looks,
    DROP COLUMN paced_until;
