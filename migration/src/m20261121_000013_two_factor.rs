//! Second factors: the secrets of apps, recovery codes, sign-ins that wait for a code, and devices that are trusted.

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
                SECOND_FACTOR,
                TWO_FACTORS,
                RECOVERY_CODES,
                MAILED_CODES,
                MAILED_CODES_USER,
                HALF_SIGN_INS,
                HALF_SIGN_INS_USER,
                TRUSTED_DEVICES,
                TRUSTED_DEVICES_USER,
            ],
        )
        .await
    }
}

/// `app` or `mail`; nothing until the first code was right.
const SECOND_FACTOR: &str = "ALTER TABLE users ADD COLUMN second_factor TEXT";

/// Everything below hangs on this row and goes with it. `last_step` is the latest step of which a code was used.
const TWO_FACTORS: &str = "
CREATE TABLE two_factors (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    key_version INTEGER NOT NULL,
    nonce {bytes} NOT NULL,
    ciphertext {bytes} NOT NULL,
    last_step BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
)";

/// A code that was used has no row any more.
const RECOVERY_CODES: &str = "
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES two_factors (user_id) ON DELETE CASCADE,
    code_digest TEXT NOT NULL,
    PRIMARY KEY (user_id, code_digest)
)";

/// `subject` is the sign-in or the session that the code is for.
const MAILED_CODES: &str = "
CREATE TABLE mailed_codes (
    subject TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES two_factors (user_id) ON DELETE CASCADE,
    code_digest TEXT NOT NULL,
    tries_left INTEGER NOT NULL CONSTRAINT mailed_codes_tries CHECK (tries_left >= 0),
    expires_at BIGINT NOT NULL
)";
const MAILED_CODES_USER: &str = "CREATE INDEX mailed_codes_user ON mailed_codes (user_id)";

const HALF_SIGN_INS: &str = "
CREATE TABLE half_sign_ins (
    token_digest TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES two_factors (user_id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    remember BOOLEAN NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
)";
const HALF_SIGN_INS_USER: &str = "CREATE INDEX half_sign_ins_user ON half_sign_ins (user_id)";

const TRUSTED_DEVICES: &str = "
CREATE TABLE trusted_devices (
    token_digest TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES two_factors (user_id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
)";
const TRUSTED_DEVICES_USER: &str = "CREATE INDEX trusted_devices_user ON trusted_devices (user_id)";
