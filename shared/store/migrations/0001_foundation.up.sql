-- All of mailroom's state.  Every rule that code relies on is a named constraint.
-- History ids are numeric: Gmail promises neither a width nor a start.  Gmail ids are text.

CREATE TABLE mailroom.email_accounts (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address          text        NOT NULL CONSTRAINT account_enrolled_once UNIQUE,
    status           text        NOT NULL DEFAULT 'active',
    status_reason    text        NOT NULL DEFAULT '',
    auth             text        NOT NULL DEFAULT 'dwd',
    visibility       text        NOT NULL DEFAULT 'full',
    cursor           numeric     NOT NULL,
    cursor_at        timestamptz NOT NULL DEFAULT now(),
    watch_expires_at timestamptz,
    watch_due_at     timestamptz NOT NULL DEFAULT now(),
    watch_error      text        NOT NULL DEFAULT '',
    last_success_at  timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_address_normal CHECK (address = lower(address) AND address ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT account_status_known CHECK (status IN ('active', 'paused', 'reconnect', 'no_mailbox', 'operator')),
    CONSTRAINT account_auth_known CHECK (auth IN ('dwd', 'oauth')),
    CONSTRAINT account_visibility_known CHECK (visibility IN ('full', 'subject', 'metadata')),
    CONSTRAINT account_cursor_positive CHECK (cursor > 0 AND cursor = trunc(cursor))
);

-- One narrow row per account says "look again, and when".  No index on due_at: every notification
-- updates it, and an unindexed update stays in its page (HOT); thousands of rows scan in a millisecond.
CREATE TABLE mailroom.email_deltas (
    account_id        bigint      PRIMARY KEY REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    due_at            timestamptz NOT NULL DEFAULT now(),
    wake              bigint      NOT NULL DEFAULT 0,
    fence             bigint      NOT NULL DEFAULT 0,
    lease_until       timestamptz,
    lease_owner       text,
    pushed_history_id numeric,
    first_pushed_at   timestamptz,
    last_pushed_at    timestamptz,
    lag_looks         smallint    NOT NULL DEFAULT 0,
    CONSTRAINT delta_lease_whole CHECK ((lease_until IS NULL) = (lease_owner IS NULL)),
    CONSTRAINT delta_counts_up CHECK (wake >= 0 AND fence >= 0 AND lag_looks >= 0)
) WITH (fillfactor = 50);

CREATE TABLE mailroom.blobs (
    sha256    text        PRIMARY KEY CONSTRAINT blob_named_by_content CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size      bigint      NOT NULL CONSTRAINT blob_size_real CHECK (size >= 0),
    stored_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE mailroom.email_threads (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Gmail's own threads, per account: its threadId means nothing in another mailbox.
CREATE TABLE mailroom.email_thread_keys (
    account_id      bigint NOT NULL REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    gmail_thread_id text   NOT NULL,
    thread_id       bigint NOT NULL REFERENCES mailroom.email_threads ON DELETE CASCADE,
    PRIMARY KEY (account_id, gmail_thread_id)
);
CREATE INDEX thread_keys_of_thread ON mailroom.email_thread_keys (thread_id);

CREATE TABLE mailroom.emails (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id      bigint      NOT NULL REFERENCES mailroom.email_threads,
    message_id     text        NOT NULL,
    digest         text        NOT NULL,
    subject        text        NOT NULL,
    sent_at        timestamptz NOT NULL,
    date_source    text        NOT NULL,
    direction      text        NOT NULL,
    author_address text,
    author_name    text        NOT NULL DEFAULT '',
    reference_ids  text[]      NOT NULL DEFAULT '{}', -- References and In-Reply-To, oldest first
    snippet        text        NOT NULL DEFAULT '',
    body_text      text        NOT NULL DEFAULT '',
    body_html      text        NOT NULL DEFAULT '',
    defects        text[]      NOT NULL DEFAULT '{}',
    raw_sha256     text        REFERENCES mailroom.blobs,
    raw_size       bigint      NOT NULL,
    historic       boolean     NOT NULL,
    stored_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT email_direction_known CHECK (direction IN ('inbound', 'outbound', 'both')),
    CONSTRAINT email_date_source_known CHECK (date_source IN ('header', 'received', 'fallback')),
    CONSTRAINT email_date_believable CHECK (sent_at >= '1970-01-01T00:00:00Z' AND sent_at < '3000-01-01T00:00:00Z'),
    CONSTRAINT email_message_id_indexable CHECK (octet_length(message_id) <= 998),
    CONSTRAINT email_digest_shape CHECK (digest ~ '^[0-9a-f]{64}$')
);
-- Copies become one message only when Message-ID and the digest of author, date, subject and text agree.
CREATE UNIQUE INDEX email_stored_once ON mailroom.emails (message_id, digest) WHERE message_id <> '';
CREATE INDEX emails_of_thread ON mailroom.emails (thread_id, sent_at);
-- A parent that arrives after its replies finds them here.
CREATE INDEX emails_by_reference ON mailroom.emails USING gin (reference_ids);
CREATE INDEX emails_newest ON mailroom.emails (sent_at DESC, id DESC);

-- The ledger: one row per (account, Gmail id) we have ever been told of, and what became of it.
CREATE TABLE mailroom.account_messages (
    account_id      bigint      NOT NULL REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    gmail_id        text        NOT NULL,
    gmail_thread_id text        NOT NULL DEFAULT '',
    state           text        NOT NULL DEFAULT 'waiting',
    labels          text[]      NOT NULL DEFAULT '{}',
    live            boolean     NOT NULL,
    attempts        smallint    NOT NULL DEFAULT 0,
    not_before      timestamptz NOT NULL DEFAULT now(),
    error           text        NOT NULL DEFAULT '',
    email_id        bigint      REFERENCES mailroom.emails,
    first_pushed_at timestamptz,
    seen_at         timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    PRIMARY KEY (account_id, gmail_id),
    CONSTRAINT ledger_state_known CHECK (state IN ('waiting', 'stored', 'unmatched', 'excluded', 'gone', 'dead')),
    CONSTRAINT ledger_stored_has_email CHECK (state <> 'stored' OR email_id IS NOT NULL),
    CONSTRAINT ledger_email_only_when_stored_once CHECK (email_id IS NULL OR state IN ('stored', 'gone')),
    CONSTRAINT ledger_waits_or_settled CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CONSTRAINT ledger_dead_says_why CHECK (state <> 'dead' OR error <> '')
);
-- Live mail before old mail, newest id first inside each: what the consumer takes next.
CREATE INDEX ledger_waiting ON mailroom.account_messages (account_id, live DESC, gmail_id DESC) WHERE state = 'waiting';
CREATE INDEX ledger_of_email ON mailroom.account_messages (email_id) WHERE email_id IS NOT NULL;

CREATE TABLE mailroom.email_participants (
    email_id bigint   NOT NULL REFERENCES mailroom.emails ON DELETE CASCADE,
    position smallint NOT NULL,
    role     text     NOT NULL,
    address  text     NOT NULL,
    name     text     NOT NULL DEFAULT '',
    PRIMARY KEY (email_id, position),
    CONSTRAINT participant_role_known CHECK (role IN ('from', 'sender', 'reply_to', 'to', 'cc', 'bcc'))
);
CREATE INDEX participants_by_address ON mailroom.email_participants (address, email_id);

CREATE TABLE mailroom.investors (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL,
    firm       text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT investor_known_once UNIQUE (name, firm),
    CONSTRAINT investor_has_name CHECK (btrim(name) <> '')
);

CREATE TABLE mailroom.investor_addresses (
    investor_id bigint      NOT NULL REFERENCES mailroom.investors ON DELETE CASCADE,
    kind        text        NOT NULL,
    value       text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, value, investor_id),
    CONSTRAINT investor_address_kind_known CHECK (kind IN ('address', 'domain')),
    CONSTRAINT investor_address_shape CHECK ((kind = 'address') = (position('@' in value) > 0) AND value <> '')
);
CREATE INDEX addresses_of_investor ON mailroom.investor_addresses (investor_id);

CREATE TABLE mailroom.email_matches (
    email_id    bigint  NOT NULL REFERENCES mailroom.emails ON DELETE CASCADE,
    investor_id bigint  NOT NULL REFERENCES mailroom.investors ON DELETE CASCADE,
    role        text    NOT NULL,
    address     text    NOT NULL,
    strategy    text    NOT NULL,
    ambiguous   boolean NOT NULL,
    PRIMARY KEY (email_id, investor_id, role, address),
    CONSTRAINT match_role_known CHECK (role IN ('from', 'to', 'cc', 'bcc')),
    CONSTRAINT match_strategy_known CHECK (strategy IN ('address', 'domain'))
);
CREATE INDEX matches_of_investor ON mailroom.email_matches (investor_id, email_id);

CREATE TABLE mailroom.email_attachments (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email_id   bigint  NOT NULL REFERENCES mailroom.emails ON DELETE CASCADE,
    part_id    text    NOT NULL,
    filename   text    NOT NULL DEFAULT '',
    media_type text    NOT NULL,
    content_id text    NOT NULL DEFAULT '',
    inline     boolean NOT NULL,
    size       bigint  NOT NULL,
    sha256     text    REFERENCES mailroom.blobs,
    skipped    text    NOT NULL DEFAULT '',
    CONSTRAINT attachment_listed_once UNIQUE (email_id, part_id),
    CONSTRAINT attachment_stored_or_says_why CHECK ((sha256 IS NULL) = (skipped <> ''))
);
CREATE INDEX attachments_of_blob ON mailroom.email_attachments (sha256);

-- The feed a CRM follows.  Writers take one advisory lock before inserting, so ids commit in order
-- and a reader that remembers the last id it saw can never miss one.
CREATE TABLE mailroom.email_changes (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email_id bigint      NOT NULL,
    kind     text        NOT NULL,
    historic boolean     NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT change_kind_known CHECK (kind IN ('stored', 'joined', 'gone', 'returned'))
);

CREATE TABLE mailroom.email_sync_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    kind        text        NOT NULL,
    status      text        NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
    stored      integer     NOT NULL DEFAULT 0,
    unmatched   integer     NOT NULL DEFAULT 0,
    excluded    integer     NOT NULL DEFAULT 0,
    gone        integer     NOT NULL DEFAULT 0,
    failed      integer     NOT NULL DEFAULT 0,
    units       integer     NOT NULL DEFAULT 0,
    error       text        NOT NULL DEFAULT '',
    CONSTRAINT run_kind_known CHECK (kind IN ('live', 'backfill', 'recovery')),
    CONSTRAINT run_status_known CHECK (status IN ('ok', 'partial', 'failed')),
    CONSTRAINT run_failed_says_why CHECK (status <> 'failed' OR error <> '')
);
CREATE INDEX runs_newest ON mailroom.email_sync_runs (account_id, id DESC);

-- Finding mail in bulk, page by page, resumable.
CREATE TABLE mailroom.email_searches (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint      NOT NULL REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    kind        text        NOT NULL,
    query       text        NOT NULL DEFAULT '',
    page_token  text        NOT NULL DEFAULT '',
    listed      integer     NOT NULL DEFAULT 0,
    state       text        NOT NULL DEFAULT 'listing',
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT search_kind_known CHECK (kind IN ('backfill', 'recovery', 'investor')),
    CONSTRAINT search_state_known CHECK (state IN ('listing', 'done', 'cancelled')),
    CONSTRAINT search_end_has_time CHECK ((state = 'listing') = (finished_at IS NULL))
);
CREATE INDEX searches_open ON mailroom.email_searches (account_id, id) WHERE state = 'listing';

-- What expired history cost: opened when Gmail answers 404, closed when the long way round is done.
CREATE TABLE mailroom.email_gaps (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint      NOT NULL REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    search_id  bigint      REFERENCES mailroom.email_searches ON DELETE SET NULL,
    cursor     numeric     NOT NULL,
    anchor     numeric     NOT NULL,
    since      timestamptz,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    recovered  integer     NOT NULL DEFAULT 0,
    closed_at  timestamptz
);
CREATE INDEX gaps_of_account ON mailroom.email_gaps (account_id);

CREATE TABLE mailroom.email_exclusions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text        NOT NULL,
    value      text        NOT NULL,
    note       text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT exclusion_kind_known CHECK (kind IN ('address', 'domain', 'label', 'account')),
    CONSTRAINT exclusion_stated_once UNIQUE (kind, value)
);

CREATE TABLE mailroom.oauth_tokens (
    account_id bigint      PRIMARY KEY REFERENCES mailroom.email_accounts ON DELETE CASCADE,
    sealed     text        NOT NULL,
    scope      text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- A refresh token in the clear can never be written, whatever the code does.
    CONSTRAINT oauth_token_encrypted CHECK (sealed ~ '^aesgcm:v1:[A-Za-z0-9_-]+:[A-Za-z0-9+/=]{40,}$')
);

CREATE TABLE mailroom.api_tokens (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text        NOT NULL CONSTRAINT api_token_name_free UNIQUE,
    role         text        NOT NULL,
    token_sha256 bytea       NOT NULL CONSTRAINT api_token_distinct UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    CONSTRAINT api_token_role_known CHECK (role IN ('admin', 'member')),
    CONSTRAINT api_token_hashed CHECK (octet_length(token_sha256) = 32)
);

-- Notifications that were authentic but say nothing we can use.  Repeats raise a count, so that a
-- flood of the same garbage stays one row.  The body is not kept: it may name somebody's mailbox.
CREATE TABLE mailroom.rejected_notifications (
    reason      text        NOT NULL,
    body_sha256 text        NOT NULL CONSTRAINT rejected_digest_shape CHECK (body_sha256 ~ '^[0-9a-f]{64}$'),
    body_size   integer     NOT NULL,
    pubsub_id   text        NOT NULL DEFAULT '',
    times       bigint      NOT NULL DEFAULT 1,
    first_at    timestamptz NOT NULL DEFAULT now(),
    last_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (reason, body_sha256)
);

CREATE TABLE mailroom.audit_log (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text        NOT NULL,
    action  text        NOT NULL,
    subject text        NOT NULL DEFAULT '',
    detail  jsonb       NOT NULL DEFAULT '{}'
);
