//! Reading sums over slots.

use std::collections::BTreeMap;

use domain::figures::{Measure, Sum, Sums};
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use ports::figures::{Figure, Generation, Period, Slice};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::decode::number;
use crate::error::Failure;
use crate::sql::{self, given, given_values};

/// What was added up of some slices, in one statement.
pub(super) async fn shop(
    conn: &impl ConnectionTrait,
    generation: Generation,
    asked: &[Slice],
) -> Result<Vec<Vec<Figure>>, Failure> {
    let mut figures: Vec<_> = asked.iter().map(|_| Vec::new()).collect();
    if asked.is_empty() {
        return Ok(figures);
    }
    let mut values: Vec<Value> = vec![generation.0.into()];
    let parts = asked
        .iter()
        .zip(0..)
        .map(|(slice, number)| part(conn, number, slice, &mut values));
    let statement = parts.collect::<Vec<_>>().join("\nUNION ALL\n");
    for row in &sql::query_all(conn, &statement, values).await? {
        let slice: i64 = row.try_get_by_index(SLICE)?;
        if let Some(figures) = figures.get_mut(number::<_, usize>("slice", slice)?) {
            figures.push(figure(row)?);
        }
    }
    Ok(figures)
}

/// The column that says which slice a figure belongs to.
const SLICE: usize = 6;

/// The part of the statement that is about a slice. Adds its parameters; the first is the generation for all of them.
fn part(conn: &impl ConnectionTrait, number: i64, slice: &Slice, values: &mut Vec<Value>) -> String {
    let scope = values.len() + 1;
    values.push(slice.scope.as_str().into());
    let first = scope + 1 + slice.measures.len();
    let measures = (scope + 1..first)
        .map(|number| format!("${number}"))
        .collect::<Vec<_>>()
        .join(", ");
    let measures = match slice.measures.is_empty() {
        true => String::new(),
        false => format!("AND f.measure IN ({measures})"),
    };
    values.extend(slice.measures.iter().map(|measure| Value::from(measure.as_str())));
    values.extend(periods(conn, &slice.periods));
    format!(
        "SELECT given.no, f.measure, f.service_id, f.provider_id,
            CAST(SUM(f.counted) AS BIGINT), CAST(SUM(f.amount) AS BIGINT), CAST({number} AS BIGINT)
        FROM {} JOIN figures f ON f.at >= given.since AND f.at < given.until
        WHERE f.generation = $1 AND f.scope = ${scope} {measures}
        GROUP BY given.no, f.measure, f.service_id, f.provider_id",
        given(conn.get_database_backend(), first, &["no", "since", "until"]),
    )
}

/// What was added up of a customer.
pub(super) async fn user(
    conn: &impl ConnectionTrait,
    generation: Generation,
    user: &UserId,
    asked: &[Period],
) -> Result<Vec<Figure>, Failure> {
    let statement = format!(
        "SELECT given.no, f.measure, CAST(0 AS BIGINT), CAST(0 AS BIGINT),
            CAST(SUM(f.counted) AS BIGINT), CAST(SUM(f.amount) AS BIGINT)
        FROM {} JOIN user_figures f ON f.at >= given.since AND f.at < given.until
        WHERE f.generation = $1 AND f.user_id = $2 GROUP BY given.no, f.measure",
        given(conn.get_database_backend(), 3, &["no", "since", "until"]),
    );
    let mut values: Vec<Value> = vec![generation.0.into(), user.as_str().into()];
    values.extend(periods(conn, asked));
    let rows = sql::query_all(conn, &statement, values).await?;
    rows.iter().map(figure).collect()
}

fn periods(conn: &impl ConnectionTrait, periods: &[Period]) -> Vec<Value> {
    let rows = periods
        .iter()
        .map(|period| [period.no, period.since.micros(), period.until.micros()]);
    given_values(conn.get_database_backend(), rows)
}

fn figure(row: &QueryResult) -> Result<Figure, Failure> {
    Ok(Figure {
        period: row.try_get_by_index(0)?,
        measure: Measure::from_stored(row.try_get_by_index::<String>(1)?),
        service: ServiceId(row.try_get_by_index(2)?),
        provider: ProviderId(row.try_get_by_index(3)?),
        sum: Sum {
            count: row.try_get_by_index(4)?,
            amount: row.try_get_by_index(5)?,
        },
    })
}

/// Adds to figures of a slice what was not added up yet.
pub(super) fn with_news(figures: Vec<Figure>, slice: &Slice, news: &Sums) -> Vec<Figure> {
    let is_asked = |measure| slice.measures.is_empty() || slice.measures.contains(measure);
    let news = news
        .shop
        .iter()
        .filter(|(key, _)| key.scope == slice.scope && is_asked(&key.measure));
    let news = news.flat_map(|(key, sum)| {
        periods_of(&slice.periods, key.at).map(|period| Figure {
            period,
            measure: key.measure.clone(),
            service: key.service,
            provider: key.provider,
            sum: *sum,
        })
    });
    merged(figures.into_iter().chain(news))
}

/// The same for figures of a customer.
pub(super) fn with_own_news(
    figures: Vec<Figure>,
    user: &UserId,
    periods: &[Period],
    news: &Sums,
) -> Vec<Figure> {
    let news = news.users.iter().filter(|(key, _)| key.user == *user);
    let news = news.flat_map(|(key, sum)| {
        periods_of(periods, key.at).map(|period| Figure {
            period,
            measure: key.measure.clone(),
            service: ServiceId(0),
            provider: ProviderId(0),
            sum: *sum,
        })
    });
    merged(figures.into_iter().chain(news))
}

fn periods_of(periods: &[Period], at: Timestamp) -> impl Iterator<Item = i64> {
    periods
        .iter()
        .filter(move |period| period.holds(at))
        .map(|period| period.no)
}

/// One figure of each kind.
fn merged(figures: impl Iterator<Item = Figure>) -> Vec<Figure> {
    let mut sums: BTreeMap<_, Sum> = BTreeMap::new();
    for figure in figures {
        let key = (figure.period, figure.measure, figure.service, figure.provider);
        let sum = sums.entry(key).or_default();
        *sum = sum.plus(figure.sum);
    }
    let figure = |((period, measure, service, provider), sum)| Figure {
        period,
        measure,
        service,
        provider,
        sum,
    };
    sums.into_iter().map(figure).collect()
}
