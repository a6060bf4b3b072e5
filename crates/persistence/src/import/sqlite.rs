//! The tables of the other application, on SQLite. Users are few there, so what is theirs is read one by one.

use std::path::Path;

use async_trait::async_trait;
use ports::import::SourceError;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, SqlitePool};

use super::failed;
use super::reader::Tables;

pub(super) struct Sqlite(SqlitePool);

impl Sqlite {
    pub(super) async fn open(path: &Path) -> Result<Self, SourceError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await;
        pool.map(Self).map_err(|error| failed(&error))
    }

    /// `SELECT` of the rows of a table as JSON objects. Its columns are asked for by their names; those that would lose
    /// something as numbers are read as text.
    async fn select(&self, table: &str) -> Result<(String, Vec<String>), sqlx::Error> {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(table.to_owned())
            .fetch_all(&self.0)
            .await?;
        if columns.is_empty() {
            return Err(sqlx::Error::Protocol(format!("there is no table {table}")));
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
}

#[async_trait]
impl Tables for Sqlite {
    async fn count(&self) -> Result<i64, sqlx::Error> {
        let count = sqlx::query_scalar("SELECT count(*) FROM \"user\"");
        count.fetch_one(&self.0).await
    }

    async fn users(&self, after: &str, limit: u16) -> Result<Vec<String>, sqlx::Error> {
        let (select, _) = self.select("user").await?;
        let sql = format!("{select} WHERE id > $1 ORDER BY id LIMIT $2");
        let users = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(after.to_owned())
            .bind(i64::from(limit));
        users.fetch_all(&self.0).await
    }

    async fn rows_of(&self, table: &'static str, users: &[String]) -> Result<Vec<String>, sqlx::Error> {
        let (select, columns) = self.select(table).await?;
        let owner = if columns.iter().any(|name| name == "userId") {
            "userId"
        } else {
            "user_id"
        };
        let sql = format!("{select} WHERE \"{owner}\" = $1");
        let mut found = Vec::new();
        for user in users {
            let rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql.clone()));
            found.extend(rows.bind(user.clone()).fetch_all(&self.0).await?);
        }
        Ok(found)
    }
}
