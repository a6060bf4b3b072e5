-- The product's own statement, see crates/persistence/src/orders/placing.rs, whose test holds the two equal. Its parameters:
-- service_id provider_id upstream_service service_name rate profit refill cancel quantity service_type active price created_at user_id wallet_status key fingerprint event_kind actor actor_user event_at details topic job_due_at debit credit transfer_kind transfer_user transfer_provider note user_id service_id service_name provider_id upstream_service rate selling_rate refill cancel link quantity price cost state hold refunded recognised provider_order_id provider_status start_count remains attempts lease_until unknown_since due_at lookups review cancel_requested_at observed_at submitted_at ended_at created_at updated_at revision poll_group rate_set
WITH offer AS (SELECT 1 FROM services, providers WHERE providers.id = services.provider_id AND services.id = $1 AND services.provider_id = $2
            AND services.upstream_id = $3 AND services.name = $4 AND services.rate = $5
            AND COALESCE(services.fixed_price - services.rate, services.profit, 0) = $6
            AND (COALESCE(services.fixed_price - services.rate, services.profit, 0) >= 0 OR services.sell_at_loss)
            AND services.refill = $7 AND services.cancel = $8
            AND services.quantity_min <= $9 AND services.quantity_max >= $9
            AND services.service_type = $10 AND services.availability = $11 AND providers.availability = $11),
hold AS (
    UPDATE wallets SET available = available - $12, held = held + $12, updated_at = $13
    WHERE user_id = $14 AND status = $15 AND available >= $12
        AND NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE user_id = $14 AND key = $16)
        AND EXISTS (SELECT 1 FROM offer)
    RETURNING user_id
), placed AS (INSERT INTO orders (user_id, service_id, service_name, provider_id, upstream_service, rate, selling_rate, refill, cancel, link, quantity, price, cost, state, hold, refunded, recognised, provider_order_id, provider_status, start_count, remains, attempts, lease_until, unknown_since, due_at, lookups, review, cancel_requested_at, observed_at, submitted_at, ended_at, created_at, updated_at, revision, poll_group, rate_set) SELECT $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66 FROM hold RETURNING id),
key AS (
    INSERT INTO idempotency_keys (user_id, key, fingerprint, order_id, created_at)
    SELECT $14, $16, $17, id, $13 FROM placed
), event AS (
    INSERT INTO order_events (order_id, kind, actor, actor_user, at, details)
    SELECT id, $18, $19, $20, $21, $22 FROM placed
), job AS (
    INSERT INTO outbox (topic, subject, due_at, claim, attempts)
    SELECT $23, id, $24, 0, 0 FROM placed
), moved AS (
    INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, order_id, provider_id, note, created_at)
    SELECT $25, $26, $12, $27, id::TEXT, $28, id, $29, $30, $13 FROM placed
)
SELECT id FROM placed
