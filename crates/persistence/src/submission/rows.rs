//! The row, and the orders that it puts in doubt.

use async_trait::async_trait;
use domain::OrderId;
use domain::submission::{Identity, Pause, PauseCause, Submission};
use ports::StoreError;
use ports::submission::{SubmissionQueries, SubmissionRepository};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};

use crate::decode::{number, time, unreadable, word};
use crate::error::{Failure, store_error};
use crate::queries::SeaQueries;
use crate::sql;
use crate::tx::SeaTx;

const COLUMNS: &str = "SELECT incarnation, known_system, known_place, known_timeline, epoch, seen_at,
    paused_at, paused_by, reason, gap_from, doubted_up_to FROM submission WHERE id = 1";

#[async_trait]
impl SubmissionRepository for SeaTx {
    async fn lock(&mut self) -> Result<Submission, StoreError> {
        let conn = self.conn()?;
        // SQLite has locked everything already.
        let lock = match conn.get_database_backend() {
            DbBackend::Postgres => "FOR UPDATE",
            _ => "",
        };
        let found = read(conn, lock).await;
        self.guard(found)
    }

    async fn save(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let saved = save(self.conn()?, submission).await;
        self.guard(saved)
    }

    async fn latest_order(&mut self) -> Result<Option<OrderId>, StoreError> {
        let latest = "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM orders";
        let latest = sql::query_number(self.conn()?, latest, []).await;
        let latest = self.guard(latest)?;
        Ok((latest > 0).then_some(OrderId(latest)))
    }
}

#[async_trait]
impl SubmissionQueries for SeaQueries {
    async fn submission(&self) -> Result<Submission, StoreError> {
        Ok(read(self.conn(), "").await?)
    }

    async fn submitting(&self) -> Result<u64, StoreError> {
        let statement = "SELECT COUNT(*) FROM orders WHERE state = 'submitting'";
        let count = sql::query_number(self.conn(), statement, [])
            .await
            .map_err(store_error)?;
        number("count of orders", count)
    }

    async fn doubtful(&self, after: OrderId, up_to: OrderId, limit: u16) -> Result<Vec<OrderId>, StoreError> {
        let statement = "SELECT id FROM orders WHERE state IN ('held', 'submitting', 'unknown')
            AND id > $1 AND id <= $2 ORDER BY id LIMIT $3";
        let values = [after.0.into(), up_to.0.into(), i64::from(limit).into()];
        let rows = sql::query_all(self.conn(), statement, values)
            .await
            .map_err(store_error)?;
        rows.iter()
            .map(|row| row.try_get_by_index(0).map(OrderId).map_err(store_error))
            .collect()
    }
}

async fn read(conn: &impl ConnectionTrait, lock: &str) -> Result<Submission, Failure> {
    let row = sql::query_one(conn, &format!("{COLUMNS} {lock}"), []).await?;
    row.map_or_else(
        || Err(unreadable("submission", "no row").into()),
        |row| submission(&row),
    )
}

fn submission(row: &QueryResult) -> Result<Submission, Failure> {
    let since: Option<i64> = row.try_get_by_index(6)?;
    let by: Option<String> = row.try_get_by_index(7)?;
    let reason: Option<String> = row.try_get_by_index(8)?;
    let pause = match (time(since), by, reason) {
        (Some(since), Some(by), Some(reason)) => Some(Pause {
            since,
            cause: word("submission.paused_by", &by, PauseCause::from_stored)?,
            reason,
            gap_from: time(row.try_get_by_index(9)?),
        }),
        _ => None,
    };
    Ok(Submission {
        incarnation: row.try_get_by_index(0)?,
        identity: Identity {
            system: row.try_get_by_index(1)?,
            place: row.try_get_by_index(2)?,
            timeline: row.try_get_by_index(3)?,
        },
        epoch: row.try_get_by_index(4)?,
        seen_at: time(row.try_get_by_index(5)?),
        pause,
        doubted_up_to: row.try_get_by_index::<Option<i64>>(10)?.map(OrderId),
    })
}

async fn save(conn: &impl ConnectionTrait, submission: &Submission) -> Result<(), Failure> {
    let statement = "UPDATE submission SET incarnation = $1, known_system = $2, known_place = $3,
        known_timeline = $4, epoch = $5, seen_at = $6, paused_at = $7, paused_by = $8, reason = $9,
        gap_from = $10, doubted_up_to = $11 WHERE id = 1";
    let Submission { identity, pause, .. } = submission;
    let pause = pause.as_ref();
    let values = [
        submission.incarnation.clone().into(),
        identity.system.clone().into(),
        identity.place.clone().into(),
        identity.timeline.clone().into(),
        submission.epoch.into(),
        submission.seen_at.map(domain::Timestamp::micros).into(),
        pause.map(|pause| pause.since.micros()).into(),
        pause.map(|pause| pause.cause.as_str().to_owned()).into(),
        pause.map(|pause| pause.reason.clone()).into(),
        pause
            .and_then(|pause| pause.gap_from)
            .map(domain::Timestamp::micros)
            .into(),
        submission.doubted_up_to.map(|order| order.0).into(),
    ];
    sql::execute(conn, statement, values).await?;
    Ok(())
}
