//! The audit log for reading.

use async_trait::async_trait;
use domain::audit::{Head, Line, Link};
use domain::{PageSize, Timestamp};
use ports::StoreError;
use ports::audit::{AuditFilter, AuditQueries, Waiting};
use sea_orm::{DbErr, Value};

use super::chain;
use crate::error::store_error;
use crate::queries::SeaQueries;
use crate::sql::{query_all, query_one};

const INSERTED: &str = "SELECT id FROM audit_log l
    WHERE NOT EXISTS (SELECT 1 FROM audit_seals WHERE line = l.id)
        AND NOT EXISTS (SELECT 1 FROM audit_unsealed WHERE line = l.id)
    ORDER BY id LIMIT 1000";
const LOST: &str = "SELECT line AS id FROM audit_unsealed u
    WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE id = u.line) ORDER BY line LIMIT 1000";
const WAITING: &str = "SELECT count(*) AS lines, min(l.at) AS since
    FROM audit_unsealed u JOIN audit_log l ON l.id = u.line";

impl SeaQueries {
    async fn ids(&self, sql: &str) -> Result<Vec<i64>, StoreError> {
        let rows = query_all(self.conn(), sql, []).await.map_err(store_error)?;
        let ids: Result<_, DbErr> = rows.iter().map(|row| row.try_get("", "id")).collect();
        ids.map_err(store_error)
    }
}

#[async_trait]
impl AuditQueries for SeaQueries {
    async fn lines(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Vec<Line>, StoreError> {
        let (sql, values) = chosen(filter, before, size);
        let rows = query_all(self.conn(), &sql, values).await.map_err(store_error)?;
        rows.iter()
            .map(chain::line)
            .collect::<Result<_, _>>()
            .map_err(store_error)
    }

    async fn chain(&self, after: i64, limit: u16) -> Result<Vec<(Link, Option<Line>)>, StoreError> {
        chain::chain(self.conn(), after, limit).await.map_err(store_error)
    }

    async fn end(&self) -> Result<Head, StoreError> {
        chain::head(self.conn()).await.map_err(store_error)
    }

    async fn waiting(&self) -> Result<Waiting, StoreError> {
        let row = query_one(self.conn(), WAITING, []).await.map_err(store_error)?;
        let Some(row) = row else {
            return Ok(Waiting {
                lines: 0,
                since: None,
            });
        };
        let lines: i64 = row.try_get("", "lines").map_err(store_error)?;
        let since: Option<i64> = row.try_get("", "since").map_err(store_error)?;
        Ok(Waiting {
            lines: u64::try_from(lines).unwrap_or_default(),
            since: since.map(Timestamp::from_micros),
        })
    }

    async fn inserted(&self) -> Result<Vec<i64>, StoreError> {
        self.ids(INSERTED).await
    }

    async fn lost(&self) -> Result<Vec<i64>, StoreError> {
        self.ids(LOST).await
    }
}

/// The statement names the columns that are asked for and no others, so that an index can serve it.
fn chosen(filter: &AuditFilter, before: Option<i64>, size: PageSize) -> (String, Vec<Value>) {
    let asked: [(&str, Option<Value>); 6] = [
        (
            "l.actor_user =",
            filter.actor.as_ref().map(|it| it.as_str().into()),
        ),
        ("l.target =", filter.target.as_deref().map(Into::into)),
        ("l.action =", filter.action.as_deref().map(Into::into)),
        ("l.at >=", filter.from.map(|it| it.micros().into())),
        ("l.at <", filter.until.map(|it| it.micros().into())),
        ("l.id <", before.map(Into::into)),
    ];
    let asked = asked
        .into_iter()
        .filter_map(|(column, value)| Some((column, value?)));
    let (mut conditions, mut values) = (vec!["1 = 1".to_owned()], Vec::new());
    for (column, value) in asked {
        values.push(value);
        conditions.push(format!("{column} ${}", values.len()));
    }
    values.push(i64::from(size.rows()).into());
    let sql = format!(
        "SELECT {} FROM audit_log l WHERE {} ORDER BY l.id DESC LIMIT ${}",
        chain::LINE,
        conditions.join(" AND "),
        values.len()
    );
    (sql, values)
}
