-- Which tokens are in use: without it nobody knows which one can be revoked.
ALTER TABLE mailroom.api_tokens ADD COLUMN last_used_at timestamptz;
