//! Figures of this moment.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::figures::Sums;
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use ports::StoreError;
use ports::figures::{Counts, Figure, FigureQueries, Generation, Names, Period, Slice};
use sea_orm::ConnectionTrait;

use super::facts::{self, Cursor};
use super::{SeaFigures, slices};
use crate::connections::Transaction;
use crate::decode::{number, unreadable};
use crate::error::Failure;
use crate::sql;

/// Rows of each table that are added while reading. Workers are never so far behind unless none runs, or the figures of
/// an old database are made for the first time.
const NEWS_MAX: i64 = 20_000;
/// Names asked for at once.
const NAMES_MAX: usize = 1_000;

/// The set that is shown, how far it is, and how far it could be.
const MOMENT: &str = "
SELECT generation, transfers, events, (SELECT COALESCE(MAX(id), 0) FROM transfers),
    (SELECT COALESCE(MAX(id), 0) FROM order_events)
FROM figure_cursors WHERE is_shown";
const COUNTS: &str = "
SELECT (SELECT COUNT(*) FROM users WHERE removed_at IS NULL),
    (SELECT COUNT(*) FROM users WHERE removed_at IS NULL AND created_at >= $1),
    (SELECT COUNT(*) FROM users WHERE removed_at IS NULL AND created_at >= $2 AND created_at < $1),
    (SELECT COUNT(*) FROM services WHERE availability <> 'archived'),
    (SELECT COUNT(*) FROM providers WHERE availability <> 'archived')";

/// A moment: a set of figures, and what it lacks.
struct Moment {
    snapshot: Transaction,
    generation: Generation,
    news: Sums,
}

impl SeaFigures {
    /// Everything visible is added that the set lacks. Rows that are committed later under a lower id are not visible
    /// yet, and are not in the set either: the cursor has not passed them. For one customer, what they lack alone.
    async fn moment(&self, of: Option<&UserId>) -> Result<Moment, Failure> {
        let snapshot = self.database.snapshot().await?;
        let row = sql::query_one(&*snapshot, MOMENT, []).await?;
        let row = row.ok_or_else(|| unreadable("figure_cursors", "no set of figures is shown"))?;
        let column = |index| row.try_get_by_index::<i64>(index);
        let after = Cursor {
            transfers: column(1)?,
            events: column(2)?,
        };
        let until = Cursor {
            transfers: column(3)?.min(after.transfers + NEWS_MAX),
            events: column(4)?.min(after.events + NEWS_MAX),
        };
        let generation = Generation(column(0)?);
        let news = facts::between(&*snapshot, after, until, of).await?;
        Ok(Moment {
            snapshot,
            generation,
            news,
        })
    }
}

impl SeaFigures {
    async fn counted(&self, earlier: Timestamp, later: Timestamp) -> Result<Counts, Failure> {
        let since = [later.micros().into(), earlier.micros().into()];
        let row = sql::query_one(self.database.read(), COUNTS, since).await?;
        let row = row.ok_or_else(|| unreadable("counts", "nothing"))?;
        let column =
            |index| -> Result<u64, Failure> { Ok(number("counts", row.try_get_by_index::<i64>(index)?)?) };
        Ok(Counts {
            users: column(0)?,
            users_lately: column(1)?,
            users_before: column(2)?,
            services: column(3)?,
            providers: column(4)?,
        })
    }
}

#[async_trait]
impl FigureQueries for SeaFigures {
    async fn figures(&self, asked: &[Slice]) -> Result<Vec<Vec<Figure>>, StoreError> {
        let moment = self.moment(None).await?;
        let figures = slices::shop(&*moment.snapshot, moment.generation, asked).await?;
        moment.snapshot.commit().await?;
        let answers = asked.iter().zip(figures);
        let answers = answers.map(|(slice, figures)| slices::with_news(figures, slice, &moment.news));
        Ok(answers.collect())
    }

    async fn figures_of(&self, user: &UserId, periods: &[Period]) -> Result<Vec<Figure>, StoreError> {
        let moment = self.moment(Some(user)).await?;
        let figures = slices::user(&*moment.snapshot, moment.generation, user, periods).await?;
        moment.snapshot.commit().await?;
        Ok(slices::with_own_news(figures, user, periods, &moment.news))
    }

    async fn counts(&self, earlier: Timestamp, later: Timestamp) -> Result<Counts, StoreError> {
        Ok(self.counted(earlier, later).await?)
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
