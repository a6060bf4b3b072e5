//! Exchange rates: who quotes them, and what is kept of them.

use async_trait::async_trait;
use domain::currency::{Currency, ExchangeRate, QuotedRate, Quotes, RateSet};
use domain::{RateSetId, Timestamp, UserId};

use crate::store::StoreError;

/// Somebody who quotes exchange rates.
#[async_trait]
pub trait RateSource: Send + Sync {
    /// What it is called; no two have the same name.
    fn name(&self) -> &'static str;

    /// What it quotes now, for one unit of the ledger's currency. The error is for staff and holds no secret.
    async fn latest(&self) -> Result<Quotes, String>;
}

/// A rate that staff set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualRate {
    /// Of this currency.
    pub currency: Currency,
    /// The rate.
    pub rate: ExchangeRate,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// What became of asking a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReport {
    /// Which.
    pub source: String,
    /// When it was asked last.
    pub asked_at: Timestamp,
    /// When its rates were so, if it gave any.
    pub as_of: Option<Timestamp>,
    /// Why it, or some of its rates, were not used.
    pub problem: Option<String>,
}

/// Exchange rates inside a transaction.
#[async_trait]
pub trait RateRepository: Send {
    /// Takes the turn to ask the sources, unless it is too early: `false`. The next turn is at `next`.
    async fn take_turn(&mut self, now: Timestamp, next: Timestamp) -> Result<bool, StoreError>;

    /// Sets when the next turn is.
    async fn set_turn(&mut self, next: Timestamp) -> Result<(), StoreError>;

    /// The rates in force, and those that staff set. Whoever else calls this waits until the transaction ends.
    async fn lock_rates(&mut self) -> Result<(Option<RateSet>, Vec<ManualRate>), StoreError>;

    /// Puts rates in force.
    async fn insert_rates(&mut self, rates: &[QuotedRate], now: Timestamp) -> Result<RateSetId, StoreError>;

    /// Sets a rate by hand, or changes it.
    async fn set_manual_rate(&mut self, rate: &ManualRate) -> Result<(), StoreError>;

    /// Takes a rate back that was set by hand. `false` if there is none.
    async fn drop_manual_rate(&mut self, currency: &Currency) -> Result<bool, StoreError>;

    /// Keeps what became of asking a source, in place of what was kept before.
    async fn report_source(&mut self, report: &SourceReport) -> Result<(), StoreError>;
}

/// Exchange rates for reading.
#[async_trait]
pub trait RateQueries: Send + Sync {
    /// Which rates are in force.
    async fn newest_rates(&self) -> Result<Option<RateSetId>, StoreError>;

    /// The rates of a set.
    async fn rates(&self, id: RateSetId) -> Result<Option<RateSet>, StoreError>;

    /// The rates of one currency in these sets. Sets without one are left out.
    async fn rates_in(
        &self,
        sets: &[RateSetId],
        currency: &Currency,
    ) -> Result<Vec<(RateSetId, ExchangeRate)>, StoreError>;

    /// What staff set.
    async fn manual_rates(&self) -> Result<Vec<ManualRate>, StoreError>;

    /// What became of asking each source last.
    async fn source_reports(&self) -> Result<Vec<SourceReport>, StoreError>;
}
