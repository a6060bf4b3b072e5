//! Which migrations a database has, and which of them this program knows.

use std::collections::BTreeSet;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use crate::sql;

const POSTGRES_TABLE: &str = "SELECT COUNT(*) FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_name = 'seaql_migrations'";
const SQLITE_TABLE: &str =
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'";
const APPLIED: &str = "SELECT version FROM seaql_migrations ORDER BY version";

/// How a database and this program differ.
pub(crate) struct Migrations {
    /// Known here and not applied there, in the order in which they are to be.
    pub pending: Vec<String>,
    /// Applied there by a later version of the program, and not known here. While processes are replaced one by one,
    /// those that are left work on such a database.
    pub unknown: Vec<String>,
}

impl Migrations {
    /// Looks, and changes nothing. The migrator's own answer would be an error as soon as one is not known here.
    pub(crate) async fn of(conn: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let applied = applied(conn).await?;
        let known: Vec<String> = Migrator::migrations()
            .iter()
            .map(|migration| migration.name().to_owned())
            .collect();
        let unknown = applied
            .iter()
            .filter(|name| !known.contains(name))
            .cloned()
            .collect();
        let pending = known.into_iter().filter(|name| !applied.contains(name)).collect();
        Ok(Self { pending, unknown })
    }
}

async fn applied(conn: &impl ConnectionTrait) -> Result<BTreeSet<String>, DbErr> {
    let table = match conn.get_database_backend() {
        DbBackend::Postgres => POSTGRES_TABLE,
        _ => SQLITE_TABLE,
    };
    if sql::query_number(conn, table, []).await? == 0 {
        return Ok(BTreeSet::new());
    }
    let rows = sql::query_all(conn, APPLIED, []).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
