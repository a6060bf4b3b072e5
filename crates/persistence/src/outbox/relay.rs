//! The relay's side of the outbox.

use async_trait::async_trait;
use domain::Timestamp;
use ports::StoreError;
use ports::jobs::{Job, JobTopic};
use ports::outbox::{Backlog, OutboxRelay};
use sea_orm::{DbBackend, QueryResult};

use super::known_topics;
use crate::database::Database;
use crate::decode::{number, time, word};
use crate::error::Failure;
use crate::sql::{self, value_rows};

/// Why the relay gives up.
const OUT_OF_ATTEMPTS: &str = "attempts";
/// What was counted, and the claim that ends now if a worker had begun it.
const ATTEMPTS: &str = "(attempts + CASE WHEN begun THEN 1 ELSE 0 END)";
/// A claim that was overtaken, finished or given up is not begun.
const BEGIN: &str = "
UPDATE outbox SET begun = TRUE, lease_until = $3
WHERE id = $1 AND claim = $2 AND lease_until IS NOT NULL AND given_up_at IS NULL";
/// Gives back what no worker began.
const RELEASE: &str = "
UPDATE outbox SET lease_until = NULL, claim = claim + 1
WHERE lease_until IS NOT NULL AND NOT begun AND given_up_at IS NULL";
/// Rows of one statement; SQLite takes 32,766 parameters.
const ROWS_MAX: usize = 10_000;

/// Claims jobs of a [`Database`].
pub struct SeaRelay {
    database: Database,
}

impl SeaRelay {
    /// The relay's side of `database`.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
        }
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u16,
        attempts_max: u32,
    ) -> Result<Vec<Job>, Failure> {
        let values = [
            now.micros().into(),
            lease_until.micros().into(),
            i64::from(limit).into(),
            i64::from(attempts_max).into(),
        ];
        let statement = claim_statement(self.database.backend());
        let rows = sql::query_all(self.database.write(), &statement, values).await?;
        let mut claimed = rows
            .iter()
            .filter_map(|row| claimed(row).transpose())
            .collect::<Result<Vec<_>, Failure>>()?;
        // The database returns the rows in any order.
        claimed.sort_by_key(|(due_at, job)| (*due_at, job.id));
        Ok(claimed.into_iter().map(|(_, job)| job).collect())
    }

    async fn put_back(&self, jobs: &[Job]) -> Result<(), Failure> {
        for jobs in jobs.chunks(ROWS_MAX) {
            let statement = format!(
                "WITH returned(id, claim) AS (VALUES {})
                UPDATE outbox SET lease_until = NULL, claim = outbox.claim + 1
                FROM returned WHERE outbox.id = returned.id AND outbox.claim = returned.claim
                    AND outbox.given_up_at IS NULL",
                value_rows(1, 2, jobs.len())
            );
            let values = jobs.iter().flat_map(|job| [job.id.into(), job.claim.into()]);
            sql::execute(self.database.write(), &statement, values).await?;
        }
        Ok(())
    }

    async fn next(&self) -> Result<Option<Timestamp>, Failure> {
        let statement = format!(
            "SELECT MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END)
            FROM outbox WHERE given_up_at IS NULL AND {}",
            known_topics()
        );
        let row = sql::query_one(self.database.read(), &statement, []).await?;
        let micros = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
        Ok(time(micros))
    }

    async fn waiting(&self, now: Timestamp) -> Result<Backlog, Failure> {
        let statement = "
            SELECT COUNT(*) - COUNT(given_up_at), COUNT(given_up_at),
                MIN(CASE WHEN given_up_at IS NULL AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
                    THEN due_at END)
            FROM outbox";
        let row = sql::query_one(self.database.read(), statement, [now.micros().into()]).await?;
        let Some(row) = row else {
            return Err(StoreError::Unavailable("the count of jobs is missing".to_owned()).into());
        };
        Ok(Backlog {
            waiting: number("count of jobs", row.try_get_by_index::<i64>(0)?)?,
            given_up: number("count of jobs", row.try_get_by_index::<i64>(1)?)?,
            oldest_due: time(row.try_get_by_index(2)?),
        })
    }
}

#[async_trait]
impl OutboxRelay for SeaRelay {
    async fn claim_due(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u16,
        attempts_max: u32,
    ) -> Result<Vec<Job>, StoreError> {
        Ok(self.claim(now, lease_until, limit, attempts_max).await?)
    }

    async fn begin(&self, job: &Job, lease_until: Timestamp) -> Result<bool, StoreError> {
        let values = [job.id.into(), job.claim.into(), lease_until.micros().into()];
        let rows = sql::execute(self.database.write(), BEGIN, values)
            .await
            .map_err(Failure::from)?;
        Ok(rows == 1)
    }

    async fn release_unbegun(&self) -> Result<u64, StoreError> {
        let released = sql::execute(self.database.write(), RELEASE, []).await;
        Ok(released.map_err(Failure::from)?)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.next().await?)
    }

    async fn unclaim(&self, jobs: &[Job], _now: Timestamp) -> Result<(), StoreError> {
        // They keep their due time, which has passed: they are due at once, and still before younger ones.
        Ok(self.put_back(jobs).await?)
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        Ok(self.waiting(now).await?)
    }
}

/// Claims and gives up in one statement: `$1` now, `$2` end of the lease, `$3` limit, `$4` attempts allowed. Racing
/// relays skip each other's rows on PostgreSQL and take turns on SQLite. A row that is given up keeps its claim: if its
/// last worker finishes after all, the row goes.
fn claim_statement(backend: DbBackend) -> String {
    let lock = match backend {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    format!(
        "WITH due AS (
            SELECT id FROM outbox
            WHERE given_up_at IS NULL AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) AND {topics}
            ORDER BY due_at, id LIMIT $3 {lock}
        )
        UPDATE outbox SET
            claim = CASE WHEN {ATTEMPTS} < $4 THEN claim + 1 ELSE claim END,
            begun = FALSE,
            attempts = {ATTEMPTS},
            lease_until = CASE WHEN {ATTEMPTS} < $4 THEN $2 END,
            given_up_at = CASE WHEN {ATTEMPTS} < $4 THEN NULL ELSE $1 END,
            reason = CASE WHEN {ATTEMPTS} < $4 THEN NULL ELSE '{OUT_OF_ATTEMPTS}' END
        WHERE id IN (SELECT id FROM due)
        RETURNING id, topic, subject, claim, due_at, lease_until",
        topics = known_topics(),
    )
}

/// A returned row with its due time; nothing if it was given up.
fn claimed(row: &QueryResult) -> Result<Option<(i64, Job)>, Failure> {
    let lease_until: Option<i64> = row.try_get("", "lease_until")?;
    let Some(lease_until) = time(lease_until) else {
        return Ok(None);
    };
    let topic: String = row.try_get("", "topic")?;
    let job = Job {
        id: row.try_get("", "id")?,
        topic: word("outbox.topic", &topic, JobTopic::from_stored)?,
        subject: row.try_get("", "subject")?,
        claim: row.try_get("", "claim")?,
        lease_until,
    };
    Ok(Some((row.try_get("", "due_at")?, job)))
}
