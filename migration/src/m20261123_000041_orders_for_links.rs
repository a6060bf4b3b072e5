//! Orders that are under way are found by their link.

use sea_orm_migration::prelude::*;

use crate::statements::{run_on_postgres, run_on_sqlite};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_on_postgres(manager, &[POSTGRES]).await?;
        run_on_sqlite(manager, &[SQLITE]).await
    }
}

/// A link may be longer than what a B-tree takes, and an order must never be refused for that. A hash has one size.
const POSTGRES: &str = "
CREATE INDEX orders_for_link ON orders USING hash (link) WHERE state IN ('submitted', 'in_progress')";
const SQLITE: &str = "
CREATE INDEX orders_for_link ON orders (link) WHERE state IN ('submitted', 'in_progress')";
