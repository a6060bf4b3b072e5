//! Orders, the attempts to send them, and their history.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[ORDERS]).await?;
        run(manager, &ORDERS_INDEXES).await?;
        run(
            manager,
            &[
                ATTEMPTS,
                ONE_LIVE_ATTEMPT,
                ATTEMPTS_PROVIDER_ORDER,
                ORDER_EVENTS,
                ORDER_EVENTS_ORDER,
                ORDER_DECISIONS,
                IDEMPOTENCY_KEYS,
            ],
        )
        .await?;
        run_on_postgres(manager, &[ORDERS_FILL]).await
    }
}

/// `asked_at` is when the provider was last asked about the order by itself, whatever it answered.
const ORDERS: &str = "
CREATE TABLE orders (
    id {id},
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    service_id BIGINT NOT NULL REFERENCES services (id) ON DELETE RESTRICT,
    service_name TEXT NOT NULL,
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    upstream_service TEXT NOT NULL,
    rate BIGINT NOT NULL CONSTRAINT orders_rate CHECK (rate >= 0),
    selling_rate BIGINT NOT NULL CONSTRAINT orders_selling_rate CHECK (selling_rate >= 0),
    refill BOOLEAN NOT NULL,
    cancel BOOLEAN NOT NULL,
    link TEXT NOT NULL,
    quantity BIGINT NOT NULL CONSTRAINT orders_quantity CHECK (quantity > 0),
    price BIGINT NOT NULL CONSTRAINT orders_price CHECK (price > 0),
    cost BIGINT NOT NULL CONSTRAINT orders_cost CHECK (cost >= 0),
    state TEXT NOT NULL CONSTRAINT orders_state CHECK (state IN (
        'held', 'submitting', 'unknown', 'submitted', 'in_progress', 'completed', 'partial', 'canceled', 'voided'
    )),
    hold TEXT NOT NULL CONSTRAINT orders_hold CHECK (hold IN ('pending', 'posted', 'voided')),
    refunded BIGINT NOT NULL CONSTRAINT orders_refunded CHECK (refunded >= 0),
    recognised BIGINT NOT NULL CONSTRAINT orders_recognised CHECK (recognised >= 0),
    provider_order_id TEXT,
    provider_status TEXT,
    start_count BIGINT,
    remains BIGINT,
    attempts INTEGER NOT NULL,
    lease_until BIGINT,
    unknown_since BIGINT,
    due_at BIGINT,
    lookups INTEGER NOT NULL,
    review TEXT,
    cancel_requested_at BIGINT,
    observed_at BIGINT,
    asked_at BIGINT,
    submitted_at BIGINT,
    ended_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT orders_money CHECK (refunded + recognised <= price),
    CONSTRAINT orders_posted_has_provider_order CHECK ((hold = 'posted') = (provider_order_id IS NOT NULL)),
    CONSTRAINT orders_voided_hold CHECK (hold <> 'voided' OR state = 'voided'),
    CONSTRAINT orders_provider_order UNIQUE (provider_id, provider_order_id)
)";

/// One index for each list and each schedule. Schedules index only the orders that are on them, so that the millions
/// that have ended cost nothing.
const ORDERS_INDEXES: [&str; 10] = [
    "CREATE INDEX orders_user ON orders (user_id, id DESC)",
    "CREATE INDEX orders_of_provider ON orders (provider_id, id DESC)",
    "CREATE INDEX orders_of_service ON orders (service_id, id DESC)",
    "CREATE INDEX orders_open ON orders (state, id)
        WHERE state IN ('held', 'submitting', 'unknown', 'submitted', 'in_progress')",
    "CREATE INDEX orders_held ON orders (updated_at) WHERE state = 'held'",
    "CREATE INDEX orders_leased ON orders (lease_until) WHERE state = 'submitting'",
    "CREATE INDEX orders_looked_up ON orders (due_at)
        WHERE state IN ('unknown', 'voided') AND due_at IS NOT NULL",
    "CREATE INDEX orders_exposed ON orders (provider_id) WHERE state = 'unknown'",
    "CREATE INDEX orders_polled ON orders (provider_id, due_at) WHERE state IN ('submitted', 'in_progress')",
    "CREATE INDEX orders_reviewed ON orders (id) WHERE review IS NOT NULL",
];
/// Room on every page for the next version of a row: an order is written about ten times.
const ORDERS_FILL: &str = "ALTER TABLE orders SET (fillfactor = 80)";

const ATTEMPTS: &str = "
CREATE TABLE attempts (
    order_id BIGINT NOT NULL REFERENCES orders (id) ON DELETE RESTRICT,
    no INTEGER NOT NULL CONSTRAINT attempts_no CHECK (no >= 1),
    worker TEXT NOT NULL,
    outcome TEXT NOT NULL
        CONSTRAINT attempts_outcome CHECK (outcome IN ('intent', 'unknown', 'placed', 'not_placed')),
    proof TEXT,
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    provider_order_id TEXT,
    started_at BIGINT NOT NULL,
    resolved_at BIGINT,
    PRIMARY KEY (order_id, no),
    CONSTRAINT attempts_absence_is_proven CHECK (outcome <> 'not_placed' OR proof IS NOT NULL)
)";
/// The rule that keeps an order from being sent twice: while one attempt may have reached the provider, no second one
/// can be recorded, and nothing is sent that is not recorded.
const ONE_LIVE_ATTEMPT: &str =
    "CREATE UNIQUE INDEX one_live_attempt ON attempts (order_id) WHERE outcome <> 'not_placed'";
const ATTEMPTS_PROVIDER_ORDER: &str = "
CREATE UNIQUE INDEX attempts_provider_order ON attempts (provider_id, provider_order_id)
    WHERE provider_order_id IS NOT NULL";

const ORDER_EVENTS: &str = "
CREATE TABLE order_events (
    id {id},
    order_id BIGINT NOT NULL REFERENCES orders (id) ON DELETE RESTRICT,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_user TEXT,
    at BIGINT NOT NULL,
    details TEXT NOT NULL
)";
const ORDER_EVENTS_ORDER: &str = "CREATE INDEX order_events_order ON order_events (order_id, id)";

const ORDER_DECISIONS: &str = "
CREATE TABLE order_decisions (
    order_id BIGINT NOT NULL PRIMARY KEY REFERENCES orders (id) ON DELETE RESTRICT,
    staff_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    placed_as TEXT,
    at BIGINT NOT NULL
)";

const IDEMPOTENCY_KEYS: &str = "
CREATE TABLE idempotency_keys (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    key TEXT NOT NULL CONSTRAINT idempotency_keys_key CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint TEXT NOT NULL,
    order_id BIGINT REFERENCES orders (id) ON DELETE RESTRICT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
)";
