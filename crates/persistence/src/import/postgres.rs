//! The tables of the other application, on PostgreSQL.

use std::str::FromStr;

use async_trait::async_trait;
use ports::import::SourceError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};

use super::failed;
use super::reader::Tables;

/// Ids in the order of their bytes, whatever the database's language.
const USERS: &str = "SELECT to_jsonb(t)::text FROM \"user\" t \
    WHERE t.id::text COLLATE \"C\" > $1 ORDER BY t.id::text COLLATE \"C\" LIMIT $2";

pub(super) struct Postgres(PgPool);

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self, SourceError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| failed(&error))?
            .options([("default_transaction_read_only", "on")]);
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await;
        pool.map(Self).map_err(|error| failed(&error))
    }
}

#[async_trait]
impl Tables for Postgres {
    async fn count(&self) -> Result<i64, sqlx::Error> {
        let count = sqlx::query_scalar("SELECT count(*) FROM \"user\"");
        count.fetch_one(&self.0).await
    }

    async fn users(&self, after: &str, limit: u16) -> Result<Vec<String>, sqlx::Error> {
        let users = sqlx::query_scalar(USERS)
            .bind(after.to_owned())
            .bind(i64::from(limit));
        users.fetch_all(&self.0).await
    }

    async fn rows_of(&self, table: &'static str, users: &[String]) -> Result<Vec<String>, sqlx::Error> {
        let row = if table == "wallet" {
            "to_jsonb(t) || jsonb_build_object('balance', t.balance::text)"
        } else {
            "to_jsonb(t)"
        };
        let sql = format!("SELECT ({row})::text FROM {table} t WHERE t.user_id::text = ANY($1)");
        let rows = sqlx::query_scalar(AssertSqlSafe(sql)).bind(users.to_vec());
        rows.fetch_all(&self.0).await
    }
}
