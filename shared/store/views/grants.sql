-- Two roles without login, to be granted to the logins that need them.
-- Roles belong to the whole server, so they may exist already: another database's migration made them.
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['crm_reader', 'mailroom_push'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else was faster
            END;
        END IF;
    END LOOP;
END $$;

-- crm_reader: the CRM.  Reads schema crm and nothing else.
GRANT USAGE ON SCHEMA crm TO crm_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA crm TO crm_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA crm TO crm_reader;

-- mailroom_push: the public process.  Takes notifications in and cannot read a single message.
GRANT USAGE ON SCHEMA mailroom TO mailroom_push;
GRANT SELECT (id, address, status) ON mailroom.email_accounts TO mailroom_push;
GRANT SELECT, INSERT, UPDATE ON mailroom.email_deltas TO mailroom_push;
GRANT SELECT, INSERT, UPDATE ON mailroom.rejected_notifications TO mailroom_push;
GRANT SELECT ON mailroom.schema_migrations TO mailroom_push;
