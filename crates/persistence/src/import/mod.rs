//! Users of a better-auth application, from its database or a dump of it.
//!
//! Every row is read as a JSON object, whatever it comes from, so that one reader knows the columns.

mod dump;
mod postgres;
mod reader;
mod record;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use ports::import::{SourceError, UserSource};

use dump::Dump;
use postgres::Postgres;
use reader::Reader;
use sqlite::Sqlite;

/// What is read besides users and what signs them in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceParts {
    /// Where users are signed in.
    pub sessions: bool,
    /// Users' money.
    pub balances: bool,
}

/// Opens the database at a `postgres://` address, the SQLite database in a file, or a JSON file with an array for each
/// table. Nothing is written to it.
///
/// # Errors
/// [`SourceError`] if there is nothing to be read.
pub async fn open_users(from: &str, parts: SourceParts) -> Result<Arc<dyn UserSource>, SourceError> {
    if ["postgres://", "postgresql://"]
        .iter()
        .any(|it| from.starts_with(it))
    {
        let tables = Postgres::open(from).await?;
        return Ok(Arc::new(Reader { tables, parts }));
    }
    let path = Path::new(from.strip_prefix("sqlite://").unwrap_or(from));
    if !path.is_file() {
        return Err(SourceError(format!("{} is not a file", path.display())));
    }
    if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json")) {
        return Ok(Arc::new(Dump::read(path, parts)?));
    }
    let tables = Sqlite::open(path).await?;
    Ok(Arc::new(Reader { tables, parts }))
}

/// What a driver says, without an address that may hold a password.
fn failed(error: &sqlx::Error) -> SourceError {
    SourceError(match error {
        sqlx::Error::Configuration(_) => "the address cannot be read".to_owned(),
        sqlx::Error::Protocol(what) => what.clone(),
        other => other.to_string(),
    })
}
