//! What users set for themselves, and users who were removed.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[REMOVED, NEWEST, STAFF, ACTING, USER_SETTINGS]).await
    }
}

const REMOVED: &str = "ALTER TABLE users ADD COLUMN removed_at BIGINT";
const NEWEST: &str = "CREATE INDEX users_newest ON users (created_at, id)";
/// Read under a lock whenever somebody stops being an administrator.
const STAFF: &str = "CREATE INDEX users_admins ON users (id) WHERE role = 'admin'";
const ACTING: &str =
    "CREATE INDEX sessions_acting ON sessions (impersonated_by) WHERE impersonated_by IS NOT NULL";

/// Users without a row have the defaults.
const USER_SETTINGS: &str = "
CREATE TABLE user_settings (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    time_zone TEXT NOT NULL,
    language TEXT NOT NULL,
    currency TEXT NOT NULL,
    mail_orders BOOLEAN NOT NULL,
    mail_balance BOOLEAN NOT NULL,
    mail_news BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
)";
