//! The proof of the books.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::ledger::{InvariantCount, LedgerProof};
use ports::{Clock, StoreError};
use sea_orm::{DatabaseTransaction, Value};

use crate::database::Database;
use crate::error::Failure;
use crate::sql;

mod invariants;
mod watermark;

use invariants::{INVARIANTS, Invariant, Scope, Since};
use watermark::Watermark;

/// How often a watch looks at everything.
const EVERYTHING_EVERY: Duration = Duration::from_hours(6);
/// Tells of the present only, and nothing is wrong with the books: no reason to look at the same rows again.
const OF_THE_MOMENT: [&str; 2] = ["V12", "V13"];

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
        let counts = count_all(&snapshot, Scope::Everything, self.clock.now()).await?;
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
        let counts = count_all(&snapshot, scope, now).await?;
        let newest = watermark::newest_transfer(&*snapshot).await?;
        snapshot.commit().await?;
        let sound = counts
            .iter()
            .all(|count| count.violations == 0 || OF_THE_MOMENT.contains(&count.id));
        if sound {
            let next = Watermark::after(watermark, scope, newest, now);
            next.write(&self.database, now).await?;
        }
        Ok(counts)
    }
}

async fn count_all(
    conn: &DatabaseTransaction,
    scope: Scope,
    now: Timestamp,
) -> Result<Vec<InvariantCount>, Failure> {
    sql::take_time(conn).await?;
    let mut counts = Vec::with_capacity(INVARIANTS.len());
    for Invariant { id, rule, sql, since } in INVARIANTS {
        let parameter: Option<Value> = match since {
            Since::Ever => None,
            Since::Minutes(minutes) => Some(now.minus(Duration::from_mins(minutes)).micros().into()),
        };
        let violations = sql::query_number(conn, &scope.apply(sql), parameter).await?;
        counts.push(InvariantCount { id, rule, violations });
    }
    Ok(counts)
}
