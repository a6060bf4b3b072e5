//! Mails to users, and accounts that are gone.

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
                MAILS,
                MAILS_STATE,
                MAILS_USER,
                MAILS_RECIPIENT,
                VERIFICATIONS_VALUE,
            ],
        )
        .await
    }
}

/// What is sealed is there as long as the mail waits, and no longer.
const MAILS: &str = "
CREATE TABLE mails (
    id {id},
    kind TEXT NOT NULL,
    cause TEXT NOT NULL CONSTRAINT mails_once UNIQUE,
    user_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL
        CONSTRAINT mails_state CHECK (state IN ('waiting', 'delivered', 'refused', 'given_up', 'dropped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    key_version INTEGER,
    nonce {bytes},
    ciphertext {bytes},
    reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT mails_are_wiped CHECK ((ciphertext IS NOT NULL) = (state = 'waiting'))
)";
const MAILS_STATE: &str = "CREATE INDEX mails_state_id ON mails (state, id)";
/// Find what a user who is removed got.
const MAILS_USER: &str = "CREATE INDEX mails_user ON mails (user_id) WHERE user_id IS NOT NULL";
const MAILS_RECIPIENT: &str = "CREATE INDEX mails_recipient ON mails (recipient)";
/// Finds the tokens of a user.
const VERIFICATIONS_VALUE: &str = "CREATE INDEX verifications_value ON verifications (value)";
