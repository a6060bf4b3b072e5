-- A catalogue of 5,000 services in 50 categories, as an import of a provider's whole list leaves it.
INSERT INTO categories (name, availability, created_by, created_at, updated_at)
SELECT 'Bench ' || lpad(n::text, 2, '0'), 'active', (SELECT id FROM users ORDER BY id LIMIT 1), 0, 0
FROM generate_series(1, 50) AS n;
INSERT INTO services (provider_id, upstream_id, name, service_type, rate, profit, quantity_min, quantity_max, dripfeed,
    refill, cancel, category_id, availability, description, created_by, created_at, updated_at)
SELECT (SELECT id FROM providers ORDER BY id LIMIT 1), 'bench-' || n, 'Instagram Followers | Non drop | Server ' || n,
    'Default', 900000000 + n::BIGINT * 1000000, 270000000, 50, 10000 + n, false, n % 2 = 0, n % 3 = 0,
    (SELECT id FROM categories WHERE name = 'Bench ' || lpad((1 + n % 50)::text, 2, '0')), 'active',
    'Start: 0 to 1 hour. Speed: 10,000 a day. No refill after 30 days.', (SELECT id FROM users ORDER BY id LIMIT 1), 0, 0
FROM generate_series(1, 5000) AS n;
ANALYZE services;
