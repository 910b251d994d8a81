-- name: of_the_crm
-- Who may read what the CRM reads and is not us.  A setting of the login goes before one of the database.
SELECT r.rolname AS name,
       r.rolconnlimit AS most,
       ARRAY(SELECT name
               FROM (SELECT DISTINCT ON (name) name, value
                       FROM pg_db_role_setting AS s
                      CROSS JOIN unnest(s.setconfig) AS line
                      CROSS JOIN LATERAL (SELECT split_part(line, '=', 1), split_part(line, '=', 2)) AS said (name, value)
                      WHERE s.setrole IN (0, r.oid)
                        AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                      ORDER BY name, s.setrole = 0, s.setdatabase = 0) AS decisive
              WHERE value !~ '^0+[a-z]*$') AS limits
  FROM pg_roles AS r
  JOIN pg_roles AS reader ON reader.rolname = 'crm_reader'
 WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user
   AND pg_has_role(r.oid, reader.oid, 'USAGE')
 ORDER BY r.rolname;

-- name: views_owners
-- Roles that may log in or may do anything; crm_owner is neither.
SELECT DISTINCT r.rolname
  FROM (SELECT relowner AS id FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v'
        UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'crm'::regnamespace) AS owner
  JOIN pg_roles r ON r.oid = owner.id
 WHERE r.rolcanlogin OR r.rolsuper OR r.rolbypassrls
 ORDER BY r.rolname;

-- name: queue_used
SELECT pg_notification_queue_usage();

-- name: of_ours
SELECT quote_ident(session_user) AS name,
       quote_ident(current_database()) AS database,
       current_setting('synchronous_commit') <> 'off' AS waits;
