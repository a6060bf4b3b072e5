//! What a provider's prices are in.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[CURRENCY]).await
    }
}

/// Until now every price was read as if it were in the ledger's currency.
const CURRENCY: &str = "
ALTER TABLE providers ADD COLUMN currency TEXT NOT NULL DEFAULT 'USD'
    CONSTRAINT providers_currency CHECK (length(currency) = 3)";
