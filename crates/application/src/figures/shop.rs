//! Figures at a glance.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::figures::{Calendar, Date, Day, Measure, growth};
use domain::identity::right::AnalyticsRead;
use domain::wallets::TransferKind;
use domain::{Money, PageSize, ServiceId, Timestamp};
use ports::figures::{ByDay, Counts, DayFigure, FigureQueries, Glance, ServiceFigure};
use ports::orders::{OrderFilter, OrderQueries, OrderView};
use ports::{Clock, StoreError};

use super::summary::Summary;
use super::{PLACED, REVENUE};
use crate::caller::{Caller, Staff};

/// How many days are shown one by one.
const DAYS: usize = 30;
const TOP_SERVICES: usize = 5;
const RECENT: u16 = 10;
/// What customers see day by day: orders, what they cost, and what went back.
const OWN_BY_DAY: [Measure; 3] = [
    PLACED,
    Measure::money(TransferKind::Refund),
    Measure::money(TransferKind::Void),
];
/// The ends of orders.
const ENDS: [Measure; 5] = [
    Measure::COMPLETED,
    Measure::PARTIAL,
    Measure::CANCELED,
    Measure::VOIDED,
    Measure::WRITTEN_OFF,
];

/// A day of UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayFigures {
    /// Which.
    pub date: Date,
    /// What happened on it.
    pub summary: Summary,
}

/// A service and what was ordered of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopService {
    /// Which.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// Orders of the last thirty days.
    pub orders: u64,
    /// Revenue of the last thirty days.
    pub revenue: Money,
}

/// The shop at a glance.
#[derive(Debug, Clone)]
pub struct ShopOverview {
    /// Users, services and providers.
    pub counts: Counts,
    /// Of all time.
    pub ever: Summary,
    /// New users of the thirty days against those of the thirty before, in percent.
    pub user_growth: f64,
    /// New orders of the thirty days against those of the thirty before, in percent.
    pub order_growth: f64,
    /// The last thirty days, today included, oldest first.
    pub days: Vec<DayFigures>,
    /// The services that were ordered most.
    pub top: Vec<TopService>,
    /// The newest orders.
    pub recent: Vec<OrderView>,
}

/// Staff see the whole shop at a glance.
pub struct ShopFigures {
    figures: Arc<dyn FigureQueries>,
    orders: Arc<dyn OrderQueries>,
    clock: Arc<dyn Clock>,
}

impl ShopFigures {
    /// Wires the use case.
    #[must_use]
    pub fn new(
        figures: Arc<dyn FigureQueries>,
        orders: Arc<dyn OrderQueries>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            figures,
            orders,
            clock,
        }
    }

    /// The shop of this moment. Days are those of UTC.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn overview(&self, _: &Staff<AnalyticsRead>) -> Result<ShopOverview, StoreError> {
        let (earlier, days) = last_days(self.clock.now());
        let since = days.first().map_or(earlier, |day| day.since);
        let told = ByDay {
            measures: &[PLACED, REVENUE],
            since: earlier,
        };
        let Glance {
            days: figures,
            services,
        } = self.figures.glance(told, &ENDS, since).await?;
        let (ever, by_day) = summed(figures);
        let orders = |is_lately: bool| {
            let days = by_day.iter().filter(|(day, _)| (**day >= since) == is_lately);
            days.map(|(_, summary)| summary.orders()).sum::<u64>()
        };
        let (before, lately) = (orders(false), orders(true));
        let counts = self.figures.counts(earlier, since).await?;
        let newest = PageSize::new(RECENT).unwrap_or(PageSize::DEFAULT);
        Ok(ShopOverview {
            counts,
            ever,
            user_growth: growth(counts.users_lately, counts.users_before),
            order_growth: growth(lately, before),
            days: dated(days, by_day),
            top: self.top(services).await?,
            recent: self.orders.list(&OrderFilter::default(), None, newest).await?,
        })
    }

    async fn top(&self, figures: Vec<ServiceFigure>) -> Result<Vec<TopService>, StoreError> {
        let mut services: BTreeMap<ServiceId, Summary> = BTreeMap::new();
        for figure in figures {
            services
                .entry(figure.service)
                .or_default()
                .add(figure.measure, figure.sum);
        }
        let mut services: Vec<_> = services
            .into_iter()
            .filter(|(_, summary)| summary.orders() > 0)
            .collect();
        services.sort_by_key(|(id, summary)| (std::cmp::Reverse(summary.orders()), *id));
        services.truncate(TOP_SERVICES);
        let ids: Vec<_> = services.iter().map(|(id, _)| *id).collect();
        let names: BTreeMap<_, _> = self
            .figures
            .names(&ids, &[])
            .await?
            .services
            .into_iter()
            .collect();
        let named = |(id, summary): (ServiceId, Summary)| TopService {
            id,
            name: names.get(&id).cloned().unwrap_or_default(),
            orders: summary.orders(),
            revenue: summary.revenue(),
        };
        Ok(services.into_iter().map(named).collect())
    }
}

/// A customer's orders at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOverview {
    /// Of all time.
    pub ever: Summary,
    /// Orders, their prices and what went back of the last thirty days of UTC, today included, oldest first.
    pub days: Vec<DayFigures>,
}

/// Customers see what is their own.
pub struct OwnFigures {
    figures: Arc<dyn FigureQueries>,
    clock: Arc<dyn Clock>,
}

impl OwnFigures {
    /// Wires the use case.
    #[must_use]
    pub fn new(figures: Arc<dyn FigureQueries>, clock: Arc<dyn Clock>) -> Self {
        Self { figures, clock }
    }

    /// The caller's figures of this moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn overview(&self, caller: &Caller) -> Result<OwnOverview, StoreError> {
        let (since, days) = last_days(self.clock.now());
        let since = days.first().map_or(since, |day| day.since);
        let told = ByDay {
            measures: &OWN_BY_DAY,
            since,
        };
        let figures = self.figures.figures_of(&caller.user().id, told).await?;
        let (ever, by_day) = summed(figures);
        let days = dated(days, by_day);
        Ok(OwnOverview { ever, days })
    }
}

/// All days together, and those that are told by themselves.
fn summed(figures: Vec<DayFigure>) -> (Summary, BTreeMap<Timestamp, Summary>) {
    let (mut ever, mut by_day) = (Summary::default(), BTreeMap::<_, Summary>::new());
    for DayFigure { day, measure, sum } in figures {
        if let Some(day) = day {
            by_day.entry(day).or_default().add(measure.clone(), sum);
        }
        ever.add(measure, sum);
    }
    (ever, by_day)
}

fn dated(days: Vec<Day>, mut by_day: BTreeMap<Timestamp, Summary>) -> Vec<DayFigures> {
    let figures = |day: Day| DayFigures {
        date: day.date,
        summary: by_day.remove(&day.since).unwrap_or_default(),
    };
    days.into_iter().map(figures).collect()
}

/// The last thirty days of UTC, and the beginning of the thirty before.
fn last_days(now: Timestamp) -> (Timestamp, Vec<Day>) {
    let calendar = Calendar::utc();
    let today = calendar.date_at(now);
    let days = calendar
        .days(today.days_before(2 * DAYS - 1), today)
        .unwrap_or_default();
    let earlier = days.first().map_or(now, |day| day.since);
    let lately = days.into_iter().skip(DAYS).collect();
    (earlier, lately)
}
