//! What becomes of services that are new in a provider's list, and in whose name they are added.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[IMPORT_NEW, SET_BY]).await
    }
}

const IMPORT_NEW: &str = "
ALTER TABLE catalog_syncs ADD COLUMN import_new TEXT NOT NULL DEFAULT 'off'
    CONSTRAINT catalog_syncs_import CHECK (import_new IN ('off', 'inactive', 'active'))";
/// Of rules that were set before nobody is known, and they import nothing.
const SET_BY: &str =
    "ALTER TABLE catalog_syncs ADD COLUMN set_by TEXT REFERENCES users (id) ON DELETE RESTRICT";
