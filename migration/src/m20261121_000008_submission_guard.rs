//! Whether orders may be sent, and what this database was when they last were.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[SUBMISSION, THE_ROW]).await
    }
}

/// One row. Nothing is sent while `paused_at` is set; `doubted_up_to` is set until every order up to that one is marked
/// that may have been sent without our knowing.
const SUBMISSION: &str = "
CREATE TABLE submission (
    id BIGINT NOT NULL PRIMARY KEY CONSTRAINT submission_is_one_row CHECK (id = 1),
    incarnation TEXT NOT NULL,
    known_system TEXT,
    known_place TEXT,
    known_timeline TEXT,
    epoch BIGINT NOT NULL,
    seen_at BIGINT,
    paused_at BIGINT,
    paused_by TEXT,
    reason TEXT,
    gap_from BIGINT,
    doubted_up_to BIGINT,
    CONSTRAINT submission_pause_has_a_reason
        CHECK ((paused_at IS NULL) = (paused_by IS NULL) AND (paused_at IS NULL) = (reason IS NULL)),
    CONSTRAINT submission_in_doubt_is_paused CHECK (doubted_up_to IS NULL OR paused_at IS NOT NULL)
)";
const THE_ROW: &str = "INSERT INTO submission (id, incarnation, epoch) VALUES (1, '', 0)";
