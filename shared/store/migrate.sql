-- name: prepare
-- One migration at a time, whoever starts it; the lock goes with the transaction.  There may be no table to
-- lock yet.  Anybody who may log in can take this lock too, and delay a migration by it: nothing else.
SELECT pg_advisory_xact_lock(724011);
CREATE SCHEMA IF NOT EXISTS mailroom;
CREATE SCHEMA IF NOT EXISTS crm;
CREATE TABLE IF NOT EXISTS mailroom.schema_migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: table_exists
SELECT to_regclass('mailroom.schema_migrations') IS NOT NULL;

-- name: applied
SELECT number FROM mailroom.schema_migrations ORDER BY number;

-- name: record
INSERT INTO mailroom.schema_migrations (number, name) VALUES (%(number)s, %(name)s);

-- name: drop_views
-- The roles stay while another database of this server uses them, or when they are not ours to drop.
DO $$
DECLARE role_name text;
BEGIN
    DROP SCHEMA crm CASCADE;
    FOREACH role_name IN ARRAY ARRAY['crm_reader', 'crm_owner', 'mailroom_push'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name);
        BEGIN
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA mailroom FROM %I', role_name);
            EXECUTE format('REVOKE ALL ON SCHEMA mailroom FROM %I', role_name);
            EXECUTE format('REVOKE ALL (id, address, status) ON mailroom.email_accounts FROM %I', role_name);
            EXECUTE format('DROP ROLE %I', role_name);
        EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN NULL;
        END;
    END LOOP;
END $$;

-- name: forget
DROP TABLE mailroom.schema_migrations;
DROP SCHEMA mailroom;
