//! A provider asked directly: does it answer, what is our balance there, what does it offer?

use std::sync::Arc;
use std::time::Duration;

use domain::ProviderId;
use domain::catalog::Availability;
use domain::currency::{Currency, ExchangeRate};
use domain::identity::right::ProvidersRead;
use domain::providers::{CallResult, PriceReading, Provider, ProviderBalance};
use ports::crypto::SealError;
use ports::gateway::{PanelCatalogue, PanelError, PanelGateway, PanelService, PanelTarget};
use ports::{Clock, Store, StoreError};

use super::panels::{Admitted, CallClass, Panels, PanelsError};
use crate::caller::Staff;
use crate::currency::{Rates, ShowError};
use crate::orders::call_result;
use crate::retry::retry_contended;

/// How long what a provider said of its currency is believed.
const BALANCE_KEPT: Duration = Duration::from_hours(24);

/// How long to wait for leave to ask for the list, after the balance was asked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a provider's answer is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskProviderError {
    /// There is no such provider.
    #[error("there is no such provider")]
    Missing,
    /// It must not be called now: its rate limit is used up, or it is left alone after failures.
    #[error("the provider must not be called at the moment")]
    NotNow {
        /// When to ask again.
        retry_after: Duration,
    },
    /// It was called and gave nothing.
    #[error(transparent)]
    Panel(PanelError),
    /// Its prices are in another currency than staff say. They are not read, for they would be sold at something else.
    #[error("the provider bills in {said}, and is set to {set}")]
    OtherCurrency {
        /// What the provider says.
        said: Currency,
        /// What staff say.
        set: Currency,
    },
    /// Nobody knows what its prices are in the ledger's currency.
    #[error("there is no trustworthy rate of {0}")]
    NoRate(Currency),
    /// Its key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PanelsError> for AskProviderError {
    fn from(error: PanelsError) -> Self {
        match error {
            PanelsError::UnknownProvider => Self::Missing,
            PanelsError::Key(error) => Self::Seal(error),
            PanelsError::Store(error) => Self::Store(error),
        }
    }
}

impl From<ShowError> for AskProviderError {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NoRate(currency) => Self::NoRate(currency),
            ShowError::Store(error) => Self::Store(error),
        }
    }
}

/// A connection that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionReport {
    /// What the provider says our balance is.
    pub balance: ProviderBalance,
    /// How long it took to answer.
    pub took: Duration,
}

/// Asks providers.
pub struct ProviderConnection {
    store: Arc<dyn Store>,
    gateway: Arc<dyn PanelGateway>,
    panels: Arc<Panels>,
    rates: Arc<Rates>,
    clock: Arc<dyn Clock>,
}

impl ProviderConnection {
    /// Wires the use cases.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        rates: Arc<Rates>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            gateway,
            panels,
            rates,
            clock,
        }
    }

    /// Asks for our balance, which proves address and key, and keeps the answer.
    ///
    /// # Errors
    /// [`AskProviderError`].
    pub async fn test(
        &self,
        _: &Staff<ProvidersRead>,
        id: ProviderId,
    ) -> Result<ConnectionReport, AskProviderError> {
        self.balance(begin_call(&self.panels, id).await?).await
    }

    /// Reads everything that the provider offers, at the prices that we keep.
    ///
    /// # Errors
    /// [`AskProviderError`].
    pub async fn services(
        &self,
        _: &Staff<ProvidersRead>,
        id: ProviderId,
    ) -> Result<PanelCatalogue, AskProviderError> {
        Ok(self.offered(id).await?.offer)
    }

    /// Everything that a provider offers, unless it bills in another currency than staff say.
    pub(crate) async fn offered(&self, id: ProviderId) -> Result<ProviderList, AskProviderError> {
        let mut call = begin_call(&self.panels, id).await?;
        let is_known = |it: &ProviderBalance| self.clock.now().since(it.at) < BALANCE_KEPT;
        if !call.provider.balance.as_ref().is_some_and(is_known) {
            call = self.asked_for_its_currency(call).await?;
        }
        let provider = call.provider.clone();
        let answer = self.gateway.services(&call.target).await;
        let mut offer = end_call(&self.panels, call, answer)?;
        agree(&provider, &offer)?;
        let (display, _) = self.rates.trusted(&provider.settings.currency).await?;
        read_prices(&mut offer, &provider, display.rate);
        Ok(ProviderList {
            offer,
            read_as: provider.settings.price_reading(),
        })
    }

    /// Lists seldom say what their prices are in; with a balance, nearly every panel does. One that knows no balance bills in
    /// what staff say.
    async fn asked_for_its_currency(&self, call: Call) -> Result<Call, AskProviderError> {
        let id = call.provider.id;
        match self.balance(call).await {
            Ok(_)
            | Err(AskProviderError::Panel(
                PanelError::Refused(_) | PanelError::RefusedForNow(_) | PanelError::Unreadable(_),
            )) => {}
            Err(error) => return Err(error),
        }
        match begin_call(&self.panels, id).await {
            // It may allow one request a second, and that was the one. A list that waits for the next caller might never be read:
            // who knows no balance is asked for it each time.
            Err(AskProviderError::NotNow { retry_after }) if retry_after <= PATIENCE => {
                tokio::time::sleep(retry_after).await;
                begin_call(&self.panels, id).await
            }
            call => call,
        }
    }

    async fn balance(&self, call: Call) -> Result<ConnectionReport, AskProviderError> {
        let id = call.provider.id;
        let started = self.clock.monotonic();
        let answer = self.gateway.balance(&call.target).await;
        let took = self.clock.monotonic().saturating_sub(started);
        let answer = end_call(&self.panels, call, answer)?;
        let balance = ProviderBalance {
            amount: answer.amount,
            currency: answer.currency,
            at: self.clock.now(),
        };
        retry_contended(|| self.record(id, &balance)).await?;
        Ok(ConnectionReport { balance, took })
    }

    async fn record(&self, id: ProviderId, balance: &ProviderBalance) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        tx.providers().set_balance(id, balance).await?;
        tx.commit().await
    }
}

/// What a provider offers, at the prices that we keep.
pub(crate) struct ProviderList {
    pub offer: PanelCatalogue,
    /// How its prices were read. Whoever records them makes sure that staff still say so.
    pub read_as: PriceReading,
}

fn agree(provider: &Provider, offer: &PanelCatalogue) -> Result<(), AskProviderError> {
    let of_balance = provider.balance.iter().map(|it| it.currency.as_str());
    let mut named = offer.currencies.iter().map(Currency::as_str).chain(of_balance);
    match named.find_map(|named| provider.settings.contradicted_by(named)) {
        None => Ok(()),
        Some(said) => Err(AskProviderError::OtherCurrency {
            said,
            set: provider.settings.currency.clone(),
        }),
    }
}

/// Prices as we keep them: in the ledger's currency, and of packages the price of one.
fn read_prices(offer: &mut PanelCatalogue, provider: &Provider, of_theirs: ExchangeRate) {
    let read = |service: &PanelService| {
        let of_one = provider
            .settings
            .package_rate
            .read(&service.service_type, service.rate);
        of_theirs.price_to_ledger(of_one)
    };
    let PanelCatalogue {
        services, unreadable, ..
    } = offer;
    services.retain_mut(|service| match read(service) {
        Some(rate) => {
            service.rate = rate;
            true
        }
        None => {
            unreadable.push(format!("service {}: the rate does not fit", service.upstream_id));
            false
        }
    });
}

/// A call that was admitted and has to be told about.
struct Call {
    provider: Provider,
    target: PanelTarget,
    admitted: Admitted,
}

async fn begin_call(panels: &Panels, id: ProviderId) -> Result<Call, AskProviderError> {
    let (provider, target) = panels.target(id).await?;
    if provider.availability == Availability::Archived {
        return Err(AskProviderError::Missing);
    }
    let admitted = panels
        .admit(&provider, CallClass::Read)
        .await
        .map_err(|retry_after| AskProviderError::NotNow { retry_after })?;
    Ok(Call {
        provider,
        target,
        admitted,
    })
}

fn end_call<T>(panels: &Panels, call: Call, answer: Result<T, PanelError>) -> Result<T, AskProviderError> {
    let result = match &answer {
        Ok(_) => CallResult::Answered,
        Err(error) => call_result(error),
    };
    panels.tell(call.provider.id, CallClass::Read, call.admitted, result);
    answer.map_err(AskProviderError::Panel)
}
