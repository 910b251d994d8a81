-- A fund's three years of mail, made by the database itself: what the views are measured on.
-- Investors differ: the busiest of 4,000 has one message in sixty, half of them share a twentieth of the mail.

-- name: fund
INSERT INTO mailroom.email_accounts (address, cursor)
SELECT 'partner' || n || '@fund.test', 1 FROM generate_series(1, %(accounts)s) AS n;
INSERT INTO mailroom.email_deltas (account_id) SELECT id FROM mailroom.email_accounts;
INSERT INTO mailroom.investors (name, firm)
SELECT 'Investor ' || n, 'Firm ' || n / 3 FROM generate_series(1, %(investors)s) AS n;

-- name: drafts
-- Per message, before anything is stored: its thread, its investor, its mailbox and its time.
CREATE UNLOGGED TABLE mailroom.bench_drafts AS
SELECT n,
       n / 4 + 1 AS thread_id,
       1 + floor(%(investors)s * power(('x' || substr(md5('i' || n / 4), 1, 8))::bit(32)::bigint / 4294967296.0, 2))::int AS investor,
       1 + ('x' || substr(md5('a' || n / 4), 1, 7))::bit(28)::int %% %(accounts)s AS account,
       n %% 9 < 4 AS ours,
       n %% 17 = 0 AS robot,
       date_trunc('second', now()) - (%(messages)s - n) * (interval '1095 days' / %(messages)s) AS sent_at
  FROM generate_series(0, %(messages)s - 1) AS n;
INSERT INTO mailroom.email_threads (created_at) SELECT now() FROM generate_series(0, %(messages)s / 4);

-- name: words
-- Words as frequent as in a language: the hundredth is a hundred times rarer than the first.
CREATE UNLOGGED TABLE mailroom.bench_texts AS
SELECT n, (SELECT string_agg('w' || floor(exp(random() * ln(30000)))::int, ' ') FROM generate_series(1, 90) WHERE n > 0) AS words
  FROM generate_series(1, 20000) AS n;
CREATE INDEX ON mailroom.bench_texts (n);

-- name: emails
INSERT INTO mailroom.emails (thread_id, message_id, digest, subject, sent_at, date_source, direction, author_address,
                             author_name, snippet, body_text, new_text, raw_size, historic, kind)
SELECT d.thread_id, d.n || '@bench.test', encode(sha256(d.n::text::bytea), 'hex'), 'Round ' || d.thread_id || ' ' || left(t.words, 30),
       d.sent_at, 'header', CASE WHEN d.ours THEN 'outbound' ELSE 'inbound' END,
       CASE WHEN d.ours THEN 'partner' || d.account || '@fund.test' ELSE 'i' || d.investor || '@lp.test' END,
       'Somebody', left(t.words, 100), t.words, t.words, 6000, true, CASE WHEN d.robot THEN 'auto_reply' ELSE 'person' END
  FROM mailroom.bench_drafts d
  JOIN mailroom.bench_texts t ON t.n = 1 + d.n::bigint * 7919 %% 20000
 ORDER BY d.n;

-- name: participants
INSERT INTO mailroom.email_participants (email_id, position, role, address)
SELECT e.id, p.position, p.role, p.address
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 CROSS JOIN LATERAL (VALUES (0, 'from', e.author_address),
                            (1, 'to', CASE WHEN d.ours THEN 'i' || d.investor || '@lp.test' ELSE 'partner' || d.account || '@fund.test' END),
                            (2, 'cc', 'partner' || 1 + (d.account + 7) %% %(accounts)s || '@fund.test')) AS p (position, role, address)
 WHERE p.position < 2 OR d.n %% 5 < 2;

-- name: matches
INSERT INTO mailroom.email_matches (email_id, investor_id, role, address, strategy, ambiguous)
SELECT e.id, m.investor, m.role, 'i' || m.investor || '@lp.test', 'address', false
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 CROSS JOIN LATERAL (VALUES (d.investor, CASE WHEN d.ours THEN 'to' ELSE 'from' END, true),
                            (d.investor, 'cc', d.n %% 10 = 0),
                            (1 + (d.investor + 11) %% %(investors)s, 'cc', d.n / 4 %% 6 = 0)) AS m (investor, role, really)
 WHERE m.really;

-- name: copies
INSERT INTO mailroom.account_messages (account_id, gmail_id, gmail_thread_id, state, labels, live, email_id, settled_at)
SELECT c.account, to_hex(d.n::bigint * 16 + c.copy), to_hex(d.thread_id), 'stored', '{INBOX}', false, e.id, now()
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 CROSS JOIN LATERAL (VALUES (0, d.account), (1, 1 + (d.account + 7) %% %(accounts)s)) AS c (copy, account)
 WHERE c.copy = 0 OR d.n %% 5 < 2;

-- name: attachments
INSERT INTO mailroom.email_attachments (email_id, part_id, filename, media_type, inline, size, skipped)
SELECT e.id, '1', 'deck.pdf', 'application/pdf', false, 100000, 'too_large'
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 WHERE d.n %% 5 = 0;

-- name: tidy
DROP TABLE mailroom.bench_drafts, mailroom.bench_texts;
