-- What each budget of Gmail units has granted in the last minute, shared by every process: one row for
-- each account's address, or the row '' for the credential as a whole.  Times are this server's clock.
CREATE TABLE mailroom.unit_meters (
    key          text             PRIMARY KEY,
    granted_at   double precision[] NOT NULL DEFAULT '{}', -- seconds since 1970, oldest first
    granted      integer[]        NOT NULL DEFAULT '{}',   -- units, beside their times
    bulk_paid_at double precision NOT NULL DEFAULT '-infinity',
    paused_until timestamptz      NOT NULL DEFAULT '-infinity',
    pauses       integer          NOT NULL DEFAULT 0,      -- of the same trouble, one after the other
    share        double precision NOT NULL DEFAULT 1,      -- of the rate, when a refusal last lowered it
    lowered_at   timestamptz      NOT NULL DEFAULT '-infinity',
    CONSTRAINT meter_times_and_units CHECK (cardinality(granted_at) = cardinality(granted)),
    CONSTRAINT meter_share_real CHECK (share > 0 AND share <= 1)
) WITH (fillfactor = 50);

-- What was spent, for the day's budget and for whoever asks where the units went.  A day is Google's:
-- it begins at midnight Pacific time.
CREATE TABLE mailroom.units_spent (
    day      date   NOT NULL,
    account  text   NOT NULL,
    method   text   NOT NULL,
    units    bigint NOT NULL DEFAULT 0,
    calls    bigint NOT NULL DEFAULT 0,
    refusals bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, account, method),
    CONSTRAINT spent_counts_up CHECK (units >= 0 AND calls >= 0 AND refusals >= 0)
);
