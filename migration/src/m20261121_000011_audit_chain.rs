//! The audit log says from where, is never changed, and is sealed into a chain.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres, run_on_sqlite};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &ORIGIN).await?;
        run(manager, &[SEALS, UNSEALED, UNSEALED_SO_FAR]).await?;
        run_on_sqlite(manager, &SQLITE_APPEND_ONLY).await?;
        run_on_postgres(manager, &POSTGRES_APPEND_ONLY).await
    }
}

const ORIGIN: [&str; 5] = [
    "ALTER TABLE audit_log ADD COLUMN address TEXT",
    "ALTER TABLE audit_log ADD COLUMN request TEXT",
    "CREATE INDEX audit_log_actor ON audit_log (actor_user, id)",
    "CREATE INDEX audit_log_action ON audit_log (action, id)",
    "CREATE INDEX audit_log_at ON audit_log (at)",
];

/// One link of the chain for each line. The number is taken once, so that two who seal at the same time cannot fork the
/// chain. Lines are linked in the order in which they are found: one that was committed late comes later.
const SEALS: &str = "
CREATE TABLE audit_seals (
    sequence BIGINT NOT NULL PRIMARY KEY CONSTRAINT audit_seals_sequence CHECK (sequence > 0),
    line BIGINT NOT NULL CONSTRAINT audit_seals_line UNIQUE,
    hash TEXT NOT NULL,
    sealed_at BIGINT NOT NULL
)";

/// Lines that are not linked yet. A line is put here in the transaction that writes it, and taken out in the one that
/// seals it, so that none is left out whose number was taken early and whose commit came late.
const UNSEALED: &str = "CREATE TABLE audit_unsealed (line BIGINT NOT NULL PRIMARY KEY)";
const UNSEALED_SO_FAR: &str = "INSERT INTO audit_unsealed (line) SELECT id FROM audit_log";

/// `INSERT OR REPLACE` deletes without asking the trigger of deletions.
const SQLITE_APPEND_ONLY: [&str; 6] = [
    "CREATE TRIGGER audit_log_not_updated BEFORE UPDATE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END",
    "CREATE TRIGGER audit_log_not_deleted BEFORE DELETE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END",
    "CREATE TRIGGER audit_log_not_replaced BEFORE INSERT ON audit_log
        WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END",
    "CREATE TRIGGER audit_seals_not_updated BEFORE UPDATE ON audit_seals
        BEGIN SELECT RAISE(ABORT, 'audit_seals is append-only'); END",
    "CREATE TRIGGER audit_seals_not_deleted BEFORE DELETE ON audit_seals
        BEGIN SELECT RAISE(ABORT, 'audit_seals is append-only'); END",
    "CREATE TRIGGER audit_seals_not_replaced BEFORE INSERT ON audit_seals
        WHEN EXISTS (SELECT 1 FROM audit_seals WHERE line = NEW.line)
        BEGIN SELECT RAISE(ABORT, 'audit_seals: a line is sealed once'); END",
];

const POSTGRES_APPEND_ONLY: [&str; 3] = [
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
    "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
];
