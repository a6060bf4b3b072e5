//! API keys of customers' programs.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres, run_on_sqlite};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[API_KEYS, API_KEYS_USER, SECRETS]).await?;
        run_on_sqlite(manager, &SQLITE_OWNER_CHANGED).await?;
        run_on_postgres(manager, &POSTGRES_OWNER_CHANGED).await
    }
}

const API_KEYS: &str = "
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    networks TEXT NOT NULL,
    expires_at BIGINT,
    cap BIGINT,
    cap_period TEXT CONSTRAINT api_keys_cap_period CHECK (cap_period IN ('day', 'total')),
    spent BIGINT NOT NULL DEFAULT 0 CONSTRAINT api_keys_spent CHECK (spent >= 0),
    spent_from BIGINT NOT NULL DEFAULT 0,
    requests_per_minute INTEGER NOT NULL
        CONSTRAINT api_keys_requests CHECK (requests_per_minute > 0),
    enabled BOOLEAN NOT NULL,
    words TEXT NOT NULL CONSTRAINT api_keys_words CHECK (words IN ('english', 'codes')),
    orders_by_get BOOLEAN NOT NULL,
    uses BIGINT NOT NULL DEFAULT 0,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT api_keys_cap CHECK ((cap IS NULL) = (cap_period IS NULL) AND (cap IS NULL OR cap > 0))
)";
const API_KEYS_USER: &str = "CREATE INDEX api_keys_user ON api_keys (user_id)";
/// Two places: the latest secret, and the one before while it still opens the key.
const SECRETS: &str = "
CREATE TABLE api_key_secrets (
    public_id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    place INTEGER NOT NULL CONSTRAINT api_key_secrets_place CHECK (place IN (0, 1)),
    digest TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    nonce {bytes} NOT NULL,
    ciphertext {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT,
    CONSTRAINT api_key_secrets_two UNIQUE (key_id, place)
)";

/// A key is as strong as the role of its owner was when it was made, and goes with the account, whatever changes the
/// row.
const SQLITE_OWNER_CHANGED: [&str; 2] = [
    "CREATE TRIGGER users_role_stops_keys AFTER UPDATE OF role ON users WHEN OLD.role <> NEW.role
        BEGIN UPDATE api_keys SET enabled = FALSE WHERE user_id = NEW.id; END",
    "CREATE TRIGGER users_removed_keys AFTER UPDATE OF removed_at ON users WHEN NEW.removed_at IS NOT NULL
        BEGIN DELETE FROM api_keys WHERE user_id = NEW.id; END",
];
const POSTGRES_OWNER_CHANGED: [&str; 4] = [
    "CREATE FUNCTION stop_keys() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN UPDATE api_keys SET enabled = FALSE WHERE user_id = NEW.id; RETURN NULL; END $$",
    "CREATE TRIGGER users_role_stops_keys AFTER UPDATE OF role ON users
        FOR EACH ROW WHEN (OLD.role <> NEW.role) EXECUTE FUNCTION stop_keys()",
    "CREATE FUNCTION drop_keys() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN DELETE FROM api_keys WHERE user_id = NEW.id; RETURN NULL; END $$",
    "CREATE TRIGGER users_removed_keys AFTER UPDATE OF removed_at ON users
        FOR EACH ROW WHEN (NEW.removed_at IS NOT NULL) EXECUTE FUNCTION drop_keys()",
];
