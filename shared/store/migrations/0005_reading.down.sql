ALTER TABLE mailroom.emails
    DROP COLUMN new_text, DROP COLUMN kind, DROP COLUMN calendar, DROP COLUMN report, DROP COLUMN sealed,
    DROP COLUMN spf, DROP COLUMN dkim, DROP COLUMN dmarc, DROP COLUMN verified, DROP COLUMN marks;
