//! Figures of this moment.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::figures::Sums;
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use ports::StoreError;
use ports::figures::{Counts, Figure, FigureQueries, Generation, Names, Period, Slice};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use super::facts::{self, Cursor};
use super::{SeaFigures, generations, slices};
use crate::decode::number;
use crate::error::{Failure, store_error};
use crate::settled::{Log, newest};
use crate::sql;

/// Rows of each table that are added while reading. Workers are never so far behind unless none runs, or the figures of
/// an old database are made for the first time.
const NEWS_MAX: i64 = 20_000;
/// Names asked for at once.
const NAMES_MAX: usize = 1_000;

/// A moment: a set of figures, and what it lacks.
struct Moment {
    snapshot: DatabaseTransaction,
    generation: Generation,
    news: Sums,
}

impl SeaFigures {
    /// Everything visible is added that the set lacks. Rows that are committed later under a lower id are not visible
    /// yet, and are not in the set either: the cursor has not passed them.
    async fn moment(&self) -> Result<Moment, Failure> {
        let snapshot = self.database.snapshot().await?;
        let (generation, after) = generations::shown(&snapshot).await?;
        let until = Cursor {
            transfers: newest(&snapshot, Log::Transfers)
                .await?
                .min(after.transfers + NEWS_MAX),
            events: newest(&snapshot, Log::Events).await?.min(after.events + NEWS_MAX),
        };
        let news = if until == after {
            Sums::default()
        } else {
            facts::between(&snapshot, after, until).await?
        };
        Ok(Moment {
            snapshot,
            generation,
            news,
        })
    }
}

#[async_trait]
impl FigureQueries for SeaFigures {
    async fn figures(&self, asked: &[Slice]) -> Result<Vec<Vec<Figure>>, StoreError> {
        let moment = self.moment().await?;
        let mut answers = Vec::with_capacity(asked.len());
        for slice in asked {
            let figures = slices::shop(&moment.snapshot, moment.generation, slice).await?;
            answers.push(slices::with_news(figures, slice, &moment.news));
        }
        moment.snapshot.commit().await.map_err(store_error)?;
        Ok(answers)
    }

    async fn figures_of(&self, user: &UserId, periods: &[Period]) -> Result<Vec<Figure>, StoreError> {
        let moment = self.moment().await?;
        let figures = slices::user(&moment.snapshot, moment.generation, user, periods).await?;
        moment.snapshot.commit().await.map_err(store_error)?;
        Ok(slices::with_own_news(figures, user, periods, &moment.news))
    }

    async fn counts(&self, earlier: Timestamp, later: Timestamp) -> Result<Counts, StoreError> {
        let conn = self.database.read();
        let users = |rest: &str| format!("SELECT COUNT(*) FROM users WHERE removed_at IS NULL {rest}");
        let since = [later.micros().into()];
        let before = [earlier.micros().into(), later.micros().into()];
        let kept = |table: &str| format!("SELECT COUNT(*) FROM {table} WHERE availability <> 'archived'");
        Ok(Counts {
            users: count(conn, &users(""), []).await?,
            users_lately: count(conn, &users("AND created_at >= $1"), since).await?,
            users_before: count(conn, &users("AND created_at >= $1 AND created_at < $2"), before).await?,
            services: count(conn, &kept("services"), []).await?,
            providers: count(conn, &kept("providers"), []).await?,
        })
    }

    async fn names(&self, services: &[ServiceId], providers: &[ProviderId]) -> Result<Names, StoreError> {
        let conn = self.database.read();
        let services = names(conn, "services", services.iter().map(|id| id.0)).await?;
        let providers = names(conn, "providers", providers.iter().map(|id| id.0)).await?;
        Ok(Names {
            services: services
                .into_iter()
                .map(|(id, name)| (ServiceId(id), name))
                .collect(),
            providers: providers
                .into_iter()
                .map(|(id, name)| (ProviderId(id), name))
                .collect(),
        })
    }
}

async fn count(
    conn: &impl ConnectionTrait,
    statement: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, Failure> {
    let count = sql::query_number(conn, statement, values).await?;
    Ok(number("count", count)?)
}

async fn names(
    conn: &impl ConnectionTrait,
    table: &str,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>, Failure> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let mut names = HashMap::new();
    for ids in ids.chunks(NAMES_MAX) {
        let numbers = (1..=ids.len()).map(|number| format!("${number}"));
        let statement = format!(
            "SELECT id, name FROM {table} WHERE id IN ({})",
            numbers.collect::<Vec<_>>().join(", ")
        );
        for row in sql::query_all(conn, &statement, ids.iter().map(|id| (*id).into())).await? {
            names.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
    }
    Ok(names)
}
