//! What operators see and set.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[SETTINGS, AUDIT_LOG, AUDIT_LOG_TARGET]).await
    }
}

const SETTINGS: &str = "
CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
)";

const AUDIT_LOG: &str = "
CREATE TABLE audit_log (
    id {id},
    actor TEXT NOT NULL,
    actor_user TEXT,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    details TEXT NOT NULL,
    at BIGINT NOT NULL
)";
const AUDIT_LOG_TARGET: &str = "CREATE INDEX audit_log_target ON audit_log (target, id)";
