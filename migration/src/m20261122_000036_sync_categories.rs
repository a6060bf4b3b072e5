//! Which categories of ours those of a provider's list are.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[CATEGORIES]).await
    }
}

/// A JSON object of our names by the provider's.
const CATEGORIES: &str = "ALTER TABLE catalog_syncs ADD COLUMN categories TEXT NOT NULL DEFAULT '{}'";
