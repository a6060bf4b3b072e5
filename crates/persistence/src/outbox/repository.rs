//! The outbox inside a transaction.

use async_trait::async_trait;
use domain::Timestamp;
use ports::StoreError;
use ports::outbox::{NewJob, OutboxRepository, Pushed};
use sea_orm::{DatabaseTransaction, Value};

use crate::error::Failure;
use crate::sql;
use crate::tx::SeaTx;

const ADD: &str = "
INSERT INTO outbox (topic, subject, due_at, claim, attempts) VALUES ($1, $2, $3, 0, 0)
ON CONFLICT (topic, subject) DO NOTHING";

/// In order: a job that was given up waits again, at the new time; a claimed one loses its claim, and is done when its
/// lease would have ended if that is earlier; a waiting one is done at the earlier time.
const JOIN: &str = "
UPDATE outbox SET
    due_at = CASE
        WHEN given_up_at IS NOT NULL THEN $3
        WHEN lease_until IS NOT NULL THEN CASE WHEN lease_until < $3 THEN lease_until ELSE $3 END
        WHEN due_at < $3 THEN due_at
        ELSE $3
    END,
    claim = claim + 1,
    begun = FALSE,
    attempts = CASE WHEN lease_until IS NOT NULL OR given_up_at IS NOT NULL THEN 0 ELSE attempts END,
    lease_until = NULL,
    given_up_at = NULL,
    reason = NULL
WHERE topic = $1 AND subject = $2";

/// A job that was given up long enough ago waits again; any other stays as it is.
const REVIVE: &str = "
UPDATE outbox SET due_at = $3, claim = claim + 1, begun = FALSE, attempts = 0, given_up_at = NULL, reason = NULL
WHERE topic = $1 AND subject = $2 AND given_up_at < $4";

/// How often adding and joining are tried in turn: another transaction may finish the row between them.
const PUSHES_MAX: usize = 3;

#[async_trait]
impl OutboxRepository for SeaTx {
    async fn push(&mut self, job: NewJob) -> Result<Pushed, StoreError> {
        let pushed = push(self.conn()?, job).await;
        let pushed = self.guard(pushed)?;
        self.leave_work();
        Ok(pushed)
    }

    async fn push_new(&mut self, jobs: &[NewJob]) -> Result<(), StoreError> {
        let pushed = push_new(self.conn()?, jobs).await;
        self.guard(pushed)?;
        self.leave_work();
        Ok(())
    }

    async fn ensure(&mut self, job: NewJob, revive_before: Timestamp) -> Result<Pushed, StoreError> {
        let ensured = ensure(self.conn()?, job, revive_before).await;
        let ensured = self.guard(ensured)?;
        self.leave_work();
        Ok(ensured)
    }
}

async fn push(conn: &DatabaseTransaction, job: NewJob) -> Result<Pushed, Failure> {
    for _ in 0..PUSHES_MAX {
        if sql::execute(conn, ADD, values(job)).await? == 1 {
            return Ok(Pushed::Added);
        }
        if sql::execute(conn, JOIN, values(job)).await? == 1 {
            return Ok(Pushed::AlreadyWaiting);
        }
    }
    Err(StoreError::Contended.into())
}

async fn push_new(conn: &DatabaseTransaction, jobs: &[NewJob]) -> Result<(), Failure> {
    if jobs.is_empty() {
        return Ok(());
    }
    let rows = sql::value_rows(1, 3, jobs.len());
    // What is not named begins as `ADD` says.
    let text = format!("INSERT INTO outbox (topic, subject, due_at) VALUES {rows}");
    sql::execute(conn, &text, jobs.iter().flat_map(|job| values(*job))).await?;
    Ok(())
}

async fn ensure(
    conn: &DatabaseTransaction,
    job: NewJob,
    revive_before: Timestamp,
) -> Result<Pushed, Failure> {
    if sql::execute(conn, ADD, values(job)).await? == 1 {
        return Ok(Pushed::Added);
    }
    let revive = values(job).into_iter().chain([revive_before.micros().into()]);
    sql::execute(conn, REVIVE, revive).await?;
    Ok(Pushed::AlreadyWaiting)
}

fn values(job: NewJob) -> [Value; 3] {
    [
        job.topic.as_str().into(),
        job.subject.into(),
        job.due_at.micros().into(),
    ]
}
