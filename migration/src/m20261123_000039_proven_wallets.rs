//! Checkpoints of wallets.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[PROVEN_WALLETS]).await?;
        run_on_postgres(manager, &[PROVEN_WALLETS_FILL]).await?;
        run(manager, &[FROM_THE_LEDGER]).await
    }
}

/// What the ledger says of a wallet up to a transfer. Derived from `transfers` alone, so it may be emptied: then the whole
/// history of each wallet that moves is added up once more.
const PROVEN_WALLETS: &str = "
CREATE TABLE proven_wallets (
    user_id TEXT NOT NULL PRIMARY KEY,
    up_to BIGINT NOT NULL,
    available BIGINT NOT NULL,
    held BIGINT NOT NULL,
    proven_at BIGINT NOT NULL
)";
/// Rows of customers who order change once a minute, and none of what changes is in an index.
const PROVEN_WALLETS_FILL: &str = "ALTER TABLE proven_wallets SET (fillfactor = 70)";
/// Else the first watches after the upgrade would add up whole histories of many wallets. Nothing was compared yet, so there is
/// no moment at which that was done; the next watch compares.
const FROM_THE_LEDGER: &str = "
INSERT INTO proven_wallets (user_id, up_to, available, held, proven_at)
SELECT user_id, MAX(id),
    SUM(CASE WHEN debit = 1 THEN -amount WHEN credit = 1 THEN amount ELSE 0 END),
    SUM(CASE WHEN debit = 2 THEN -amount WHEN credit = 2 THEN amount ELSE 0 END),
    0
FROM transfers WHERE user_id IS NOT NULL GROUP BY user_id";
