-- Looks in a row that notifications asked for and that found nothing, and until when they ask for no other.
-- Neither is indexed: setting them stays within the row's page.
ALTER TABLE mailroom.email_deltas
    ADD COLUMN vain_looks  smallint NOT NULL DEFAULT 0 CONSTRAINT delta_vain_looks_count_up CHECK (vain_looks >= 0),
    ADD COLUMN paced_until timestamptz;
