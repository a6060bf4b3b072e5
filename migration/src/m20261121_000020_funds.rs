//! How money comes in and goes out: deposits that users claim, and withdrawals that they ask for.

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
                PAYABLE,
                DEPOSITS,
                DEPOSITS_USER,
                DEPOSITS_OPEN,
                WITHDRAWALS,
                WITHDRAWALS_USER,
                WITHDRAWALS_OPEN,
            ],
        )
        .await
    }
}

const PAYABLE: &str =
    "INSERT INTO ledger_accounts (id, code, normal) VALUES (14, 'withdrawals_payable', 'credit')";

/// `reference` is that of the ledger's row too, so a payment is claimed by one user and credited once. `amount` is an exact
/// decimal in `currency`, as the user says; `gross` and `fee` are micro-units of the ledger, once it is credited.
const DEPOSITS: &str = "
CREATE TABLE deposits (
    id {id},
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    method TEXT NOT NULL,
    reference TEXT NOT NULL CONSTRAINT deposits_reference UNIQUE,
    written TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    state TEXT NOT NULL
        CONSTRAINT deposits_state CHECK (state IN ('open', 'review', 'credited', 'refused', 'expired')),
    reason TEXT,
    asked INTEGER NOT NULL DEFAULT 0,
    rate TEXT,
    gross BIGINT,
    fee BIGINT,
    approver TEXT REFERENCES users (id) ON DELETE RESTRICT,
    decided_by TEXT REFERENCES users (id) ON DELETE RESTRICT,
    claimed_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT deposits_credited CHECK ((state = 'credited') = (gross IS NOT NULL)),
    CONSTRAINT deposits_fee CHECK ((gross IS NULL) = (fee IS NULL) AND (fee IS NULL OR (fee >= 0 AND fee < gross))),
    CONSTRAINT deposits_two_people CHECK (approver IS NULL OR decided_by IS NULL OR approver <> decided_by)
)";
const DEPOSITS_USER: &str = "CREATE INDEX deposits_user ON deposits (user_id, id DESC)";
const DEPOSITS_OPEN: &str =
    "CREATE INDEX deposits_open ON deposits (state, id) WHERE state IN ('open', 'review')";

/// `reference` is that of the ledger's rows.
const WITHDRAWALS: &str = "
CREATE TABLE withdrawals (
    id {id},
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    reference TEXT NOT NULL CONSTRAINT withdrawals_reference UNIQUE,
    amount BIGINT NOT NULL CONSTRAINT withdrawals_amount CHECK (amount > 0),
    destination TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT withdrawals_state CHECK (state IN ('pending', 'paid', 'refused')),
    reason TEXT,
    approver TEXT REFERENCES users (id) ON DELETE RESTRICT,
    decided_by TEXT REFERENCES users (id) ON DELETE RESTRICT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT withdrawals_two_people CHECK (approver IS NULL OR decided_by IS NULL OR approver <> decided_by)
)";
const WITHDRAWALS_USER: &str = "CREATE INDEX withdrawals_user ON withdrawals (user_id, id DESC)";
const WITHDRAWALS_OPEN: &str = "CREATE INDEX withdrawals_open ON withdrawals (id) WHERE state = 'pending'";
