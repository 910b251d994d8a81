-- A fund's three years of mail, made by the database itself: what the views are measured on.
-- Investors differ: the busiest of 4,000 has one message in sixty, half of them share a twentieth of the mail.

-- name: fund
INSERT INTO mailroom.email_accounts (address, cursor)
SELECT 'partner' || n || '@fund.test', 1 FROM generate_series(1, current_setting('bench.accounts')::int) AS n;
INSERT INTO mailroom.email_deltas (account_id) SELECT id FROM mailroom.email_accounts;
INSERT INTO mailroom.investors (name, firm)
SELECT 'Investor ' || n, 'Firm ' || n / 3 FROM generate_series(1, current_setting('bench.investors')::int) AS n;

-- name: drafts
-- Per message, before anything is stored: its thread, its investor, its mailbox and its time.
CREATE UNLOGGED TABLE mailroom.bench_drafts AS
SELECT n,
       n / 4 + 1 AS thread_id,
       1 + floor(current_setting('bench.investors')::int * power(('x' || substr(md5('i' || n / 4), 1, 8))::bit(32)::bigint / 4294967296.0, 2))::int AS investor,
       1 + ('x' || substr(md5('a' || n / 4), 1, 7))::bit(28)::int % current_setting('bench.accounts')::int AS account,
       n % 9 < 4 AS ours,
       n % 17 = 0 AS robot,
       date_trunc('second', now()) - (current_setting('bench.messages')::int - n) * (interval '1095 days' / current_setting('bench.messages')::int) AS sent_at
  FROM generate_series(0, current_setting('bench.messages')::int - 1) AS n;
INSERT INTO mailroom.email_threads (created_at) SELECT now() FROM generate_series(0, current_setting('bench.messages')::int / 4);

-- name: texts
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
  JOIN mailroom.bench_texts t ON t.n = 1 + d.n::bigint * 7919 % 20000
 ORDER BY d.n;

-- name: participants
INSERT INTO mailroom.email_participants (email_id, position, role, address)
SELECT e.id, p.position, p.role, p.address
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 CROSS JOIN LATERAL (VALUES (0, 'from', e.author_address),
                            (1, 'to', CASE WHEN d.ours THEN 'i' || d.investor || '@lp.test' ELSE 'partner' || d.account || '@fund.test' END),
                            (2, 'cc', 'partner' || 1 + (d.account + 7) % current_setting('bench.accounts')::int || '@fund.test')) AS p (position, role, address)
 WHERE p.position < 2 OR d.n % 5 < 2;

-- name: matches
INSERT INTO mailroom.email_matches (email_id, investor_id, role, address, strategy, ambiguous)
SELECT e.id, m.investor, m.role, 'i' || m.investor || '@lp.test', 'address', false
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 CROSS JOIN LATERAL (VALUES (d.investor, CASE WHEN d.ours THEN 'to' ELSE 'from' END, true),
                            (d.investor, 'cc', d.n % 10 = 0),
                            (1 + (d.investor + 11) % current_setting('bench.investors')::int, 'cc', d.n / 4 % 6 = 0)) AS m (investor, role, really)
 WHERE m.really;

-- name: copies
INSERT INTO mailroom.account_messages (account_id, gmail_id, gmail_thread_id, state, labels, live, email_id, settled_at)
SELECT c.account, to_hex(d.n::bigint * 16 + c.copy), to_hex(d.thread_id), 'stored', '{INBOX}', false, e.id, now()
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 CROSS JOIN LATERAL (VALUES (0, d.account), (1, 1 + (d.account + 7) % current_setting('bench.accounts')::int)) AS c (copy, account)
 WHERE c.copy = 0 OR d.n % 5 < 2;

-- name: attachments
INSERT INTO mailroom.email_attachments (email_id, part_id, filename, media_type, inline, size, skipped)
SELECT e.id, '1', 'deck.pdf', 'application/pdf', false, 100000, 'too_large'
  FROM mailroom.bench_drafts d
  JOIN mailroom.emails e ON e.message_id = d.n || '@bench.test'
 WHERE d.n % 5 = 0;

-- name: show
-- What the feed's trigger does message by message, at once.
INSERT INTO mailroom.shown (email_id, investor_id, sent_at, direction, person, strictness, team)
SELECT email_id, investor_id, sent_at, direction, person, strictness, team FROM mailroom.shown_by_rule;
UPDATE mailroom.email_threads t SET last_at = newest.at
  FROM (SELECT thread_id, max(sent_at) AS at FROM mailroom.emails GROUP BY thread_id) AS newest
 WHERE newest.thread_id = t.id;

-- name: words
INSERT INTO mailroom.email_words (email_id, words)
SELECT id, setweight(to_tsvector('pg_catalog.simple', subject), 'A')
           || setweight(to_tsvector('pg_catalog.simple', body_text), 'D')
  FROM mailroom.emails;

-- name: tidy
DROP TABLE mailroom.bench_drafts, mailroom.bench_texts;

-- name: settle
VACUUM ANALYZE;

-- name: patient
SET LOCAL statement_timeout = 0;

-- name: sizes
SELECT set_config('bench.messages', %(messages)s, false), set_config('bench.accounts', %(accounts)s, false),
       set_config('bench.investors', %(investors)s, false);

-- name: as_the_crm
SET LOCAL ROLE crm_reader;

-- name: as_ourselves
RESET ROLE;

-- name: some_investors
-- Of messages taken at random: who writes much is asked about much.  The busiest comes first.
SELECT 1 UNION ALL
(SELECT DISTINCT investor_id FROM mailroom.shown
  WHERE email_id IN (SELECT 1 + floor(random() * %(messages)s)::bigint FROM generate_series(1, 120)) LIMIT 99);

-- name: some_words
-- From every message to hardly any, alone and together.
SELECT unnest(ARRAY['w1000', 'w29500', 'w20000', 'w9000', 'w3000', 'w300', 'w100', 'w30', 'w10', 'w3', 'w1',
                    'w29000 w25000', 'w9000 w700', 'w500 w20', 'w50 w60', 'w2 w3', '"w1 w2"', 'w900 or w901', 'w1 -w2', 'nowhere']);

-- name: newest
SELECT email_id, thread_id, subject, direction, sent_at
  FROM crm.investor_emails WHERE investor_id = %(value)s ORDER BY sent_at DESC LIMIT 100;

-- name: newest_by_rule
SELECT r.email_id, e.thread_id, e.subject, r.direction, r.sent_at
  FROM (SELECT * FROM mailroom.shown_by_rule OFFSET 0) AS r
  JOIN mailroom.emails e ON e.id = r.email_id
 WHERE r.investor_id = %(value)s ORDER BY r.sent_at DESC LIMIT 100;

-- name: activity_one
SELECT * FROM crm.investor_activity WHERE investor_id = %(value)s;

-- name: activity_all
SELECT * FROM crm.investor_activity ORDER BY last_at DESC NULLS LAST;

-- name: activity_by_rule
SELECT investor_id, max(sent_at), count(*), count(*) FILTER (WHERE sent_at > now() - interval '90 days')
  FROM mailroom.shown_by_rule WHERE person GROUP BY investor_id;

-- name: search
SELECT * FROM crm.search(%(value)s);

-- name: search_inside
-- The function's own statement for words without negation: a plan ends at a function's door.
SELECT e.id
  FROM mailroom.email_words w
  JOIN mailroom.emails e ON e.id = w.email_id
 CROSS JOIN LATERAL (SELECT s.strictness FROM mailroom.shown s WHERE s.email_id = e.id LIMIT 1) AS v
 WHERE w.words @@ websearch_to_tsquery('pg_catalog.simple', %(value)s)
   AND CASE v.strictness
           WHEN 0 THEN true
           WHEN 1 THEN ts_filter(w.words, '{a,b}') @@ websearch_to_tsquery('pg_catalog.simple', %(value)s)
           ELSE false
       END
 ORDER BY e.sent_at DESC, e.id DESC LIMIT 100;

-- name: search_by_reading
SELECT id FROM mailroom.emails WHERE body_text ILIKE '%%' || %(value)s || '%%' ORDER BY sent_at DESC LIMIT 100;
