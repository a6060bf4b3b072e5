//! Settling jobs, many in one commit.

use ports::jobs::Job;
use ports::outbox::Settlement;
use sea_orm::{ConnectionTrait, DbBackend};

use super::relay::{matched, receipt};
use crate::database::Database;
use crate::error::Failure;
use crate::sql::{self, given, given_values};

const GIVE_UP: &str = "
UPDATE outbox SET given_up_at = $3, reason = $4, lease_until = NULL
WHERE id = $1 AND claim = $2 AND given_up_at IS NULL";

type Settled = (Job, Settlement);

/// Settles jobs, each if its claim still owns it; for each whether it did. One commit for all of them, and one
/// statement for all that end in the same way.
pub(super) async fn settle(database: &Database, settled: &[Settled]) -> Result<Vec<bool>, Failure> {
    let first = settled
        .first()
        .map(|(_, settlement)| std::mem::discriminant(settlement));
    let alike = settled
        .iter()
        .all(|(_, settlement)| Some(std::mem::discriminant(settlement)) == first);
    if alike && database.postgres().is_some() {
        return settle_on(database.write(), settled).await;
    }
    let mut tx = database.begin().await?;
    let owned = settle_on(tx.step()?, settled).await?;
    tx.commit(None).await?;
    Ok(owned)
}

async fn settle_on(conn: &impl ConnectionTrait, settled: &[Settled]) -> Result<Vec<bool>, Failure> {
    let mut owned = vec![false; settled.len()];
    let (mut finished, mut again) = (Vec::new(), Vec::new());
    for (index, (job, settlement)) in settled.iter().enumerate() {
        match settlement {
            Settlement::Finished => finished.push((index, receipt(job))),
            Settlement::Again { due_at, forgive } => {
                let [id, claim] = receipt(job);
                again.push((index, [id, claim, due_at.micros(), i64::from(*forgive)]));
            }
            Settlement::GivenUp { reason, at } => {
                let values = [
                    job.id.into(),
                    job.claim.into(),
                    at.micros().into(),
                    reason.as_str().into(),
                ];
                let given_up = sql::execute(conn, GIVE_UP, values).await? == 1;
                note(&mut owned, [(index, given_up)]);
            }
        }
    }
    if !finished.is_empty() {
        let gone = finish(conn, &finished).await?;
        note(&mut owned, finished.iter().map(|(index, _)| *index).zip(gone));
    }
    if !again.is_empty() {
        let waiting = reschedule(conn, &again).await?;
        note(&mut owned, again.iter().map(|(index, _)| *index).zip(waiting));
    }
    Ok(owned)
}

fn note(owned: &mut [bool], found: impl IntoIterator<Item = (usize, bool)>) {
    for (index, found) in found {
        if let Some(place) = owned.get_mut(index) {
            *place = found;
        }
    }
}

/// The claim is compared on the row that is deleted: PostgreSQL looks at it again if a push has just changed the row.
async fn finish(conn: &impl ConnectionTrait, jobs: &[(usize, [i64; 2])]) -> Result<Vec<bool>, Failure> {
    let backend = conn.get_database_backend();
    let table = given(backend, 1, &["job", "receipt"]);
    let statement = match backend {
        DbBackend::Postgres => format!(
            "DELETE FROM outbox USING {table} WHERE outbox.id = given.job AND outbox.claim = given.receipt
            RETURNING id, claim"
        ),
        _ => format!(
            "DELETE FROM outbox WHERE id IN (
                SELECT done.id FROM {table} JOIN outbox AS done ON done.id = given.job AND done.claim = given.receipt
            ) RETURNING id, claim"
        ),
    };
    let values = given_values(backend, jobs.iter().map(|(_, receipt)| *receipt));
    let rows = sql::query_all(conn, &statement, values).await?;
    matched(rows, jobs.iter().map(|(_, receipt)| *receipt))
}

async fn reschedule(conn: &impl ConnectionTrait, jobs: &[(usize, [i64; 4])]) -> Result<Vec<bool>, Failure> {
    let backend = conn.get_database_backend();
    let statement = format!(
        "UPDATE outbox SET
            due_at = given.due, claim = claim + 1, begun = FALSE, lease_until = NULL,
            attempts = CASE WHEN given.forgiven = 1 THEN 0 ELSE attempts + 1 END
        FROM {}
        WHERE outbox.id = given.job AND outbox.claim = given.receipt AND outbox.given_up_at IS NULL
        RETURNING id, claim - 1",
        given(backend, 1, &["job", "receipt", "due", "forgiven"])
    );
    let values = given_values(backend, jobs.iter().map(|(_, row)| *row));
    let rows = sql::query_all(conn, &statement, values).await?;
    matched(rows, jobs.iter().map(|(_, [id, claim, ..])| [*id, *claim]))
}
