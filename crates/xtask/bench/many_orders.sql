-- Fills a furnished database with orders that were placed, sent and delivered, with all that such orders leave behind.
-- :orders of them; every :first_has-th is the customer :first's, the others are spread over the other customers.

SET session_replication_role = replica; -- no trigger looks up what is right by construction
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';

CREATE TEMP TABLE buyers AS
    SELECT (row_number() OVER (ORDER BY user_id)) - 1 AS no, user_id FROM wallets WHERE available > 0 AND user_id <> :'first';
CREATE TEMP TABLE offer AS
    SELECT s.*, s.rate + s.profit AS selling_rate,
        GREATEST(((s.rate + s.profit) * :quantity + 999999) / 1000000, 1) AS price,
        (s.rate * :quantity + 999999) / 1000000 AS cost,
        (EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT AS now
    FROM services s WHERE s.id = :service;
CREATE TEMP TABLE seeded AS
    SELECT n AS id,
        CASE WHEN n % :first_has = 0 THEN :'first'
             ELSE (SELECT user_id FROM buyers WHERE no = n % (SELECT count(*) FROM buyers)) END AS user_id,
        -- Evenly over sixty days, up to an hour ago.
        (SELECT now FROM offer) - 3600000000 - ((:orders)::BIGINT - n) * (5184000000000 / (:orders)::BIGINT) AS at
    FROM generate_series(1, (:orders)::BIGINT) AS n;

INSERT INTO orders (
    id, user_id, service_id, service_name, provider_id, upstream_service, rate, selling_rate, refill, cancel, link, quantity,
    price, cost, state, hold, refunded, recognised, provider_order_id, provider_status, start_count, remains, attempts,
    lookups, observed_at, asked_at, submitted_at, ended_at, created_at, updated_at, revision
)
SELECT s.id, s.user_id, o.id, o.name, o.provider_id, o.upstream_id, o.rate, o.selling_rate, o.refill, o.cancel,
    'https://instagram.com/p/' || lpad(s.id::TEXT, 16, '0'), :quantity, o.price, o.cost, 'completed', 'posted', 0, o.price,
    'seed-' || s.id, 'Completed', 1000, 0, 1, 0, at + 60000000, at + 60000000, at + 1000000, at + 60000000, at,
    at + 60000000, 3
FROM seeded s, offer o;

INSERT INTO idempotency_keys (user_id, key, fingerprint, order_id, created_at)
SELECT user_id, 'seed-' || id, repeat('f', 64), id, at FROM seeded;

INSERT INTO attempts (order_id, no, worker, outcome, provider_id, provider_order_id, started_at, resolved_at)
SELECT s.id, 1, 'seed', 'placed', o.provider_id, 'seed-' || s.id, at, at + 1000000 FROM seeded s, offer o;

INSERT INTO order_events (order_id, kind, actor, actor_user, at, details)
SELECT id, 'placed', 'customer', user_id, at, '[]' FROM seeded
UNION ALL SELECT id, 'completed', 'provider', NULL, at + 60000000, '[]' FROM seeded;

INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, order_id, created_at)
SELECT 1, 2, o.price, 'hold', s.id::TEXT, s.user_id, s.id, at FROM seeded s, offer o
UNION ALL SELECT 2, 3, o.price, 'post', s.id::TEXT, s.user_id, s.id, at + 1000000 FROM seeded s, offer o
UNION ALL SELECT 3, 4, o.price, 'recognise', s.id::TEXT, NULL, s.id, at + 60000000 FROM seeded s, offer o;
INSERT INTO transfers (debit, credit, amount, kind, reference, order_id, provider_id, created_at)
SELECT 6, 5, o.cost, 'cogs', s.id::TEXT, s.id, o.provider_id, at + 1000000 FROM seeded s, offer o WHERE o.cost > 0;

UPDATE wallets w SET available = available - spent.amount
FROM (SELECT user_id, count(*) * (SELECT price FROM offer) AS amount FROM seeded GROUP BY user_id) AS spent
WHERE spent.user_id = w.user_id;

SELECT setval('orders_id_seq', :orders) AS last \gset
VACUUM ANALYZE;
