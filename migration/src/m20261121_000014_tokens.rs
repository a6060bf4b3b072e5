//! Sessions of programs, and the tokens that keep them alive.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[KIND, REFRESH_TOKENS, ONE_THAT_IS_GOOD, OF_A_SESSION]).await
    }
}

const KIND: &str = "
ALTER TABLE sessions ADD COLUMN kind TEXT NOT NULL DEFAULT 'browser'
    CONSTRAINT sessions_kind CHECK (kind IN ('browser', 'program'))";

/// Tokens that were used stay for a while: whoever presents one again is a thief, or was robbed.
const REFRESH_TOKENS: &str = "
CREATE TABLE refresh_tokens (
    digest TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at BIGINT NOT NULL,
    used_at BIGINT
)";
const ONE_THAT_IS_GOOD: &str =
    "CREATE UNIQUE INDEX refresh_tokens_good ON refresh_tokens (session_id) WHERE used_at IS NULL";
const OF_A_SESSION: &str = "CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id, used_at)";
