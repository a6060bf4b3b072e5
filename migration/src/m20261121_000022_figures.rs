//! Figures: sums over the ledger and the histories of orders, and how far these were added up.

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
                CURSORS,
                ONE_SHOWN,
                FROM_THE_BEGINNING,
                FIGURES,
                USER_FIGURES,
                USERS_SINCE,
            ],
        )
        .await
    }
}

/// Up to which rows were added up. A generation is one set of figures; one of them is shown, another may be in the making.
const CURSORS: &str = "
CREATE TABLE figure_cursors (
    generation BIGINT NOT NULL PRIMARY KEY,
    transfers BIGINT NOT NULL,
    events BIGINT NOT NULL,
    is_shown BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
)";
const ONE_SHOWN: &str =
    "CREATE UNIQUE INDEX figure_cursors_shown ON figure_cursors (is_shown) WHERE is_shown";
const FROM_THE_BEGINNING: &str = "
INSERT INTO figure_cursors (generation, transfers, events, is_shown, updated_at) VALUES (1, 0, 0, TRUE, 0)";

/// One row is one number of one slot of time. Service and provider are zero where they are not told apart.
const FIGURES: &str = "
CREATE TABLE figures (
    generation BIGINT NOT NULL REFERENCES figure_cursors (generation) ON DELETE RESTRICT,
    scope TEXT NOT NULL CONSTRAINT figures_scope
        CHECK (scope IN ('shop_quarter', 'shop_day', 'service_quarter', 'service_day')),
    measure TEXT NOT NULL,
    at BIGINT NOT NULL,
    service_id BIGINT NOT NULL,
    provider_id BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (generation, scope, measure, at, service_id, provider_id)
)";
const USER_FIGURES: &str = "
CREATE TABLE user_figures (
    generation BIGINT NOT NULL REFERENCES figure_cursors (generation) ON DELETE RESTRICT,
    user_id TEXT NOT NULL,
    measure TEXT NOT NULL,
    at BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (generation, user_id, measure, at)
)";
/// Users are counted by walking along it.
const USERS_SINCE: &str = "CREATE INDEX users_created ON users (created_at) WHERE removed_at IS NULL";
