//! Adding up, each row once.

use std::sync::Arc;

use async_trait::async_trait;
use domain::figures::{Key, Sum, Sums, UserKey};
use ports::figures::{FigureKeeper, Generation, Progress};
use ports::{Clock, StoreError};
use sea_orm::{ConnectionTrait, Value};

use super::facts::{self, Cursor};
use super::generations;
use crate::database::Database;
use crate::decode::number;
use crate::error::Failure;
use crate::settled::{Log, newest, settled};
use crate::sql::{self, value_rows};

/// Rows of each table that are added up in one transaction.
const BATCH: u32 = 5_000;
/// Figures written by one statement.
const WRITTEN_AT_ONCE: usize = 400;

/// Keeps the figures of a [`Database`].
pub struct SeaFigures {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
}

impl SeaFigures {
    /// The figures of `database`.
    #[must_use]
    pub fn new(database: &Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database: database.clone(),
            clock,
        }
    }

    async fn gather_next(&self, generation: Generation) -> Result<Progress, Failure> {
        let conn = self.database.read();
        let Some(after) = generations::cursor(conn, generation).await? else {
            return Ok(Progress { passed: 0, left: 0 });
        };
        let until = Cursor {
            transfers: settled(&self.database, Log::Transfers, after.transfers, BATCH).await?,
            events: settled(&self.database, Log::Events, after.events, BATCH).await?,
        };
        let passed = until.transfers - after.transfers + until.events - after.events;
        let there = newest(conn, Log::Transfers).await? + newest(conn, Log::Events).await?;
        // Whoever finds that somebody else has moved on has added nothing, and there may be more than the other one saw.
        let (passed, reached) = if passed == 0 || self.add(generation, after, until).await? {
            (passed, until)
        } else {
            (0, after)
        };
        let left = (there - reached.transfers - reached.events).max(0);
        Ok(Progress {
            passed: number("rows", passed)?,
            left: number("rows", left)?,
        })
    }

    /// Adds what is between two cursors, unless somebody else has moved on from the first. Moving the cursor is the first
    /// statement: who comes second waits for it, and then finds it moved.
    async fn add(&self, generation: Generation, after: Cursor, until: Cursor) -> Result<bool, Failure> {
        let mut writer = self.database.begin().await?;
        let conn = writer.step()?;
        let now = self.clock.now();
        if !generations::advance(conn, generation, after, until, now).await? {
            return Ok(false);
        }
        let sums = facts::between(conn, after, until).await?;
        write(conn, generation, &sums).await?;
        writer.commit(None).await?;
        Ok(true)
    }
}

pub(super) async fn write(
    conn: &impl ConnectionTrait,
    generation: Generation,
    sums: &Sums,
) -> Result<(), Failure> {
    let shop: Vec<_> = sums.shop.iter().collect();
    for rows in shop.chunks(WRITTEN_AT_ONCE) {
        let statement = format!(
            "INSERT INTO figures (generation, scope, measure, at, service_id, provider_id, counted, amount) VALUES {}
            ON CONFLICT (generation, scope, measure, at, service_id, provider_id) DO UPDATE
            SET counted = figures.counted + excluded.counted, amount = figures.amount + excluded.amount",
            value_rows(1, 8, rows.len())
        );
        let values = rows
            .iter()
            .flat_map(|(key, sum)| shop_row(generation, key, **sum));
        sql::execute(conn, &statement, values).await?;
    }
    let users: Vec<_> = sums.users.iter().collect();
    for rows in users.chunks(WRITTEN_AT_ONCE) {
        let statement = format!(
            "INSERT INTO user_figures (generation, user_id, measure, at, counted, amount) VALUES {}
            ON CONFLICT (generation, user_id, measure, at) DO UPDATE
            SET counted = user_figures.counted + excluded.counted, amount = user_figures.amount + excluded.amount",
            value_rows(1, 6, rows.len())
        );
        let values = rows
            .iter()
            .flat_map(|(key, sum)| user_row(generation, key, **sum));
        sql::execute(conn, &statement, values).await?;
    }
    Ok(())
}

fn shop_row(generation: Generation, key: &Key, sum: Sum) -> [Value; 8] {
    [
        generation.0.into(),
        key.scope.as_str().into(),
        key.measure.as_str().into(),
        key.at.micros().into(),
        key.service.0.into(),
        key.provider.0.into(),
        sum.count.into(),
        sum.amount.into(),
    ]
}

fn user_row(generation: Generation, key: &UserKey, sum: Sum) -> [Value; 6] {
    [
        generation.0.into(),
        key.user.as_str().into(),
        key.measure.as_str().into(),
        key.at.micros().into(),
        sum.count.into(),
        sum.amount.into(),
    ]
}

#[async_trait]
impl FigureKeeper for SeaFigures {
    async fn shown(&self) -> Result<Generation, StoreError> {
        Ok(generations::shown(self.database.read()).await?.0)
    }

    async fn gather(&self, generation: Generation) -> Result<Progress, StoreError> {
        match self.gather_next(generation).await.map_err(StoreError::from) {
            // Somebody else adds at this moment, and how much is left then nobody knows.
            Err(StoreError::Contended) => Ok(Progress { passed: 0, left: 1 }),
            gathered => gathered,
        }
    }

    async fn begin(&self) -> Result<Generation, StoreError> {
        Ok(generations::begin(&self.database, self.clock.now()).await?)
    }

    async fn compare(&self, generation: Generation) -> Result<Option<u64>, StoreError> {
        Ok(generations::compare(&self.database, generation, self.clock.now()).await?)
    }

    async fn show(&self, generation: Generation) -> Result<bool, StoreError> {
        Ok(generations::show(&self.database, generation, self.clock.now()).await?)
    }

    async fn forget(&self, generation: Option<Generation>) -> Result<(), StoreError> {
        Ok(generations::forget(&self.database, generation, self.clock.now()).await?)
    }
}
