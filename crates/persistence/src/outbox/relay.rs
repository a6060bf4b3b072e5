//! The relay's side of the outbox.

use std::collections::HashSet;

use async_trait::async_trait;
use domain::Timestamp;
use ports::StoreError;
use ports::jobs::{Job, JobTopic};
use ports::outbox::{Backlog, OutboxRelay, Settlement, Wanted};
use sea_orm::{DbBackend, QueryResult};

use super::known_topics;
use super::settle::settle;
use crate::database::Database;
use crate::decode::{number, time, word};
use crate::error::Failure;
use crate::sql::{self, given, given_values};

/// Why the relay gives up.
const OUT_OF_ATTEMPTS: &str = "attempts";
/// What was counted, and the claim that ends now if a worker had begun it.
const ATTEMPTS: &str = "(attempts + CASE WHEN begun THEN 1 ELSE 0 END)";

/// Among so many jobs that became due last, the youngest are looked for.
const RECENT: u16 = 100;

/// Claims and settles jobs of a [`Database`].
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

    async fn claim(&self, wanted: &Wanted) -> Result<Vec<Job>, Failure> {
        let youngest = wanted.youngest.min(wanted.limit);
        let values = vec![
            wanted.now.micros().into(),
            wanted.lease_until.micros().into(),
            i64::from(wanted.limit - youngest).into(),
            i64::from(wanted.attempts_max).into(),
            wanted.begin.into(),
            i64::from(youngest).into(),
        ];
        let statement = claim_statement(self.database.backend());
        let rows = self.database.execute_returning(&statement, values).await?;
        let mut claimed = rows
            .iter()
            .filter_map(|row| claimed(row, wanted.begin).transpose())
            .collect::<Result<Vec<_>, Failure>>()?;
        // The database returns the rows in any order.
        claimed.sort_by_key(|(due_at, job)| (*due_at, job.id));
        Ok(claimed.into_iter().map(|(_, job)| job).collect())
    }

    /// A claim that was overtaken, finished or given up is not begun, nor is one that was begun before.
    async fn start(&self, jobs: &[Job], lease_until: Timestamp) -> Result<Vec<bool>, Failure> {
        let backend = self.database.backend();
        let statement = format!(
            "UPDATE outbox SET begun = TRUE, lease_until = $1 FROM {}
            WHERE outbox.id = given.job AND outbox.claim = given.receipt
                AND NOT outbox.begun AND outbox.lease_until IS NOT NULL AND outbox.given_up_at IS NULL
            RETURNING id, claim",
            given(backend, 2, &["job", "receipt"])
        );
        let mut values = vec![lease_until.micros().into()];
        values.extend(given_values(backend, jobs.iter().map(receipt)));
        let rows = self.database.execute_returning(&statement, values).await?;
        matched(rows, jobs.iter().map(receipt))
    }

    /// Rows that somebody is about to begin or to settle are passed over: they need no more time in the queue.
    async fn prolong(
        &self,
        jobs: &[Job],
        lease_until: Timestamp,
        earlier_than: Timestamp,
    ) -> Result<u64, Failure> {
        let backend = self.database.backend();
        let statement = format!(
            "UPDATE outbox SET lease_until = $1 WHERE id IN (
                SELECT held.id FROM {} JOIN outbox AS held ON held.id = given.job AND held.claim = given.receipt
                WHERE NOT held.begun AND held.lease_until < $2 AND held.given_up_at IS NULL {}
            )",
            given(backend, 3, &["job", "receipt"]),
            match backend {
                DbBackend::Postgres => "FOR UPDATE OF held SKIP LOCKED",
                _ => "",
            }
        );
        let mut values = vec![lease_until.micros().into(), earlier_than.micros().into()];
        values.extend(given_values(backend, jobs.iter().map(receipt)));
        self.database.execute(&statement, values).await
    }

    async fn put_back(&self, jobs: &[Job]) -> Result<(), Failure> {
        let backend = self.database.backend();
        let statement = format!(
            "UPDATE outbox SET lease_until = NULL, begun = FALSE, claim = claim + 1 FROM {}
            WHERE outbox.id = given.job AND outbox.claim = given.receipt AND outbox.given_up_at IS NULL",
            given(backend, 1, &["job", "receipt"])
        );
        let values = given_values(backend, jobs.iter().map(receipt));
        self.database.execute(&statement, values).await?;
        Ok(())
    }

    /// What is due by now is claimed or about to be; of the rest the first is the next. So this reads a few rows however
    /// many wait.
    async fn next(&self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        let topics = known_topics();
        let statement = format!(
            "SELECT MIN(next) FROM (
                SELECT CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END AS next
                FROM outbox WHERE given_up_at IS NULL AND due_at <= $1 AND {topics}
                UNION ALL
                SELECT due_at FROM (
                    SELECT due_at FROM outbox WHERE given_up_at IS NULL AND due_at > $1 AND {topics}
                    ORDER BY due_at LIMIT 1
                ) AS first
            ) AS both_of_them"
        );
        let row = sql::query_one(self.database.read(), &statement, [now.micros().into()]).await?;
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
    async fn claim_due(&self, wanted: &Wanted) -> Result<Vec<Job>, StoreError> {
        Ok(self.claim(wanted).await?)
    }

    async fn begin(&self, jobs: &[Job], lease_until: Timestamp) -> Result<Vec<bool>, StoreError> {
        Ok(self.start(jobs, lease_until).await?)
    }

    async fn settle(&self, settled: &[(Job, Settlement)]) -> Result<Vec<bool>, StoreError> {
        Ok(settle(&self.database, settled).await?)
    }

    async fn renew(
        &self,
        jobs: &[Job],
        lease_until: Timestamp,
        earlier_than: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(self.prolong(jobs, lease_until, earlier_than).await?)
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.next(now).await?)
    }

    async fn unclaim(&self, jobs: &[Job]) -> Result<(), StoreError> {
        // They keep their due time, which has passed: they are due at once, and still before younger ones.
        Ok(self.put_back(jobs).await?)
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        Ok(self.waiting(now).await?)
    }
}

/// Claims and gives up in one statement: `$1` now, `$2` end of the lease, `$3` how many of the oldest, `$4` attempts
/// allowed, `$5` whether to begin them, `$6` how many of the youngest. Those were added last, of the jobs that became due
/// last: jobs that come back again and again become due all the time and must not bury what is new. Racing relays skip
/// each other's rows on PostgreSQL and take turns on SQLite. A row that is given up keeps its claim: if its last worker finishes after all, the row goes.
fn claim_statement(backend: DbBackend) -> String {
    let lock = match backend {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let due = format!(
        "SELECT id FROM outbox
        WHERE given_up_at IS NULL AND due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) AND {}",
        known_topics()
    );
    format!(
        "WITH oldest AS ({due} ORDER BY due_at, id LIMIT $3 {lock}),
        recent AS ({due} ORDER BY due_at DESC, id DESC LIMIT CASE WHEN $6 > 0 THEN {RECENT} ELSE 0 END),
        youngest AS ({due} AND id IN (SELECT id FROM recent) ORDER BY id DESC LIMIT $6 {lock})
        UPDATE outbox SET
            claim = CASE WHEN {ATTEMPTS} < $4 THEN claim + 1 ELSE claim END,
            begun = $5 AND {ATTEMPTS} < $4,
            attempts = {ATTEMPTS},
            lease_until = CASE WHEN {ATTEMPTS} < $4 THEN $2 END,
            given_up_at = CASE WHEN {ATTEMPTS} < $4 THEN NULL ELSE $1 END,
            reason = CASE WHEN {ATTEMPTS} < $4 THEN NULL ELSE '{OUT_OF_ATTEMPTS}' END
        WHERE id IN (SELECT id FROM oldest UNION SELECT id FROM youngest)
        RETURNING id, topic, subject, claim, due_at, lease_until"
    )
}

/// A returned row with its due time; nothing if it was given up. Its columns are read by their place, because there may be
/// hundreds of rows.
fn claimed(row: &QueryResult, begun: bool) -> Result<Option<(i64, Job)>, Failure> {
    let lease_until: Option<i64> = row.try_get_by_index(5)?;
    let Some(lease_until) = time(lease_until) else {
        return Ok(None);
    };
    let topic: String = row.try_get_by_index(1)?;
    let job = Job {
        id: row.try_get_by_index(0)?,
        topic: word("outbox.topic", &topic, JobTopic::from_stored)?,
        subject: row.try_get_by_index(2)?,
        claim: row.try_get_by_index(3)?,
        lease_until,
        begun,
    };
    Ok(Some((row.try_get_by_index(4)?, job)))
}

/// What a worker shows to prove that the job is its own.
pub(super) const fn receipt(job: &Job) -> [i64; 2] {
    [job.id, job.claim]
}

/// Which of the receipts, each counted once, are among the returned rows.
pub(super) fn matched(
    rows: Vec<QueryResult>,
    receipts: impl Iterator<Item = [i64; 2]>,
) -> Result<Vec<bool>, Failure> {
    let mut returned = rows
        .into_iter()
        .map(|row| Ok([row.try_get_by_index(0)?, row.try_get_by_index(1)?]))
        .collect::<Result<HashSet<[i64; 2]>, Failure>>()?;
    Ok(receipts.map(|receipt| returned.remove(&receipt)).collect())
}
