//! The database of the other application, on SQLite. Users are few there, so a page reads what is theirs one by one.

use std::path::Path;

use async_trait::async_trait;
use ports::import::{SourceError, SourceUser, UserSource};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, SqlitePool};

use super::postgres::parsed;
use super::record::Rows;
use super::{SourceParts, failed};

pub(super) struct Sqlite {
    pool: SqlitePool,
    parts: SourceParts,
}

impl Sqlite {
    pub(super) async fn open(path: &Path, parts: SourceParts) -> Result<Self, SourceError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await;
        Ok(Self {
            pool: pool.map_err(|error| failed(&error))?,
            parts,
        })
    }

    /// `SELECT` of the rows of a table as JSON objects. Its columns are asked for by their names; those that would lose
    /// something as numbers are read as text.
    async fn select(&self, table: &str) -> Result<(String, Vec<String>), SourceError> {
        let columns = sqlx::query_scalar::<_, String>("SELECT name FROM pragma_table_info($1)")
            .bind(table)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| failed(&error))?;
        if columns.is_empty() {
            return Err(SourceError(format!("there is no table {table}")));
        }
        let fields: Vec<String> = columns
            .iter()
            .map(|name| {
                let quoted = name.replace('"', "\"\"");
                let value = if name == "balance" {
                    format!("CAST(\"{quoted}\" AS TEXT)")
                } else {
                    format!("\"{quoted}\"")
                };
                format!("'{}', {value}", name.replace('\'', "''"))
            })
            .collect();
        let select = format!("SELECT json_object({}) FROM \"{table}\"", fields.join(", "));
        Ok((select, columns))
    }

    async fn rows_of(&self, table: &str, ids: &[String]) -> Result<Vec<Value>, SourceError> {
        let (select, columns) = self.select(table).await?;
        let owner = if columns.iter().any(|name| name == "userId") {
            "userId"
        } else {
            "user_id"
        };
        let sql = format!("{select} WHERE \"{owner}\" = $1");
        let mut found = Vec::new();
        for id in ids {
            let rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql.clone()));
            let rows = rows.bind(id).fetch_all(&self.pool).await;
            found.extend(parsed(&rows.map_err(|error| failed(&error))?)?);
        }
        Ok(found)
    }
}

#[async_trait]
impl UserSource for Sqlite {
    async fn count(&self) -> Result<u64, SourceError> {
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM \"user\"");
        let count = count
            .fetch_one(&self.pool)
            .await
            .map_err(|error| failed(&error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn page(&self, after: Option<&str>, limit: u16) -> Result<Vec<SourceUser>, SourceError> {
        let (select, _) = self.select("user").await?;
        let sql = format!("{select} WHERE id > $1 ORDER BY id LIMIT $2");
        let users = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql))
            .bind(after.unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await;
        let users = parsed(&users.map_err(|error| failed(&error))?)?;
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
