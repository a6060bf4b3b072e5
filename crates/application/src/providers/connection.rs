//! Staff ask a provider directly: does it answer, what is our balance there, what does it offer?

use std::sync::Arc;
use std::time::Duration;

use domain::ProviderId;
use domain::catalog::Availability;
use domain::identity::right::ProvidersRead;
use domain::providers::{CallResult, PackageRate, Provider, ProviderBalance};
use ports::crypto::SealError;
use ports::gateway::{PanelCatalogue, PanelError, PanelGateway, PanelTarget};
use ports::{Clock, Store, StoreError};

use super::panels::{Admitted, CallClass, Panels, PanelsError};
use crate::caller::Staff;
use crate::orders::call_result;
use crate::retry::retry_contended;

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

/// A connection that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionReport {
    /// What the provider says our balance is.
    pub balance: ProviderBalance,
    /// How long it took to answer.
    pub took: Duration,
}

/// Asks providers on behalf of staff.
pub struct ProviderConnection {
    store: Arc<dyn Store>,
    gateway: Arc<dyn PanelGateway>,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
}

impl ProviderConnection {
    /// Wires the use cases.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        gateway: Arc<dyn PanelGateway>,
        panels: Arc<Panels>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            gateway,
            panels,
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
        let call = begin_call(&self.panels, id).await?;
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

    /// Reads everything that the provider offers, at the prices that we keep.
    ///
    /// # Errors
    /// [`AskProviderError`].
    pub async fn services(
        &self,
        _: &Staff<ProvidersRead>,
        id: ProviderId,
    ) -> Result<PanelCatalogue, AskProviderError> {
        let list = offered_services(&self.panels, &*self.gateway, id).await?;
        Ok(list.offer)
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
    /// How its rates of packages were read. Whoever records them makes sure that staff still say so.
    pub read_as: PackageRate,
}

/// Everything that a provider offers.
pub(crate) async fn offered_services(
    panels: &Panels,
    gateway: &dyn PanelGateway,
    id: ProviderId,
) -> Result<ProviderList, AskProviderError> {
    let call = begin_call(panels, id).await?;
    let read_as = call.provider.settings.package_rate;
    let answer = gateway.services(&call.target).await;
    let mut offer = end_call(panels, call, answer)?;
    for service in &mut offer.services {
        service.rate = read_as.read(&service.service_type, service.rate);
    }
    Ok(ProviderList { offer, read_as })
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
