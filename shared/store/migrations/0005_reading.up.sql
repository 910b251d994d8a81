-- What reading a message tells beside its text.
ALTER TABLE mailroom.emails
    ADD COLUMN new_text text    NOT NULL DEFAULT '',       -- of the text, what is neither quoted nor signature
    ADD COLUMN kind     text    NOT NULL DEFAULT 'person',
    ADD COLUMN calendar jsonb,                             -- {"step": ..., "events": [...]}
    ADD COLUMN report   jsonb,                             -- {"recipients": [...], "message_id": ...}
    ADD COLUMN sealed   text    NOT NULL DEFAULT '',
    ADD COLUMN spf      text    NOT NULL DEFAULT '',
    ADD COLUMN dkim     text    NOT NULL DEFAULT '',
    ADD COLUMN dmarc    text    NOT NULL DEFAULT '',
    ADD COLUMN verified boolean NOT NULL DEFAULT false,
    ADD COLUMN marks    text[]  NOT NULL DEFAULT '{}',
    ADD CONSTRAINT email_kind_known CHECK (kind IN ('person', 'calendar', 'auto_reply', 'automatic',
                                                    'delivery_report', 'read_receipt', 'feedback_report')),
    ADD CONSTRAINT email_sealed_known CHECK (sealed IN ('', 'signed', 'encrypted')),
    ADD CONSTRAINT email_verified_by_dmarc CHECK (NOT verified OR dmarc = 'pass');
