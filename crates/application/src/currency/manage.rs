//! Staff look after exchange rates.

use std::sync::Arc;

use domain::currency::{Currency, ExchangeRate, RateSet, agreed};
use domain::identity::right::{RatesRead, RatesWrite};
use domain::text::{TextError, plain};
use ports::StoreError;
use ports::currency::{ManualRate, SourceReport};

use super::Rates;
use super::refresh::{RatePorts, put_in_force, quoted};
use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};
use crate::wallets::REASON_MAX_CHARS;

/// What staff see of exchange rates.
#[derive(Debug, Clone)]
pub struct RateOverview {
    /// Those in force, if there are any.
    pub set: Option<Arc<RateSet>>,
    /// Those of staff.
    pub manual: Vec<ManualRate>,
    /// What became of asking the sources.
    pub sources: Vec<SourceReport>,
}

/// Why a rate was not set or taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetRateError {
    /// Amounts are kept in it.
    #[error("the ledger's own currency has no rate")]
    Ledger,
    /// The reason is missing or too long.
    #[error("the reason {0}")]
    Reason(#[from] TextError),
    /// None was set.
    #[error("no rate was set by hand")]
    Missing,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for SetRateError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Shows rates, sets them by hand and takes that back.
pub struct ManageRates {
    ports: RatePorts,
    rates: Arc<Rates>,
}

impl ManageRates {
    /// Wires the use cases.
    #[must_use]
    pub const fn new(ports: RatePorts, rates: Arc<Rates>) -> Self {
        Self { ports, rates }
    }

    /// Everything about rates, as it is now.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn overview(&self, _: &Staff<RatesRead>) -> Result<RateOverview, StoreError> {
        self.rates.forget();
        Ok(RateOverview {
            set: self.rates.newest().await?,
            manual: self.ports.queries.manual_rates().await?,
            sources: self.ports.queries.source_reports().await?,
        })
    }

    /// Sets a rate above those of every source. It is in force on every node within some seconds.
    ///
    /// # Errors
    /// [`SetRateError`] if it was not set, or nobody knows.
    pub async fn set(
        &self,
        staff: &Staff<RatesWrite>,
        currency: &Currency,
        rate: ExchangeRate,
        reason: &str,
    ) -> Result<(), SetRateError> {
        let reason = plain(reason, REASON_MAX_CHARS)?;
        if currency.is_ledger() {
            return Err(SetRateError::Ledger);
        }
        retry_contended(|| self.record(staff, currency, Some(rate), reason)).await
    }

    /// Takes a rate back that was set by hand. The currency has no rate until a source is asked again.
    ///
    /// # Errors
    /// [`SetRateError`] if it was not taken back, or nobody knows.
    pub async fn take_back(
        &self,
        staff: &Staff<RatesWrite>,
        currency: &Currency,
    ) -> Result<(), SetRateError> {
        retry_contended(|| self.record(staff, currency, None, "taken back")).await
    }

    async fn record(
        &self,
        staff: &Member,
        currency: &Currency,
        rate: Option<ExchangeRate>,
        reason: &str,
    ) -> Result<(), SetRateError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let (before, mut manual) = tx.rates().lock_rates().await?;
        let was = manual
            .iter()
            .find(|it| it.currency == *currency)
            .map(|it| it.rate);
        manual.retain(|it| it.currency != *currency);
        let text = |rate: Option<ExchangeRate>| rate.map_or_else(String::new, |it| it.to_string());
        let mut entry = staff
            .entry("rates.set", format!("currency:{currency}"), now)
            .with("rate_before", text(was))
            .with("rate", text(rate))
            .with("reason", reason);
        if let Some(rate) = rate {
            let set = ManualRate {
                currency: currency.clone(),
                rate,
                by: staff.id().clone(),
                at: now,
            };
            tx.rates().set_manual_rate(&set).await?;
            manual.push(set);
        } else if !tx.rates().drop_manual_rate(currency).await? {
            return Err(SetRateError::Missing);
        } else {
            // Whoever is asked next need not be near to what staff had set.
            tx.rates().set_turn(now).await?;
        }
        let (rates, _) = agreed(before.as_ref(), &quoted(&manual), &[], self.rates.policy(), now);
        let set = put_in_force(&mut *tx, before.as_ref(), &rates, now).await?;
        if let Some(set) = set {
            entry = entry.with("set", set);
        }
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        self.rates.forget();
        Ok(())
    }
}
