//! The proof of the books.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::ledger::{InvariantCount, LedgerProof};
use ports::{Clock, StoreError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};

use crate::database::Database;
use crate::error::Failure;
use crate::sql;

mod checkpoints;
mod invariants;
mod watermark;

use invariants::{INVARIANTS, Invariant, Scope, Since};
use watermark::Watermark;

/// How often a watch looks at everything.
const EVERYTHING_EVERY: Duration = Duration::from_hours(6);
/// Tells of the present only, and nothing is wrong with the books: no reason to look at the same rows again.
const OF_THE_MOMENT: [&str; 2] = ["V12", "V13"];
/// Whose rows are the whole history of a wallet: where not everything is looked at, [`checkpoints`] stand in for it.
const OF_WHOLE_HISTORIES: &str = "V1";

/// For a look at what moved lately, on PostgreSQL. Those rows are in memory, where one that an index names costs no more than the next of
/// a walk: by its own guess of the disk, PostgreSQL walks through all orders and transfers as soon as a hundredth of them moved.
/// And whoever waits for an answer needs the other processors more.
const OF_LATE: &str = "SET LOCAL random_page_cost = 1.1; SET LOCAL max_parallel_workers_per_gather = 0";

/// Checks the books of a [`Database`].
pub struct SeaLedger {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl SeaLedger {
    /// The books of `database`. The clock tells which orders have waited too long.
    #[must_use]
    pub fn new(database: &Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database: database.clone(),
            clock,
        }
    }
}

#[async_trait]
impl LedgerProof for SeaLedger {
    async fn verify(&self) -> Result<Vec<InvariantCount>, StoreError> {
        let snapshot = self.database.snapshot().await?;
        ready(&snapshot, Scope::Everything).await?;
        let counts = count_all(&snapshot, Scope::Everything, &[], self.clock.now()).await?;
        snapshot.commit().await?;
        Ok(counts)
    }

    async fn watch(&self) -> Result<Vec<InvariantCount>, StoreError> {
        let now = self.clock.now();
        let snapshot = self.database.snapshot().await?;
        let watermark = Watermark::read(&*snapshot).await?;
        let scope = match watermark {
            Some(watermark) if now.since(watermark.everything_at) < EVERYTHING_EVERY => {
                Scope::MovedSince(watermark.sound_until)
            }
            _ => Scope::Everything,
        };
        ready(&snapshot, scope).await?;
        let newest = watermark::newest_transfer(&*snapshot).await?;
        let doubtful = match watermark {
            Some(watermark) => checkpoints::doubtful(&*snapshot, watermark.sound_until, newest).await?,
            None => Vec::new(),
        };
        let counts = count_all(&snapshot, scope, &doubtful, now).await?;
        snapshot.commit().await?;
        let sound = counts
            .iter()
            .all(|count| count.violations == 0 || OF_THE_MOMENT.contains(&count.id));
        if sound {
            if let Some(before) = watermark {
                checkpoints::advance(&self.database, before, &doubtful, now).await?;
            }
            let next = Watermark::after(watermark, scope, newest, now);
            next.write(&self.database, now).await?;
        }
        Ok(counts)
    }
}

/// Settles how the statements of a check are run.
async fn ready(conn: &DatabaseTransaction, scope: Scope) -> Result<(), Failure> {
    sql::take_time(conn).await?;
    if scope != Scope::Everything && conn.get_database_backend() == DbBackend::Postgres {
        conn.execute_unprepared(OF_LATE).await?;
    }
    Ok(())
}

/// `doubtful` are the users whose wallets are not what their checkpoints say.
async fn count_all(
    conn: &DatabaseTransaction,
    scope: Scope,
    doubtful: &[String],
    now: Timestamp,
) -> Result<Vec<InvariantCount>, Failure> {
    let mut counts = Vec::with_capacity(INVARIANTS.len());
    for Invariant { id, rule, sql, since } in INVARIANTS {
        let parameter: Option<Value> = match since {
            Since::Ever => None,
            Since::Minutes(minutes) => Some(now.minus(Duration::from_mins(minutes)).micros().into()),
        };
        let violations = match scope {
            Scope::MovedSince(since) if id == OF_WHOLE_HISTORIES => {
                checkpoints::unequal(conn, since, doubtful).await?
            }
            _ => sql::query_number(conn, &scope.apply(sql), parameter).await?,
        };
        counts.push(InvariantCount { id, rule, violations });
    }
    Ok(counts)
}
