//! The rights of moderators, and when somebody last proved who they are.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres, run_on_sqlite};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[USER_RIGHTS, AUTHENTICATED_AT, SO_FAR]).await?;
        run_on_sqlite(manager, &[SQLITE_ROLE_CHANGED]).await?;
        run_on_postgres(manager, &POSTGRES_ROLE_CHANGED).await
    }
}

const USER_RIGHTS: &str = "
CREATE TABLE user_rights (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    right_name TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, right_name)
)";

const AUTHENTICATED_AT: &str = "ALTER TABLE sessions ADD COLUMN authenticated_at BIGINT NOT NULL DEFAULT 0";
const SO_FAR: &str = "UPDATE sessions SET authenticated_at = created_at";

/// Whoever gets another role begins it without rights, whatever changes the role: a moderator who was dismissed and comes
/// back does not have those of last year.
const SQLITE_ROLE_CHANGED: &str = "
CREATE TRIGGER users_role_changed AFTER UPDATE OF role ON users WHEN OLD.role <> NEW.role
    BEGIN DELETE FROM user_rights WHERE user_id = NEW.id; END";
const POSTGRES_ROLE_CHANGED: [&str; 2] = [
    "CREATE FUNCTION drop_rights() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN DELETE FROM user_rights WHERE user_id = NEW.id; RETURN NULL; END $$",
    "CREATE TRIGGER users_role_changed AFTER UPDATE OF role ON users
        FOR EACH ROW WHEN (OLD.role <> NEW.role) EXECUTE FUNCTION drop_rights()",
];
