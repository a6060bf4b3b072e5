//! Reading sums over slots.

use std::collections::BTreeMap;

use domain::figures::{Measure, Sum, Sums};
use domain::{ProviderId, ServiceId};
use ports::figures::{Figure, Period, Slice};
use sea_orm::{DbBackend, QueryResult, Value};

use crate::error::Failure;
use crate::sql::{given, given_values};

/// The set of figures that is looked at, in a statement that names it `moment`.
pub(super) const SHOWN: &str = "generation = (SELECT generation FROM moment)";

/// Rows of figures, each with the number of what they were asked for.
pub(super) type Rows = Vec<(usize, QueryResult)>;

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

fn parameters(first: usize, measures: &[Measure]) -> String {
    let numbers = (first..).take(measures.len());
    let numbers = numbers.map(|number| format!("${number}"));
    numbers.collect::<Vec<_>>().join(", ")
}

pub(super) fn sum(row: &QueryResult) -> Result<Sum, Failure> {
    Ok(Sum {
        count: row.try_get_by_index(3)?,
        amount: row.try_get_by_index(4)?,
    })
}

pub(super) fn measure(row: &QueryResult) -> Result<Measure, Failure> {
    Ok(Measure::from_stored(row.try_get_by_index::<String>(6)?))
}

/// One figure of each kind for each slice: what was added up, in rows that say of which slice, and what was not yet.
pub(super) fn with_news(asked: &[Slice], rows: &Rows, news: &Sums) -> Result<Vec<Vec<Figure>>, Failure> {
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
