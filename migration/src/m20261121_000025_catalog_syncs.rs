//! How each provider's list is followed, and what came of it.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[SYNCS, SYNCS_DUE]).await
    }
}

/// A provider without a row is not followed. `run` counts the beginnings: whoever still works on an earlier one records
/// nothing any more. The last result is kept whole or not at all.
const SYNCS: &str = "
CREATE TABLE catalog_syncs (
    provider_id BIGINT NOT NULL PRIMARY KEY REFERENCES providers (id) ON DELETE RESTRICT,
    paused BOOLEAN NOT NULL,
    wanted BOOLEAN NOT NULL,
    every_minutes BIGINT NOT NULL CONSTRAINT catalog_syncs_every CHECK (every_minutes >= 1),
    margin_points BIGINT CONSTRAINT catalog_syncs_points CHECK (margin_points >= 0),
    margin_fixed BIGINT CONSTRAINT catalog_syncs_fixed CHECK (margin_fixed >= 0),
    rounding BIGINT NOT NULL CONSTRAINT catalog_syncs_rounding CHECK (rounding >= 0),
    floor_points BIGINT NOT NULL CONSTRAINT catalog_syncs_floor CHECK (floor_points >= 0),
    stop_at_loss BOOLEAN NOT NULL,
    stop_vanished BOOLEAN NOT NULL,
    shrink_percent BIGINT NOT NULL CONSTRAINT catalog_syncs_shrink CHECK (shrink_percent BETWEEN 0 AND 100),
    drop_percent BIGINT NOT NULL CONSTRAINT catalog_syncs_drop CHECK (drop_percent BETWEEN 0 AND 100),
    due_at BIGINT NOT NULL,
    run BIGINT NOT NULL,
    begun_at BIGINT,
    ended_at BIGINT,
    result TEXT CONSTRAINT catalog_syncs_result CHECK (result IN ('done', 'distrusted', 'failed')),
    report TEXT,
    CONSTRAINT catalog_syncs_margin_is_whole CHECK ((margin_points IS NULL) = (margin_fixed IS NULL)),
    CONSTRAINT catalog_syncs_result_is_whole CHECK (
        (ended_at IS NULL) = (result IS NULL) AND (ended_at IS NULL) = (report IS NULL)
    )
)";
const SYNCS_DUE: &str = "CREATE INDEX catalog_syncs_due ON catalog_syncs (due_at)";
