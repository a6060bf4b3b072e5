//! Reading sums over days, for screens that show many of them at once.
//!
//! PostgreSQL plans a statement anew for every execution if what it knows of the values promises a better plan; planning these
//! takes longer than running them. So what it knows much about is in the text.

use domain::figures::{Measure, Scope, Sums};
use domain::{ServiceId, Timestamp, UserId};
use ports::figures::{ByDay, DayFigure, Glance, ServiceFigure};
use sea_orm::{QueryResult, Value};

use super::slices::{Rows, SHOWN, measure, sum};
use crate::error::Failure;

/// The day of figures that are about several.
const OTHER_DAYS: i64 = -1;

/// The parts of a statement that are about everything, whose rows begin with `number`, and about each service, whose rows begin
/// with the next one; and their parameters.
pub(super) fn of_shop(
    number: i64,
    told: ByDay<'_>,
    others: &[Measure],
    lately: Timestamp,
) -> ([String; 2], Vec<Value>) {
    let everything = format!(
        "figures f WHERE f.{SHOWN} AND f.scope = '{}' AND f.measure IN ({})",
        Scope::ShopDay.as_str(),
        words(told.measures.iter().chain(others)),
    );
    let services = format!(
        "SELECT {}, f.service_id, 0, CAST(SUM(f.counted) AS BIGINT), CAST(SUM(f.amount) AS BIGINT),
            0, f.measure, NULL, NULL, NULL
        FROM figures f WHERE f.{SHOWN} AND f.scope = '{}' AND f.measure IN ({}) AND f.at >= $2
        GROUP BY f.service_id, f.measure",
        number + 1,
        Scope::ServiceDay.as_str(),
        words(told.measures.iter()),
    );
    let values = vec![told.since.micros().into(), lately.micros().into()];
    ([by_day(number, told.measures, 1, &everything), services], values)
}

/// The part of a statement that is about a customer, and its parameters.
pub(super) fn of_user(number: i64, user: &UserId, told: ByDay<'_>) -> (String, Vec<Value>) {
    let rows = format!("user_figures f WHERE f.{SHOWN} AND f.user_id = $1");
    let values = vec![user.as_str().into(), told.since.micros().into()];
    (by_day(number, told.measures, 2, &rows), values)
}

/// Days from parameter `since` on by themselves, of the measures that are told by day; everything else in one.
fn by_day(number: i64, told: &[Measure], since: usize, rows: &str) -> String {
    format!(
        "SELECT {number}, 0, 0, CAST(SUM(counted) AS BIGINT), CAST(SUM(amount) AS BIGINT), day, measure, NULL, NULL, NULL
        FROM (
            SELECT f.counted, f.amount, f.measure,
                CASE WHEN f.at >= ${since} AND f.measure IN ({}) THEN f.at ELSE {OTHER_DAYS} END AS day
            FROM {rows}
        ) AS days GROUP BY day, measure",
        words(told.iter()),
    )
}

/// Measures as a list of SQL.
fn words<'a>(measures: impl Iterator<Item = &'a Measure>) -> String {
    let quoted = measures.map(|measure| format!("'{}'", measure.as_str().replace('\'', "''")));
    // A list has to have something in it, and nothing is equal to `NULL`.
    let list = std::iter::once("NULL".to_owned()).chain(quoted);
    list.collect::<Vec<_>>().join(", ")
}

/// What rows of [`of_shop`] and [`of_services`] say, with what is not in them yet.
pub(super) fn glance(
    rows: &Rows,
    news: &Sums,
    told: ByDay<'_>,
    others: &[Measure],
    lately: Timestamp,
) -> Result<Glance, Failure> {
    let mut glance = Glance::default();
    for (of, row) in rows {
        match of {
            0 => glance.days.push(day_figure(row)?),
            _ => glance.services.push(service_figure(row)?),
        }
    }
    for (key, sum) in &news.shop {
        let is_told = told.measures.contains(&key.measure);
        if key.scope == Scope::ShopDay && (is_told || others.contains(&key.measure)) {
            glance.days.push(DayFigure {
                day: (is_told && key.at >= told.since).then_some(key.at),
                measure: key.measure.clone(),
                sum: *sum,
            });
        } else if key.scope == Scope::ServiceDay && is_told && key.at >= lately {
            glance.services.push(ServiceFigure {
                service: key.service,
                measure: key.measure.clone(),
                sum: *sum,
            });
        }
    }
    Ok(glance)
}

/// What rows of [`of_user`] say, with what is not in them yet.
pub(super) fn own(rows: &Rows, news: &Sums, told: ByDay<'_>) -> Result<Vec<DayFigure>, Failure> {
    let days = rows.iter().map(|(_, row)| day_figure(row));
    let news = news.users.iter().map(|(key, sum)| {
        let is_told = key.at >= told.since && told.measures.contains(&key.measure);
        Ok(DayFigure {
            day: is_told.then_some(key.at),
            measure: key.measure.clone(),
            sum: *sum,
        })
    });
    days.chain(news).collect()
}

fn day_figure(row: &QueryResult) -> Result<DayFigure, Failure> {
    let day: i64 = row.try_get_by_index(5)?;
    Ok(DayFigure {
        day: (day != OTHER_DAYS).then_some(Timestamp::from_micros(day)),
        measure: measure(row)?,
        sum: sum(row)?,
    })
}

fn service_figure(row: &QueryResult) -> Result<ServiceFigure, Failure> {
    Ok(ServiceFigure {
        service: ServiceId(row.try_get_by_index(1)?),
        measure: measure(row)?,
        sum: sum(row)?,
    })
}
