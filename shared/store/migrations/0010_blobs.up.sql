-- Blobs that nothing refers to are removed, without ever racing somebody who is about to refer to one.

-- Who wants to refer to a blob first claims it and is told its number; a sweep that is about to remove it
-- changes the number first, so that all claims made before are void.
CREATE SEQUENCE mailroom.blob_claims AS bigint;
ALTER TABLE mailroom.blobs ADD COLUMN claim bigint NOT NULL DEFAULT nextval('mailroom.blob_claims');
ALTER TABLE mailroom.blobs ADD COLUMN claimed_at timestamptz NOT NULL DEFAULT now();
-- Set before the bytes are removed.  The row goes only after them, so a sweep that died is finished by the next.
ALTER TABLE mailroom.blobs ADD COLUMN going boolean NOT NULL DEFAULT false;

CREATE INDEX emails_of_raw ON mailroom.emails (raw_sha256) WHERE raw_sha256 IS NOT NULL;
CREATE INDEX emails_with_raw ON mailroom.emails (stored_at) WHERE raw_sha256 IS NOT NULL;

-- Raw bytes of messages that could not be read or stored: kept for as long as the ledger says waiting or dead.
CREATE TABLE mailroom.unread_raws (
    account_id bigint NOT NULL,
    gmail_id   text   NOT NULL,
    sha256     text   NOT NULL REFERENCES mailroom.blobs,
    PRIMARY KEY (account_id, gmail_id),
    FOREIGN KEY (account_id, gmail_id) REFERENCES mailroom.account_messages ON DELETE CASCADE
);
CREATE INDEX unread_raws_of_blob ON mailroom.unread_raws (sha256);

-- Files that are fetched apart from their message: their own schedule, and what went wrong last.
ALTER TABLE mailroom.email_attachments ADD COLUMN attempts smallint NOT NULL DEFAULT 0;
ALTER TABLE mailroom.email_attachments ADD COLUMN not_before timestamptz NOT NULL DEFAULT now();
ALTER TABLE mailroom.email_attachments ADD COLUMN failed boolean NOT NULL DEFAULT false;
ALTER TABLE mailroom.email_attachments ADD CONSTRAINT attachment_failed_is_not_held CHECK (NOT failed OR sha256 IS NULL);
CREATE INDEX attachments_to_fetch ON mailroom.email_attachments (not_before) WHERE sha256 IS NULL AND NOT failed;
