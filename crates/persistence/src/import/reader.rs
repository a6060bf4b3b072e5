//! Pages of users with what is theirs, from whatever database the tables are in.

use async_trait::async_trait;
use ports::import::{SourceError, SourceUser, UserSource};
use serde_json::Value;

use super::record::Rows;
use super::{SourceParts, failed};

/// The tables of the other application. Rows come as JSON objects in text.
#[async_trait]
pub(super) trait Tables: Send + Sync {
    /// How many users there are.
    async fn count(&self) -> Result<i64, sqlx::Error>;

    /// Users in the order of the bytes of their ids, from above `after`.
    async fn users(&self, after: &str, limit: u16) -> Result<Vec<String>, sqlx::Error>;

    /// What is in a table of these users'. Amounts of money are texts: a number of JSON is not exact everywhere.
    async fn rows_of(&self, table: &'static str, users: &[String]) -> Result<Vec<String>, sqlx::Error>;
}

/// Reads users and what is theirs.
pub(super) struct Reader<T> {
    pub(super) tables: T,
    pub(super) parts: SourceParts,
}

impl<T: Tables> Reader<T> {
    async fn rows_of(&self, table: &'static str, users: &[String]) -> Result<Vec<Value>, SourceError> {
        parsed(self.tables.rows_of(table, users).await)
    }
}

#[async_trait]
impl<T: Tables> UserSource for Reader<T> {
    async fn count(&self) -> Result<u64, SourceError> {
        let count = self.tables.count().await.map_err(|error| failed(&error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn page(&self, after: Option<&str>, limit: u16) -> Result<Vec<SourceUser>, SourceError> {
        let users = parsed(self.tables.users(after.unwrap_or_default(), limit).await)?;
        let ids: Vec<String> = users
            .iter()
            .filter_map(|user| user.get("id")?.as_str().map(str::to_owned))
            .collect();
        let mut rows = Rows {
            users,
            accounts: self.rows_of("account", &ids).await?,
            ..Rows::default()
        };
        if self.parts.sessions {
            rows.sessions = self.rows_of("session", &ids).await?;
        }
        if self.parts.balances {
            rows.wallets = self.rows_of("wallet", &ids).await?;
        }
        rows.assemble()
    }
}

fn parsed(rows: Result<Vec<String>, sqlx::Error>) -> Result<Vec<Value>, SourceError> {
    let rows = rows.map_err(|error| failed(&error))?;
    let parsed: Result<Vec<Value>, _> = rows.iter().map(|row| serde_json::from_str(row)).collect();
    parsed.map_err(|error| SourceError(format!("a row cannot be read: {error}")))
}
