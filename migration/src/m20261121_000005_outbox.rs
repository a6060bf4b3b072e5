//! Work that transactions leave behind.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[OUTBOX, OUTBOX_DUE, OUTBOX_GIVEN_UP]).await?;
        run_on_postgres(manager, &[OUTBOX_STORAGE]).await
    }
}

/// `claim` only ever counts up: a worker may finish only the claim that it was given. `begun` says that a worker began
/// what is claimed; only claims that were begun count as attempts.
const OUTBOX: &str = "
CREATE TABLE outbox (
    id {id},
    topic TEXT NOT NULL,
    subject BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    claim BIGINT NOT NULL DEFAULT 0,
    begun BOOLEAN NOT NULL DEFAULT FALSE,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_until BIGINT,
    given_up_at BIGINT,
    reason TEXT,
    CONSTRAINT outbox_once UNIQUE (topic, subject)
)";
const OUTBOX_DUE: &str = "CREATE INDEX outbox_due ON outbox (due_at, id) WHERE given_up_at IS NULL";
const OUTBOX_GIVEN_UP: &str =
    "CREATE INDEX outbox_given_up ON outbox (given_up_at) WHERE given_up_at IS NOT NULL";
/// Rows live for a second: dead ones have to go before the scan for due ones notices them.
const OUTBOX_STORAGE: &str = "
ALTER TABLE outbox SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000)";
