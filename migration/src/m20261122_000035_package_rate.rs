//! Whether a provider's rate of a package is for one or for a thousand of them.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[PACKAGE_RATE]).await
    }
}

/// As they were read before, which sells no package below its cost.
const PACKAGE_RATE: &str = "
ALTER TABLE providers ADD COLUMN package_rate TEXT NOT NULL DEFAULT 'one'
    CONSTRAINT providers_package_rate CHECK (package_rate IN ('one', 'thousand'))";
