//! Figures of this moment.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::figures::{Measure, Sums};
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use ports::StoreError;
use ports::figures::{ByDay, Counts, DayFigure, Figure, FigureQueries, Glance, Names, Slice};
use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::facts::{self, Range, Whose};
use super::{SeaFigures, days, slices};
use crate::decode::{number, unreadable};
use crate::error::Failure;
use crate::sql;

/// Rows of each table that are added while reading. Workers are never so far behind unless none runs, or the figures of
/// an old database are made for the first time.
const NEWS_MAX: i64 = 20_000;
/// Names asked for at once.
const NAMES_MAX: usize = 1_000;

const COUNTS: &str = "
SELECT COUNT(*), COUNT(*) FILTER (WHERE created_at >= $1), COUNT(*) FILTER (WHERE created_at >= $2 AND created_at < $1),
    (SELECT COUNT(*) FROM services JOIN providers ON providers.id = services.provider_id
        WHERE services.availability <> 'archived' AND providers.availability <> 'archived'),
    (SELECT COUNT(*) FROM providers WHERE availability <> 'archived')
FROM users WHERE removed_at IS NULL";

/// What the rows of [`statement`] are, as the number in their first column; see [`facts::TRANSFERS`]. Those of figures that
/// were added up have [`FIGURES`], or what is asked for above that.
const MOMENT: i64 = 0;
const FIGURES: i64 = 3;

/// One statement, so that everything is of one moment: the set that is shown; every row that the set lacks and that is
/// visible; and `figures` of the set, which are SQL. Rows that are committed later under a lower id are not visible yet, and
/// are not in the set either: the cursor has not passed them.
fn statement(backend: DbBackend, whose: Whose, figures: impl Iterator<Item = String>) -> String {
    let until = |cursor: &str| format!("(SELECT {cursor} + {NEWS_MAX} FROM moment)");
    let range = Range {
        transfers: ["(SELECT transfers FROM moment)", &until("transfers")],
        events: ["(SELECT events FROM moment)", &until("events")],
    };
    let figures: String = figures.map(|part| format!("\nUNION ALL {part}")).collect();
    format!(
        "WITH moment AS (SELECT generation, transfers, events FROM figure_cursors WHERE is_shown)
        {}
        UNION ALL SELECT {MOMENT}, generation, transfers, events, 0, 0, '', NULL, NULL, NULL FROM moment{figures}",
        facts::rows(backend, &range, whose),
    )
}

/// What [`statement`] finds.
struct Found {
    /// What is not in the set yet.
    news: Sums,
    /// Of the set, each with what was asked for.
    figures: slices::Rows,
}

async fn find(conn: &impl ConnectionTrait, statement: &str, values: Vec<Value>) -> Result<Found, Failure> {
    let mut found = Found {
        news: Sums::default(),
        figures: Vec::new(),
    };
    let mut is_shown = false;
    for row in sql::query_all(conn, statement, values).await? {
        match row.try_get_by_index::<i64>(0)? {
            MOMENT => is_shown = true,
            what @ (facts::TRANSFERS | facts::EVENTS) => facts::add(&mut found.news, what, &row)?,
            figure => found.figures.push((number("slice", figure - FIGURES)?, row)),
        }
    }
    if !is_shown {
        return Err(unreadable("figure_cursors", "no set of figures is shown").into());
    }
    Ok(found)
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
        let conn = self.database.read();
        let backend = conn.get_database_backend();
        let mut values = Vec::new();
        let parts = (FIGURES..)
            .zip(asked)
            .map(|(number, slice)| slices::of_shop(backend, number, slice, &mut values));
        let statement = statement(backend, Whose::All, parts);
        let found = find(conn, &statement, values).await?;
        Ok(slices::with_news(asked, &found.figures, &found.news)?)
    }

    async fn glance(
        &self,
        told: ByDay<'_>,
        others: &[Measure],
        lately: Timestamp,
    ) -> Result<Glance, StoreError> {
        let conn = self.database.read();
        let backend = conn.get_database_backend();
        let (parts, values) = days::of_shop(FIGURES, told, others, lately);
        let statement = statement(backend, Whose::All, parts.into_iter());
        let found = find(conn, &statement, values).await?;
        Ok(days::glance(&found.figures, &found.news, told, others, lately)?)
    }

    async fn figures_of(&self, user: &UserId, told: ByDay<'_>) -> Result<Vec<DayFigure>, StoreError> {
        let conn = self.database.read();
        let backend = conn.get_database_backend();
        let (part, values) = days::of_user(FIGURES, user, told);
        let statement = statement(backend, Whose::First, [part].into_iter());
        let found = find(conn, &statement, values).await?;
        Ok(days::own(&found.figures, &found.news, told)?)
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
