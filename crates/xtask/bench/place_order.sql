-- The ground for placing orders: the best single call that writes what the product writes when it takes an order, and checks
-- what the product checks. pgbench calls it as fast as the database can; the baseline in Node calls it over HTTP.
--
-- What makes it fast: one round trip; the id is drawn first, so that nothing is written twice; everything that nobody waits
-- for goes in one statement; the wallet's row, which others wait for, is locked in the last one.

CREATE OR REPLACE FUNCTION bench_place_order(
    p_user TEXT, p_service BIGINT, p_link TEXT, p_quantity BIGINT, p_key TEXT, p_fingerprint TEXT
) RETURNS TABLE (order_id BIGINT, ordered TEXT, charged BIGINT, placed_at BIGINT, replayed BOOLEAN)
LANGUAGE plpgsql AS $$
DECLARE
    v_now BIGINT := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT;
    v_key idempotency_keys%ROWTYPE;
    v_offer RECORD;
    v_selling BIGINT;
    v_price BIGINT;
    v_id BIGINT;
BEGIN
    SELECT * INTO v_key FROM idempotency_keys WHERE user_id = p_user AND key = p_key;
    IF FOUND THEN
        IF v_key.fingerprint <> p_fingerprint THEN
            RAISE EXCEPTION 'the key was used with another request' USING ERRCODE = 'B0001';
        END IF;
        RETURN QUERY SELECT id, service_name, price, created_at, TRUE FROM orders WHERE id = v_key.order_id;
        RETURN;
    END IF;

    SELECT s.name, s.provider_id, s.upstream_id, s.rate, s.profit, s.refill, s.cancel INTO v_offer
    FROM services s JOIN providers p ON p.id = s.provider_id
    WHERE s.id = p_service AND s.availability = 'active' AND p.availability = 'active'
      AND p_quantity BETWEEN s.quantity_min AND s.quantity_max;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the service is not offered' USING ERRCODE = 'B0002';
    END IF;
    v_selling := v_offer.rate + v_offer.profit;
    v_price := GREATEST((v_selling * p_quantity + 999999) / 1000000, 1);
    v_id := nextval('orders_id_seq');

    WITH placed AS (
        INSERT INTO orders (
            id, user_id, service_id, service_name, provider_id, upstream_service, rate, selling_rate, refill, cancel,
            link, quantity, price, cost, state, hold, refunded, recognised, attempts, due_at, lookups,
            created_at, updated_at, revision
        ) VALUES (
            v_id, p_user, p_service, v_offer.name, v_offer.provider_id, v_offer.upstream_id, v_offer.rate, v_selling,
            v_offer.refill, v_offer.cancel, p_link, p_quantity, v_price,
            (v_offer.rate * p_quantity + 999999) / 1000000, 'held', 'pending', 0, 0, 0, v_now, 0, v_now, v_now, 0
        )
    ), claimed AS (
        INSERT INTO idempotency_keys (user_id, key, fingerprint, order_id, created_at)
        VALUES (p_user, p_key, p_fingerprint, v_id, v_now)
    ), told AS (
        INSERT INTO order_events (order_id, kind, actor, actor_user, at, details)
        VALUES (v_id, 'placed', 'customer', p_user, v_now,
            '[["price","' || v_price::NUMERIC / 1000000 || '"],["quantity","' || p_quantity || '"]]')
    ), left_to_do AS (
        INSERT INTO outbox (topic, subject, due_at, claim, attempts) VALUES ('order.submit', v_id, v_now, 0, 0)
    )
    INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, order_id, created_at)
    VALUES (1, 2, v_price, 'hold', v_id::TEXT, p_user, v_id, v_now);

    UPDATE wallets SET available = available - v_price, held = held + v_price, updated_at = v_now
    WHERE user_id = p_user AND available >= v_price AND status = 'active';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the wallet does not hold the price' USING ERRCODE = 'B0003';
    END IF;
    RETURN QUERY SELECT v_id, v_offer.name, v_price, v_now, FALSE;
END $$;

-- The same for whoever has an open session: all that the database does for one request.
CREATE OR REPLACE FUNCTION bench_place_order_of(
    p_digest TEXT, p_service BIGINT, p_link TEXT, p_quantity BIGINT, p_key TEXT, p_fingerprint TEXT
) RETURNS TABLE (order_id BIGINT, ordered TEXT, charged BIGINT, placed_at BIGINT, replayed BOOLEAN)
LANGUAGE plpgsql AS $$
DECLARE
    v_user TEXT;
BEGIN
    SELECT u.id INTO v_user FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.token_digest = p_digest AND NOT u.banned
      AND s.expires_at > (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nobody has this session' USING ERRCODE = 'B0004';
    END IF;
    RETURN QUERY SELECT * FROM bench_place_order(v_user, p_service, p_link, p_quantity, p_key, p_fingerprint);
END $$;
