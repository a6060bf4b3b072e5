//! What staff want to know: any days of any time zone, by day, service or provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::figures::{Calendar, CalendarError, Date, Day};
use domain::identity::TimeZone;
use domain::identity::right::AnalyticsRead;
use domain::{ProviderId, ServiceId};
use ports::figures::{Figure, FigureQueries, Period};
use ports::{Clock, StoreError};

use super::slots::slices;
use super::summary::Summary;
use crate::caller::Staff;

/// How many days are looked at unless it is said.
const DAYS: usize = 30;

/// What a row of a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Everything.
    Total,
    /// A day.
    Day,
    /// A service, whoever delivered it.
    Service,
    /// A provider.
    Provider,
}

/// Which days, and what a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportQuery {
    /// The first day; thirty days up to the last unless it is given.
    pub first: Option<Date>,
    /// The last day; today unless it is given.
    pub last: Option<Date>,
    /// Where days begin and end.
    pub time_zone: TimeZone,
    /// What a row is about.
    pub group_by: GroupBy,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// These are no days.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportLine {
    /// Everything.
    Total,
    /// A day.
    Day(Date),
    /// A service by its name.
    Service(ServiceId, String),
    /// A provider by its name.
    Provider(ProviderId, String),
}

/// A row of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// What it is about.
    pub line: ReportLine,
    /// What is known about it.
    pub summary: Summary,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    /// Days in order; services and providers by revenue, the highest first.
    pub rows: Vec<ReportRow>,
}

/// Staff ask for figures.
pub struct Reports {
    figures: Arc<dyn FigureQueries>,
    clock: Arc<dyn Clock>,
}

impl Reports {
    /// Wires the use case.
    #[must_use]
    pub fn new(figures: Arc<dyn FigureQueries>, clock: Arc<dyn Clock>) -> Self {
        Self { figures, clock }
    }

    /// A report of this moment.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn report(&self, _: &Staff<AnalyticsRead>, query: &ReportQuery) -> Result<Report, ReportError> {
        let calendar = Calendar::of(&query.time_zone)?;
        let last = query.last.unwrap_or_else(|| calendar.date_at(self.clock.now()));
        let first = query.first.unwrap_or_else(|| last.days_before(DAYS - 1));
        let days = calendar.days(first, last)?;
        let rows = match query.group_by {
            GroupBy::Day => self.by_day(&days).await?,
            GroupBy::Total => self.total(&days).await?,
            GroupBy::Service => self.by_service(&days).await?,
            GroupBy::Provider => self.by_provider(&days).await?,
        };
        Ok(Report { first, last, rows })
    }

    async fn by_day(&self, days: &[Day]) -> Result<Vec<ReportRow>, StoreError> {
        let periods: Vec<_> = days
            .iter()
            .zip(0..)
            .map(|(day, no)| Period {
                no,
                since: day.since,
                until: day.until,
            })
            .collect();
        let mut sums: BTreeMap<i64, Summary> = BTreeMap::new();
        for figure in self.read(false, &periods).await? {
            sums.entry(figure.period)
                .or_default()
                .add(figure.measure, figure.sum);
        }
        let row = |(day, no): (&Day, i64)| ReportRow {
            line: ReportLine::Day(day.date),
            summary: sums.remove(&no).unwrap_or_default(),
        };
        Ok(days.iter().zip(0..).map(row).collect())
    }

    async fn total(&self, days: &[Day]) -> Result<Vec<ReportRow>, StoreError> {
        let mut summary = Summary::default();
        for figure in self.read(false, &whole(days)).await? {
            summary.add(figure.measure, figure.sum);
        }
        let line = ReportLine::Total;
        Ok(vec![ReportRow { line, summary }])
    }

    async fn by_service(&self, days: &[Day]) -> Result<Vec<ReportRow>, StoreError> {
        let sums = grouped(self.read(true, &whole(days)).await?, |figure| figure.service);
        let ids: Vec<_> = sums.iter().map(|(id, _)| *id).collect();
        let names = self.figures.names(&ids, &[]).await?.services;
        Ok(with_names(sums, names, ReportLine::Service))
    }

    async fn by_provider(&self, days: &[Day]) -> Result<Vec<ReportRow>, StoreError> {
        let sums = grouped(self.read(true, &whole(days)).await?, |figure| figure.provider);
        let ids: Vec<_> = sums.iter().map(|(id, _)| *id).collect();
        let names = self.figures.names(&[], &ids).await?.providers;
        Ok(with_names(sums, names, ReportLine::Provider))
    }

    async fn read(&self, of_services: bool, periods: &[Period]) -> Result<Vec<Figure>, StoreError> {
        let asked: Vec<_> = slices(of_services, &[], periods)
            .into_iter()
            .filter(|slice| !slice.periods.is_empty())
            .collect();
        Ok(self.figures.figures(&asked).await?.concat())
    }
}

fn whole(days: &[Day]) -> Vec<Period> {
    let (first, last) = (days.first(), days.last());
    let period = first.zip(last).map(|(first, last)| Period {
        no: 0,
        since: first.since,
        until: last.until,
    });
    period.into_iter().collect()
}

/// Sums by something, that with the highest revenue first.
fn grouped<T: Copy + Ord>(figures: Vec<Figure>, by: impl Fn(&Figure) -> T) -> Vec<(T, Summary)> {
    let mut sums: BTreeMap<T, Summary> = BTreeMap::new();
    for figure in figures {
        sums.entry(by(&figure))
            .or_default()
            .add(figure.measure, figure.sum);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(id, summary)| (std::cmp::Reverse(summary.revenue()), *id));
    sums
}

fn with_names<T: Copy + Ord>(
    sums: Vec<(T, Summary)>,
    names: Vec<(T, String)>,
    line: impl Fn(T, String) -> ReportLine,
) -> Vec<ReportRow> {
    let names: BTreeMap<_, _> = names.into_iter().collect();
    let row = |(id, summary): (T, Summary)| ReportRow {
        line: line(id, names.get(&id).cloned().unwrap_or_default()),
        summary,
    };
    sums.into_iter().map(row).collect()
}
