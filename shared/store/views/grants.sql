-- Three roles without login; two of them are to be granted to the logins that need them.
-- Roles belong to the whole server, so they may exist already: another database's migration made them.
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['crm_reader', 'crm_owner', 'mailroom_push'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else was faster
            END;
        END IF;
    END LOOP;
END $$;

-- crm_owner: whose rights the views and the search run with, in place of those of whoever migrates.  It can
-- read the tables the views are made of, and nothing else: what could be got out of a view ends there.
-- Where the role is somebody else's and not ours to use, the views stay our own, and mailroom doctor says so.
DO $$
DECLARE one text;
BEGIN
    IF NOT pg_has_role(current_user, 'crm_owner', 'USAGE') THEN
        BEGIN
            EXECUTE format('GRANT crm_owner TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN RETURN;
        END;
    END IF;
    GRANT USAGE, CREATE ON SCHEMA crm TO crm_owner;  -- CREATE: only who may create here can be made an owner
    GRANT USAGE ON SCHEMA mailroom TO crm_owner;
    REVOKE ALL ON ALL TABLES IN SCHEMA mailroom FROM crm_owner;
    FOR one IN
        SELECT DISTINCT used.oid::regclass
          FROM pg_class made
          JOIN pg_rewrite AS rule ON rule.ev_class = made.oid
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = rule.oid AND d.refclassid = 'pg_class'::regclass
          JOIN pg_class used ON used.oid = d.refobjid
         WHERE made.relnamespace = 'crm'::regnamespace AND used.relnamespace = 'mailroom'::regnamespace
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO crm_owner', one);
    END LOOP;
    GRANT SELECT ON mailroom.email_words TO crm_owner;  -- the search's
    FOR one IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' LOOP
        EXECUTE format('ALTER VIEW %s OWNER TO crm_owner', one);
    END LOOP;
    FOR one IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'crm'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO crm_owner', one);
    END LOOP;
    REVOKE CREATE ON SCHEMA crm FROM crm_owner;
END $$;

-- crm_reader: the CRM.  Reads schema crm and nothing else.
GRANT USAGE ON SCHEMA crm TO crm_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA crm TO crm_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA crm TO crm_reader;

-- mailroom_push: the public process.  Takes notifications in and cannot read a single message.
GRANT USAGE ON SCHEMA mailroom TO mailroom_push;
GRANT SELECT (id, address, status) ON mailroom.email_accounts TO mailroom_push;
-- Of a delta it writes what a notification says (deltas.sql, push): leases and fences are the consumers'.
REVOKE ALL ON mailroom.email_deltas, mailroom.rejected_notifications FROM mailroom_push;
GRANT SELECT,
      INSERT (account_id, wake, pushed_history_id, first_pushed_at, last_pushed_at),
      UPDATE (due_at, wake, lag_looks, pushed_history_id, first_pushed_at, last_pushed_at,
              unpushed_since, unpushed_at, push_broken_at)
   ON mailroom.email_deltas TO mailroom_push;
GRANT SELECT, INSERT (reason, body_sha256, body_size, pubsub_id), UPDATE (times, last_at, pubsub_id)
   ON mailroom.rejected_notifications TO mailroom_push;
GRANT SELECT ON mailroom.schema_migrations TO mailroom_push;
