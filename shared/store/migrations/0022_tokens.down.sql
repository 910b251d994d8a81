ALTER TABLE mailroom.api_tokens DROP COLUMN last_used_at;
