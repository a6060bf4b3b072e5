//! Users and how they sign in.

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
                USERS,
                ACCOUNTS,
                ACCOUNTS_USER,
                SESSIONS,
                SESSIONS_USER,
                VERIFICATIONS,
                VERIFICATIONS_IDENTIFIER,
            ],
        )
        .await
    }
}

const USERS: &str = "
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL CONSTRAINT users_email UNIQUE,
    email_verified BOOLEAN NOT NULL,
    image TEXT,
    role TEXT NOT NULL,
    banned BOOLEAN NOT NULL,
    ban_reason TEXT,
    ban_expires BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
)";

const ACCOUNTS: &str = "
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access_token TEXT,
    refresh_token TEXT,
    id_token TEXT,
    access_token_expires_at BIGINT,
    refresh_token_expires_at BIGINT,
    scope TEXT,
    password TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT accounts_provider_account UNIQUE (provider_id, account_id)
)";
const ACCOUNTS_USER: &str = "CREATE INDEX accounts_user ON accounts (user_id)";

const SESSIONS: &str = "
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    token_digest TEXT NOT NULL CONSTRAINT sessions_token UNIQUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ip_address TEXT,
    user_agent TEXT,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    impersonated_by TEXT
)";
const SESSIONS_USER: &str = "CREATE INDEX sessions_user ON sessions (user_id)";

const VERIFICATIONS: &str = "
CREATE TABLE verifications (
    id TEXT NOT NULL PRIMARY KEY,
    identifier TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
)";
const VERIFICATIONS_IDENTIFIER: &str = "CREATE INDEX verifications_identifier ON verifications (identifier)";
