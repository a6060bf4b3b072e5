//! Reading sums over days, for screens that show many of them at once.
//!
//! PostgreSQL plans a statement anew for every execution if what it knows of the values promises a better plan; planning these
//! takes longer than running them. So what it could know is in the text, or comes as a list that it does not look into.

use domain::figures::{Measure, Scope, Sums};
use domain::{ServiceId, Timestamp, UserId};
use ports::figures::{ByDay, DayFigure, Glance, ServiceFigure};
use sea_orm::{DbBackend, QueryResult, Value};

use super::slices::{Rows, SHOWN, measure, sum};
use crate::error::Failure;
use crate::sql::{given_texts, texts};

/// The day of figures that are about several.
const OTHER_DAYS: i64 = -1;

/// The part of a statement that is about everything, whose rows begin with `number`; see [`shop_values`].
pub(super) fn of_shop(backend: DbBackend, number: i64) -> String {
    let asked = given_texts(backend, 2);
    let rows = format!(
        "figures f WHERE f.{SHOWN} AND f.scope = '{}' AND f.measure IN (SELECT key FROM {asked})",
        Scope::ShopDay.as_str()
    );
    by_day(backend, number, &rows, 1, 3)
}

/// The part of a statement that is about each service; see [`shop_values`].
pub(super) fn of_services(backend: DbBackend, number: i64) -> String {
    format!(
        "SELECT {number}, f.service_id, 0, CAST(SUM(f.counted) AS BIGINT), CAST(SUM(f.amount) AS BIGINT),
            0, f.measure, NULL, NULL, NULL
        FROM figures f WHERE f.{SHOWN} AND f.scope = '{}' AND f.measure IN (SELECT key FROM {}) AND f.at >= $4
        GROUP BY f.service_id, f.measure",
        Scope::ServiceDay.as_str(),
        given_texts(backend, 1),
    )
}

/// Parameters of both: what is told day by day, all that is asked for, and since when each.
pub(super) fn shop_values(told: ByDay<'_>, others: &[Measure], lately: Timestamp) -> Vec<Value> {
    let by_day = told.measures.iter().map(Measure::as_str);
    let all = by_day.clone().chain(others.iter().map(Measure::as_str));
    vec![
        texts(by_day),
        texts(all),
        told.since.micros().into(),
        lately.micros().into(),
    ]
}

/// The part of a statement that is about a customer; see [`user_values`].
pub(super) fn of_user(backend: DbBackend, number: i64) -> String {
    let rows = format!("user_figures f WHERE f.{SHOWN} AND f.user_id = $1");
    by_day(backend, number, &rows, 2, 3)
}

/// Parameters: the customer, what is told day by day, and since when.
pub(super) fn user_values(user: &UserId, told: ByDay<'_>) -> Vec<Value> {
    let by_day = told.measures.iter().map(Measure::as_str);
    vec![user.as_str().into(), texts(by_day), told.since.micros().into()]
}

/// Days from parameter `since` on by themselves, of the measures in parameter `told`; everything else in one.
fn by_day(backend: DbBackend, number: i64, rows: &str, told: usize, since: usize) -> String {
    let told = given_texts(backend, told);
    format!(
        "SELECT {number}, 0, 0, CAST(SUM(counted) AS BIGINT), CAST(SUM(amount) AS BIGINT), day, measure, NULL, NULL, NULL
        FROM (
            SELECT f.counted, f.amount, f.measure, CASE
                WHEN f.at >= ${since} AND f.measure IN (SELECT key FROM {told}) THEN f.at ELSE {OTHER_DAYS} END AS day
            FROM {rows}
        ) AS days GROUP BY day, measure"
    )
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
