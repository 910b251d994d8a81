-- name: note
INSERT INTO mailroom.audit_log (actor, action, subject, detail)
VALUES (%(actor)s, %(action)s, %(subject)s, %(detail)s);
