//! Reading sums over slots.

use std::collections::BTreeMap;

use domain::figures::{Measure, Sum, Sums};
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use ports::figures::{Figure, OwnFigure, Period, Slice};
use sea_orm::{DbBackend, QueryResult, Value};

use crate::error::Failure;
use crate::sql::{given, given_values};

/// The set of figures that is looked at, in a statement that names it `moment`.
const SHOWN: &str = "generation = (SELECT generation FROM moment)";

/// The part of a statement that is about a slice, whose rows begin with `number`. Adds its parameters.
pub(super) fn of_shop(backend: DbBackend, number: i64, slice: &Slice, values: &mut Vec<Value>) -> String {
    let scope = values.len() + 1;
    values.push(slice.scope.as_str().into());
    let measures = match slice.measures.is_empty() {
        true => String::new(),
        false => format!("AND f.measure IN ({})", parameters(scope + 1, &slice.measures)),
    };
    let first = scope + 1 + slice.measures.len();
    values.extend(slice.measures.iter().map(|measure| Value::from(measure.as_str())));
    let periods = slice.periods.iter();
    values.extend(given_values(
        backend,
        periods.map(|period| [period.no, period.since.micros(), period.until.micros()]),
    ));
    format!(
        "SELECT {number}, f.service_id, f.provider_id, CAST(SUM(f.counted) AS BIGINT), CAST(SUM(f.amount) AS BIGINT),
            given.no, f.measure, NULL, NULL, NULL
        FROM {} JOIN figures f ON f.at >= given.since AND f.at < given.until
        WHERE f.{SHOWN} AND f.scope = ${scope} {measures}
        GROUP BY given.no, f.measure, f.service_id, f.provider_id",
        given(backend, first, &["no", "since", "until"]),
    )
}

/// Days that are not told one by one.
const OTHER_DAYS: i64 = -1;

/// The part of a statement that is about a customer, and its parameters.
pub(super) fn of_user(
    number: i64,
    user: &UserId,
    by_day: &[Measure],
    since: Timestamp,
) -> (String, Vec<Value>) {
    let measures = match by_day.is_empty() {
        true => "NULL".to_owned(),
        false => parameters(3, by_day),
    };
    let statement = format!(
        "SELECT {number}, 0, 0, CAST(SUM(counted) AS BIGINT), CAST(SUM(amount) AS BIGINT),
            day, measure, NULL, NULL, NULL
        FROM (
            SELECT counted, amount, measure,
                CASE WHEN at >= $2 AND measure IN ({measures}) THEN at ELSE {OTHER_DAYS} END AS day
            FROM user_figures WHERE {SHOWN} AND user_id = $1
        ) AS days GROUP BY day, measure"
    );
    let mut values = vec![user.as_str().into(), since.micros().into()];
    values.extend(by_day.iter().map(|measure| Value::from(measure.as_str())));
    (statement, values)
}

fn parameters(first: usize, measures: &[Measure]) -> String {
    let numbers = (first..).take(measures.len());
    let numbers = numbers.map(|number| format!("${number}"));
    numbers.collect::<Vec<_>>().join(", ")
}

fn sum(row: &QueryResult) -> Result<Sum, Failure> {
    Ok(Sum {
        count: row.try_get_by_index(3)?,
        amount: row.try_get_by_index(4)?,
    })
}

fn measure(row: &QueryResult) -> Result<Measure, Failure> {
    Ok(Measure::from_stored(row.try_get_by_index::<String>(6)?))
}

pub(super) fn own_figure(row: &QueryResult) -> Result<OwnFigure, Failure> {
    let day: i64 = row.try_get_by_index(5)?;
    Ok(OwnFigure {
        day: (day != OTHER_DAYS).then_some(Timestamp::from_micros(day)),
        measure: measure(row)?,
        sum: sum(row)?,
    })
}

/// What was not added up yet of the customer whom `news` are about.
pub(super) fn own_news(news: &Sums, by_day: &[Measure], since: Timestamp) -> impl Iterator<Item = OwnFigure> {
    news.users.iter().map(move |(key, sum)| OwnFigure {
        day: (key.at >= since && by_day.contains(&key.measure)).then_some(key.at),
        measure: key.measure.clone(),
        sum: *sum,
    })
}

/// One figure of each kind for each slice: what was added up, in rows that say of which slice, and what was not yet.
pub(super) fn with_news(
    asked: &[Slice],
    rows: &[(usize, QueryResult)],
    news: &Sums,
) -> Result<Vec<Vec<Figure>>, Failure> {
    let mut slices: Vec<_> = asked.iter().map(|slice| of_news(slice, news)).collect();
    for (slice, row) in rows {
        if let Some(sums) = slices.get_mut(*slice) {
            let kind = Kind {
                period: row.try_get_by_index(5)?,
                measure: measure(row)?,
                service: ServiceId(row.try_get_by_index(1)?),
                provider: ProviderId(row.try_get_by_index(2)?),
            };
            let old = sums.entry(kind).or_default();
            *old = old.plus(sum(row)?);
        }
    }
    Ok(slices.into_iter().map(figures).collect())
}

/// What a figure of a slice is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    period: i64,
    measure: Measure,
    service: ServiceId,
    provider: ProviderId,
}

fn of_news(slice: &Slice, news: &Sums) -> BTreeMap<Kind, Sum> {
    let mut sums: BTreeMap<Kind, Sum> = BTreeMap::new();
    let is_asked = |measure| slice.measures.is_empty() || slice.measures.contains(measure);
    let news = news.shop.iter();
    for (key, sum) in news.filter(|(key, _)| key.scope == slice.scope && is_asked(&key.measure)) {
        let holds = |period: &&Period| period.holds(key.at);
        for period in slice.periods.iter().filter(holds) {
            let kind = Kind {
                period: period.no,
                measure: key.measure.clone(),
                service: key.service,
                provider: key.provider,
            };
            let old = sums.entry(kind).or_default();
            *old = old.plus(*sum);
        }
    }
    sums
}

fn figures(sums: BTreeMap<Kind, Sum>) -> Vec<Figure> {
    let figure = |(kind, sum): (Kind, Sum)| Figure {
        period: kind.period,
        measure: kind.measure,
        service: kind.service,
        provider: kind.provider,
        sum,
    };
    sums.into_iter().map(figure).collect()
}
