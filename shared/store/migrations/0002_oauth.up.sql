-- Consents under way: who was sent to Google, for which mailbox, and from which browser.  Ten minutes, once.
-- Hashes only: the state and the browser's secret are never stored.
CREATE TABLE mailroom.oauth_states (
    state_sha256  bytea       PRIMARY KEY CONSTRAINT oauth_state_hashed CHECK (octet_length(state_sha256) = 32),
    secret_sha256 bytea       NOT NULL CONSTRAINT oauth_secret_hashed CHECK (octet_length(secret_sha256) = 32),
    address       text        NOT NULL,
    actor         text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
