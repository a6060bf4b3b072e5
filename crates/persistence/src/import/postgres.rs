//! The database of the other application, on PostgreSQL.

use std::str::FromStr;

use async_trait::async_trait;
use ports::import::{SourceError, SourceUser, UserSource};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::record::Rows;
use super::{SourceParts, failed};

/// Ids in the order of their bytes, whatever the database's language.
const USERS: &str = "SELECT to_jsonb(t)::text FROM \"user\" t \
    WHERE t.id::text COLLATE \"C\" > $1 ORDER BY t.id::text COLLATE \"C\" LIMIT $2";
const ACCOUNTS: &str = "SELECT to_jsonb(t)::text FROM account t WHERE t.user_id::text = ANY($1)";
const SESSIONS: &str = "SELECT to_jsonb(t)::text FROM session t WHERE t.user_id::text = ANY($1)";
/// The balance as text: a number of JSON is not exact everywhere.
const WALLETS: &str = "SELECT (to_jsonb(t) || jsonb_build_object('balance', t.balance::text))::text \
    FROM wallet t WHERE t.user_id::text = ANY($1)";

pub(super) struct Postgres {
    pool: PgPool,
    parts: SourceParts,
}

impl Postgres {
    pub(super) async fn open(url: &str, parts: SourceParts) -> Result<Self, SourceError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| failed(&error))?
            .options([("default_transaction_read_only", "on")]);
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await;
        Ok(Self {
            pool: pool.map_err(|error| failed(&error))?,
            parts,
        })
    }

    async fn rows_of(&self, sql: &'static str, ids: &[String]) -> Result<Vec<Value>, SourceError> {
        let rows = sqlx::query_scalar::<_, String>(sql)
            .bind(ids)
            .fetch_all(&self.pool)
            .await;
        parsed(&rows.map_err(|error| failed(&error))?)
    }
}

#[async_trait]
impl UserSource for Postgres {
    async fn count(&self) -> Result<u64, SourceError> {
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM \"user\"");
        let count = count
            .fetch_one(&self.pool)
            .await
            .map_err(|error| failed(&error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn page(&self, after: Option<&str>, limit: u16) -> Result<Vec<SourceUser>, SourceError> {
        let users = sqlx::query_scalar::<_, String>(USERS)
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
            accounts: self.rows_of(ACCOUNTS, &ids).await?,
            ..Rows::default()
        };
        if self.parts.sessions {
            rows.sessions = self.rows_of(SESSIONS, &ids).await?;
        }
        if self.parts.balances {
            rows.wallets = self.rows_of(WALLETS, &ids).await?;
        }
        rows.assemble()
    }
}

pub(super) fn parsed(rows: &[String]) -> Result<Vec<Value>, SourceError> {
    let parsed: Result<Vec<Value>, _> = rows.iter().map(|row| serde_json::from_str(row)).collect();
    parsed.map_err(|error| SourceError(format!("a row cannot be read: {error}")))
}
