//! The sources are asked, and what they say is judged and recorded.

use std::sync::Arc;
use std::time::Duration;

use domain::currency::{Judgement, MANUAL, QuotedRate, RateSet, Refused, agreed, judge};
use domain::{RateSetId, Timestamp};
use ports::currency::{ManualRate, RateQueries, RateSource, SourceReport};
use ports::{Clock, Store, StoreError, Tx};

use super::Rates;
use crate::retry::retry_contended;

/// How long after an attempt that brought nothing the sources are asked again.
const RETRY_EVERY: Duration = Duration::from_mins(5);
/// The longest problem that is kept, in characters.
const PROBLEM_MAX_CHARS: usize = 1_000;

/// What asking for rates needs.
#[derive(Clone)]
pub struct RatePorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// What was recorded before.
    pub queries: Arc<dyn RateQueries>,
    /// Whom to ask, in this order.
    pub sources: Vec<Arc<dyn RateSource>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The use case of the schedule.
#[derive(Clone)]
pub struct RefreshRates {
    ports: RatePorts,
    rates: Arc<Rates>,
}

/// What a source said, or why it said nothing.
struct Asked {
    source: &'static str,
    at: Timestamp,
    as_of: Option<Timestamp>,
    said: Result<Judgement, String>,
}

impl RefreshRates {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: RatePorts, rates: Arc<Rates>) -> Self {
        Self { ports, rates }
    }

    /// Asks the sources if it is time to, on one node; how many rates are in force afterwards, or zero if it was too
    /// early. A source is asked only if those before it did not give what was expected.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refresh(&self) -> Result<usize, StoreError> {
        if self.ports.sources.is_empty() || !retry_contended(|| self.take_turn()).await? {
            return Ok(0);
        }
        let before = match self.ports.queries.newest_rates().await? {
            Some(id) => self.ports.queries.rates(id).await?,
            None => None,
        };
        let asked = self.ask(before.as_ref()).await;
        let recorded = retry_contended(|| self.record(&asked)).await?;
        self.rates.forget();
        Ok(recorded)
    }

    /// Whoever dies between this and the end leaves a turn that comes again soon.
    async fn take_turn(&self) -> Result<bool, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let taken = tx.rates().take_turn(now, now.plus(RETRY_EVERY)).await?;
        tx.commit().await?;
        Ok(taken)
    }

    async fn ask(&self, before: Option<&RateSet>) -> Vec<Asked> {
        let policy = self.rates.policy();
        let mut asked = Vec::new();
        for source in &self.ports.sources {
            let quotes = source.latest().await;
            let at = self.ports.clock.now();
            let as_of = quotes.as_ref().ok().map(|quotes| quotes.as_of);
            let said = quotes.map(|quotes| judge(&quotes, policy, at));
            let is_enough = said.as_ref().is_ok_and(|said| said.is_expected(before, policy));
            asked.push(Asked {
                source: source.name(),
                at,
                as_of,
                said,
            });
            if is_enough {
                break;
            }
        }
        asked
    }

    async fn record(&self, asked: &[Asked]) -> Result<usize, StoreError> {
        let policy = self.rates.policy();
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let (before, manual) = tx.rates().lock_rates().await?;
        let said: Vec<&Judgement> = asked.iter().filter_map(|it| it.said.as_ref().ok()).collect();
        let (rates, refused) = agreed(before.as_ref(), &quoted(&manual), &said, policy, now);
        for source in asked {
            tx.rates().report_source(&report(source, &refused)).await?;
        }
        put_in_force(&mut *tx, before.as_ref(), &rates, now).await?;
        if said.iter().any(|said| !said.is_useless()) {
            tx.rates().set_turn(now.plus(policy.refresh_every)).await?;
        }
        tx.commit().await?;
        Ok(rates.len())
    }
}

/// Records the rates unless they are those in force.
pub(super) async fn put_in_force(
    tx: &mut dyn Tx,
    before: Option<&RateSet>,
    rates: &[QuotedRate],
    now: Timestamp,
) -> Result<Option<RateSetId>, StoreError> {
    let is_the_same = before.is_some_and(|before| before.rates.values().eq(rates));
    if is_the_same || (before.is_none() && rates.is_empty()) {
        return Ok(before.map(|before| before.id));
    }
    tx.rates().insert_rates(rates, now).await.map(Some)
}

/// What staff set, as rates in force.
pub(super) fn quoted(manual: &[ManualRate]) -> Vec<QuotedRate> {
    let rates = manual.iter().map(|manual| QuotedRate {
        currency: manual.currency.clone(),
        rate: manual.rate,
        source: MANUAL.to_owned(),
        as_of: manual.at,
    });
    rates.collect()
}

fn report(asked: &Asked, refused: &[Refused]) -> SourceReport {
    let mut problems: Vec<String> = refused
        .iter()
        .filter(|it| it.source == asked.source)
        .map(|it| match &it.currency {
            Some(currency) => format!("{currency}: {}", it.reason),
            None => it.reason.clone(),
        })
        .collect();
    if let Err(problem) = &asked.said {
        problems.push(problem.clone());
    }
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    if let Some(problem) = &problem {
        tracing::warn!(source = asked.source, %problem, "exchange rates were not used");
    }
    SourceReport {
        source: asked.source.to_owned(),
        asked_at: asked.at,
        as_of: asked.as_of,
        problem: problem.map(|it| it.chars().take(PROBLEM_MAX_CHARS).collect()),
    }
}
