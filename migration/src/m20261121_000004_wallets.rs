//! Wallets and the ledger.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            &[
                WALLETS,
                LEDGER_ACCOUNTS,
                CHART_OF_ACCOUNTS,
                TRANSFERS,
                TRANSFERS_ORDER,
                TRANSFERS_USER,
            ],
        )
        .await?;
        run_on_postgres(manager, &[WALLETS_FILL]).await
    }
}

/// Balances end at 10¹² units: a sum of two then fits into 64 bits, where SQLite would go on with floats.
const WALLETS: &str = "
CREATE TABLE wallets (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE RESTRICT,
    available BIGINT NOT NULL CONSTRAINT wallets_available CHECK (available BETWEEN 0 AND 1000000000000000000),
    held BIGINT NOT NULL CONSTRAINT wallets_held CHECK (held BETWEEN 0 AND 1000000000000000000),
    currency TEXT NOT NULL DEFAULT 'USD',
    status TEXT NOT NULL CONSTRAINT wallets_status CHECK (status IN ('active', 'frozen')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
)";
/// A wallet is the hottest row there is; with room on its page an update touches no index.
const WALLETS_FILL: &str = "ALTER TABLE wallets SET (fillfactor = 70)";

const LEDGER_ACCOUNTS: &str = "
CREATE TABLE ledger_accounts (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL CONSTRAINT ledger_accounts_code UNIQUE,
    normal TEXT NOT NULL CONSTRAINT ledger_accounts_normal CHECK (normal IN ('debit', 'credit'))
)";
const CHART_OF_ACCOUNTS: &str = "
INSERT INTO ledger_accounts (id, code, normal) VALUES
    (1, 'user_wallets', 'credit'),
    (2, 'user_holds', 'credit'),
    (3, 'order_deferred', 'credit'),
    (4, 'revenue', 'credit'),
    (5, 'provider_float', 'debit'),
    (6, 'provider_cost', 'debit'),
    (7, 'gateway_clearing', 'debit'),
    (8, 'gateway_fees', 'debit'),
    (9, 'refund_goodwill', 'debit'),
    (10, 'writeoff', 'debit'),
    (11, 'user_receivable', 'debit'),
    (12, 'manual_adjust', 'credit'),
    (13, 'bank', 'debit')";

/// One row is one debit and one credit of the same amount, so the trial balance holds by construction. A kind and a
/// reference are there once, which is what makes every movement happen at most once.
const TRANSFERS: &str = "
CREATE TABLE transfers (
    id {id},
    debit INTEGER NOT NULL REFERENCES ledger_accounts (id) ON DELETE RESTRICT,
    credit INTEGER NOT NULL REFERENCES ledger_accounts (id) ON DELETE RESTRICT,
    amount BIGINT NOT NULL CONSTRAINT transfers_amount CHECK (amount > 0),
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE RESTRICT,
    order_id BIGINT REFERENCES orders (id) ON DELETE RESTRICT,
    provider_id BIGINT REFERENCES providers (id) ON DELETE RESTRICT,
    note TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT transfers_two_accounts CHECK (debit <> credit),
    CONSTRAINT transfers_once UNIQUE (kind, reference)
)";
const TRANSFERS_ORDER: &str = "CREATE INDEX transfers_order ON transfers (order_id)";
const TRANSFERS_USER: &str = "CREATE INDEX transfers_user ON transfers (user_id, id DESC)";
