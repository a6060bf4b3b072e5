//! Orders that are asked about together.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[POLL_GROUPS, POLL_GROUPS_DUE, POLL_TURNS]).await?;
        run(manager, &ORDERS).await
    }
}

/// From `soon_at` on it may be asked about, to fill a request; while it is taken, not before it is due. `asked_every` is the interval that the age of its orders asks for. `members` is how many there were when the group was last
/// asked about; orders that left since are still counted.
const POLL_GROUPS: &str = "
CREATE TABLE poll_groups (
    id {id},
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    asked_every BIGINT NOT NULL CONSTRAINT poll_groups_asked_every CHECK (asked_every > 0),
    members INTEGER NOT NULL CONSTRAINT poll_groups_members CHECK (members >= 0),
    due_at BIGINT NOT NULL,
    soon_at BIGINT NOT NULL,
    asked_at BIGINT NOT NULL
)";
const POLL_GROUPS_DUE: &str = "CREATE INDEX poll_groups_due ON poll_groups (provider_id, due_at)";

/// From when on a provider may be sent a request that is not full.
const POLL_TURNS: &str = "
CREATE TABLE poll_turns (
    provider_id BIGINT NOT NULL PRIMARY KEY REFERENCES providers (id) ON DELETE RESTRICT,
    open_at BIGINT NOT NULL
)";

/// A tracked order is on exactly one schedule: its own, or its group's. No other order is in a group.
const ORDERS: [&str; 4] = [
    "ALTER TABLE orders ADD COLUMN poll_group BIGINT
        CONSTRAINT orders_poll_group REFERENCES poll_groups (id) ON DELETE RESTRICT
        CONSTRAINT orders_one_schedule CHECK (
            CASE WHEN state IN ('submitted', 'in_progress') THEN (poll_group IS NULL) <> (due_at IS NULL)
            ELSE poll_group IS NULL END
        )",
    "CREATE INDEX orders_grouped ON orders (poll_group) WHERE poll_group IS NOT NULL",
    "DROP INDEX orders_polled",
    "CREATE INDEX orders_polled ON orders (provider_id, due_at)
        WHERE state IN ('submitted', 'in_progress') AND due_at IS NOT NULL",
];
