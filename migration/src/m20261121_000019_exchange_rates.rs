//! Exchange rates, and which of them an order was placed under.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            &[
                RATE_SETS,
                EXCHANGE_RATES,
                MANUAL_RATES,
                RATE_SOURCES,
                RATE_TURN,
                FIRST_TURN,
                ORDERS,
            ],
        )
        .await
    }
}

/// What was in force together, since `created_at`. Orders point at sets, so none is ever changed or removed.
const RATE_SETS: &str = "CREATE TABLE rate_sets (id {id}, created_at BIGINT NOT NULL)";
/// Exact decimals, as text: SQLite has no type for them.
const EXCHANGE_RATES: &str = "
CREATE TABLE exchange_rates (
    set_id BIGINT NOT NULL REFERENCES rate_sets (id) ON DELETE RESTRICT,
    currency TEXT NOT NULL CONSTRAINT exchange_rates_currency CHECK (length(currency) = 3 AND currency <> 'USD'),
    rate TEXT NOT NULL,
    source TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    PRIMARY KEY (set_id, currency)
)";
const MANUAL_RATES: &str = "
CREATE TABLE manual_rates (
    currency TEXT NOT NULL PRIMARY KEY,
    rate TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL
)";
const RATE_SOURCES: &str = "
CREATE TABLE rate_sources (
    source TEXT NOT NULL PRIMARY KEY,
    asked_at BIGINT NOT NULL,
    as_of BIGINT,
    problem TEXT
)";
/// One row: when somebody may ask the sources. Its lock is that of all rates.
const RATE_TURN: &str = "
CREATE TABLE rate_turn (
    id INTEGER NOT NULL PRIMARY KEY CONSTRAINT rate_turn_one CHECK (id = 1),
    due_at BIGINT NOT NULL
)";
const FIRST_TURN: &str = "INSERT INTO rate_turn (id, due_at) VALUES (1, 0)";
/// Without a foreign key: every order that is placed would lock the one set that is in force.
const ORDERS: &str = "ALTER TABLE orders ADD COLUMN rate_set BIGINT";
