//! Figures: kept by workers, read for screens.

use async_trait::async_trait;
use domain::figures::{Measure, Scope, Sum};
use domain::{ProviderId, ServiceId, Timestamp, UserId};

use crate::store::StoreError;

/// Some time that is asked about: from its beginning to before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// What the asker calls it.
    pub no: i64,
    /// Its beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl Period {
    /// Whether `at` is in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }
}

/// Which figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Whether services are told apart, and how fine the slots are. Periods are made of whole slots.
    pub scope: Scope,
    /// What is counted; everything if it is empty.
    pub measures: Vec<Measure>,
    /// When.
    pub periods: Vec<Period>,
}

/// One figure of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The period's [`Period::no`].
    pub period: i64,
    /// What is counted.
    pub measure: Measure,
    /// The service; zero if it is about all.
    pub service: ServiceId,
    /// The provider; zero if it is about all.
    pub provider: ProviderId,
    /// How often, and how much.
    pub sum: Sum,
}

/// What is told day by day.
#[derive(Debug, Clone, Copy)]
pub struct ByDay<'a> {
    /// What is counted.
    pub measures: &'a [Measure],
    /// The beginning of a day of UTC: that day and every later one is told by itself, and all earlier ones in one.
    pub since: Timestamp,
}

/// One figure of a day, or of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayFigure {
    /// The beginning of the day of UTC; `None` if it is about all that are not told by themselves.
    pub day: Option<Timestamp>,
    /// What is counted.
    pub measure: Measure,
    /// How often, and how much.
    pub sum: Sum,
}

/// One figure of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFigure {
    /// The service.
    pub service: ServiceId,
    /// What is counted.
    pub measure: Measure,
    /// How often, and how much.
    pub sum: Sum,
}

/// The shop at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Glance {
    /// Of everything.
    pub days: Vec<DayFigure>,
    /// Of each service.
    pub services: Vec<ServiceFigure>,
}

/// How many there are of what is not counted by orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Users who have not been removed.
    pub users: u64,
    /// Those who joined since the later moment.
    pub users_lately: u64,
    /// Those who joined between the two moments.
    pub users_before: u64,
    /// Services that are not archived, of providers that are not.
    pub services: u64,
    /// Providers that are not archived.
    pub providers: u64,
}

/// Names, for screens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Of services, archived ones too.
    pub services: Vec<(ServiceId, String)>,
    /// Of providers, archived ones too.
    pub providers: Vec<(ProviderId, String)>,
}

/// Figures for reading. They are of this moment: what was not added up yet is added while reading.
#[async_trait]
pub trait FigureQueries: Send + Sync {
    /// The figures of each slice, all of one moment.
    async fn figures(&self, slices: &[Slice]) -> Result<Vec<Vec<Figure>>, StoreError>;

    /// What is told day by day of the shop, with `others` of all days in one; and the same measures of each service from the
    /// beginning of the day `lately` on. All of one moment.
    async fn glance(
        &self,
        told: ByDay<'_>,
        others: &[Measure],
        lately: Timestamp,
    ) -> Result<Glance, StoreError>;

    /// What is told day by day of a customer's orders, with all other measures of all days in one.
    async fn figures_of(&self, user: &UserId, told: ByDay<'_>) -> Result<Vec<DayFigure>, StoreError>;

    /// Counts, with those of users since `earlier` and since `later`.
    async fn counts(&self, earlier: Timestamp, later: Timestamp) -> Result<Counts, StoreError>;

    /// The names of these.
    async fn names(&self, services: &[ServiceId], providers: &[ProviderId]) -> Result<Names, StoreError>;
}

/// One set of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(pub i64);

/// How far a set of figures is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that were passed.
    pub passed: u64,
    /// Rows that were still to be passed, about; not zero if nobody knows, because somebody else was at it.
    pub left: u64,
}

/// Adds up what happened.
#[async_trait]
pub trait FigureKeeper: Send + Sync {
    /// The set that is shown.
    async fn shown(&self) -> Result<Generation, StoreError>;

    /// Adds the next rows to a set, each exactly once, whoever else does so at the same time; how far that came. Rows that
    /// may still be followed by ones with lower ids are left for later.
    async fn gather(&self, generation: Generation) -> Result<Progress, StoreError>;

    /// Begins a set that is not shown.
    async fn begin(&self) -> Result<Generation, StoreError>;

    /// Compares a set with the one that is shown: how many figures differ. `None` if they are not equally far; then the
    /// other has to gather more.
    async fn compare(&self, generation: Generation) -> Result<Option<u64>, StoreError>;

    /// Shows a set instead of the one that was shown. `false` if it is not as far as that one.
    async fn show(&self, generation: Generation) -> Result<bool, StoreError>;

    /// Removes every set that is not shown, and was left alone for an hour unless it is `generation`.
    async fn forget(&self, generation: Option<Generation>) -> Result<(), StoreError>;
}
