//! Sessions that have ended are found, so that they can be forgotten.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[SESSIONS_END]).await
    }
}

/// Those that ended are few among those that are open, or the other way round in a shop that has never forgotten any: both are
/// found from the oldest on without looking at the rest.
const SESSIONS_END: &str = "CREATE INDEX sessions_end ON sessions (expires_at)";
