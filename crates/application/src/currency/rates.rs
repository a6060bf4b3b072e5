//! The rates in force, as far as this process has read them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::RateSetId;
use domain::currency::{Currency, Display, ExchangeRate, RatePolicy, RateSet};
use ports::currency::RateQueries;
use ports::{Clock, StoreError};

/// How long a process believes that the rates it has read are those in force.
const KEPT_FOR: Duration = Duration::from_secs(15);
/// Rates of the past that are kept at most, of all sets and currencies.
const PAST_MAX: usize = 20_000;

/// Why nothing is shown in a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// There is no rate that can be trusted.
    #[error("there is no trustworthy rate of {}", .0.as_str())]
    NoRate(Currency),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The rates in force. Sets never change, so those of the past are kept for as long as there is room.
pub struct Rates {
    queries: Arc<dyn RateQueries>,
    clock: Arc<dyn Clock>,
    policy: RatePolicy,
    newest: RwLock<Option<Read>>,
    past: RwLock<HashMap<(RateSetId, Currency), Option<ExchangeRate>>>,
}

#[derive(Clone)]
struct Read {
    set: Option<Arc<RateSet>>,
    /// By the monotonic clock.
    at: Duration,
}

impl Rates {
    /// Wires it.
    #[must_use]
    pub fn new(queries: Arc<dyn RateQueries>, clock: Arc<dyn Clock>, policy: RatePolicy) -> Self {
        Self {
            queries,
            clock,
            policy,
            newest: RwLock::default(),
            past: RwLock::default(),
        }
    }

    /// When rates are believed.
    #[must_use]
    pub const fn policy(&self) -> &RatePolicy {
        &self.policy
    }

    /// The rates in force, if there are any. They may be some seconds old.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn newest(&self) -> Result<Option<Arc<RateSet>>, StoreError> {
        let now = self.clock.monotonic();
        let kept = self.newest.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = &kept
            && now.saturating_sub(kept.at) < KEPT_FOR
        {
            return Ok(kept.set.clone());
        }
        let known = kept.and_then(|kept| kept.set);
        let set = match (self.queries.newest_rates().await?, known) {
            (Some(id), Some(known)) if known.id == id => Some(known),
            (Some(id), _) => self.queries.rates(id).await?.map(Arc::new),
            (None, _) => None,
        };
        let read = Read {
            set: set.clone(),
            at: now,
        };
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Some(read);
        Ok(set)
    }

    /// Forgets what was read, because it has just been changed.
    pub fn forget(&self) {
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Which rates are in force for whoever places an order now. An order is not refused because nobody knows.
    pub async fn for_an_order(&self) -> Option<RateSetId> {
        match self.newest().await {
            Ok(set) => set.map(|set| set.id),
            Err(error) => {
                tracing::warn!(%error, "the exchange rates of an order could not be read");
                None
            }
        }
    }

    /// How to show amounts in `currency` now.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn display(&self, currency: &Currency) -> Result<Display, ShowError> {
        self.trusted(currency).await.map(|(display, _)| display)
    }

    /// As [`Rates::display`], with the set that says so. The ledger's own currency needs none.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn trusted(&self, currency: &Currency) -> Result<(Display, Option<RateSetId>), ShowError> {
        if currency.is_ledger() {
            return Ok((Display::ledger(), None));
        }
        let set = self.newest().await?;
        let rate = set.as_ref().and_then(|set| set.rates.get(currency));
        let rate = rate.filter(|rate| rate.is_trusted(self.clock.now(), self.policy.max_age));
        let rate = rate.ok_or_else(|| ShowError::NoRate(currency.clone()))?;
        let display = Display {
            currency: currency.clone(),
            rate: rate.rate,
        };
        Ok((display, set.map(|set| set.id)))
    }

    /// How amounts were shown in `currency` when each of these sets was in force; `None` stands for a moment without
    /// rates. What was not known then is shown at the rate of now.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn of_then(
        &self,
        currency: &Currency,
        sets: impl IntoIterator<Item = Option<RateSetId>> + Send,
    ) -> Result<HashMap<Option<RateSetId>, Display>, ShowError> {
        let mut wanted: Vec<Option<RateSetId>> = sets.into_iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        if currency.is_ledger() {
            return Ok(wanted.into_iter().map(|set| (set, Display::ledger())).collect());
        }
        let known: Vec<RateSetId> = wanted.iter().copied().flatten().collect();
        let rates = self.past(currency, &known).await?;
        let mut displays = HashMap::with_capacity(wanted.len());
        let mut now = None;
        for set in wanted {
            let then = set.and_then(|set| rates.get(&set).copied().flatten());
            let display = match (then, &now) {
                (Some(rate), _) => Display {
                    currency: currency.clone(),
                    rate,
                },
                (None, Some(display)) => Display::clone(display),
                (None, None) => now.insert(self.display(currency).await?).clone(),
            };
            displays.insert(set, display);
        }
        Ok(displays)
    }

    async fn past(
        &self,
        currency: &Currency,
        sets: &[RateSetId],
    ) -> Result<HashMap<RateSetId, Option<ExchangeRate>>, StoreError> {
        let mut found = HashMap::with_capacity(sets.len());
        let mut missing = Vec::new();
        {
            let past = self.past.read().unwrap_or_else(PoisonError::into_inner);
            for set in sets {
                match past.get(&(*set, currency.clone())) {
                    Some(rate) => drop(found.insert(*set, *rate)),
                    None => missing.push(*set),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let read: HashMap<_, _> = self
            .queries
            .rates_in(&missing, currency)
            .await?
            .into_iter()
            .collect();
        let mut past = self.past.write().unwrap_or_else(PoisonError::into_inner);
        if past.len().saturating_add(missing.len()) > PAST_MAX {
            past.clear();
        }
        for set in missing {
            let rate = read.get(&set).copied();
            past.insert((set, currency.clone()), rate);
            found.insert(set, rate);
        }
        Ok(found)
    }
}
