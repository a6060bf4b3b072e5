//! The panel API v2 as a client.

mod actions;
mod fields;
mod orders;
mod read;
mod request;
mod services;
mod status;
mod submit;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::ProviderOrderId;
use domain::providers::{AddAnswer, ListedOrder};
use ports::gateway::{
    PanelBalance, PanelCatalogue, PanelError, PanelGateway, PanelOrder, PanelTarget, STATUS_BATCH_MAX,
    StatusAnswer,
};
use reqwest::Client;

use crate::address::AddressPolicy;
use crate::http::{self, ANSWER_MAX_BYTES, CallError, GatewayConfig, GatewayError};
use crate::redact::Redactor;
use read::Reading;
use request::Form;

/// Longest list of services read, in bytes.
const SERVICES_MAX_BYTES: usize = 10 * 1024 * 1024;

/// Calls panels over HTTP. Cheap to share; the connections are inside.
#[derive(Debug)]
pub struct PanelHttpGateway {
    addresses: AddressPolicy,
    submit: Client,
    read: Client,
    services_timeout: Duration,
}

impl PanelHttpGateway {
    /// A gateway with connections of its own. Installs the process's TLS provider unless there is one.
    ///
    /// # Errors
    /// [`GatewayError`] if TLS or the clients cannot be set up.
    pub fn new(config: &GatewayConfig) -> Result<Self, GatewayError> {
        Ok(Self {
            addresses: config.addresses,
            submit: http::submit_client(config)?,
            read: http::read_client(config)?,
            services_timeout: config.services_timeout,
        })
    }

    /// Asks something that may be asked again; the answer as it came, key removed.
    async fn ask(&self, target: &PanelTarget, form: Form) -> Result<Reading, PanelError> {
        self.call(&self.read, target, form, Bounds::default())
            .await
            .map_err(read::panel_error)
    }

    /// Makes one call and logs it once: never the key, never a link.
    async fn call(
        &self,
        client: &Client,
        target: &PanelTarget,
        form: Form,
        bounds: Bounds,
    ) -> Result<Reading, CallError> {
        let action = form.action();
        let started = Instant::now();
        let result = self.exchange(client, target, form, bounds).await;
        let (status, outcome) = match &result {
            Ok(reading) => (
                Some(reading.status),
                if reading.is_text() {
                    "answered"
                } else {
                    "unreadable"
                },
            ),
            Err(CallError::Forbidden(_)) => (None, "forbidden"),
            Err(CallError::NotSent(_)) => (None, "not_sent"),
            Err(CallError::Broken(_)) => (None, "broken"),
        };
        let elapsed_ms = started.elapsed().as_millis();
        tracing::debug!(
            provider_id = target.provider.0,
            action,
            status,
            elapsed_ms,
            outcome,
            "panel called"
        );
        result
    }

    async fn exchange(
        &self,
        client: &Client,
        target: &PanelTarget,
        form: Form,
        bounds: Bounds,
    ) -> Result<Reading, CallError> {
        let url = self
            .addresses
            .parse(&target.api_url)
            .map_err(CallError::Forbidden)?;
        let mut request = client.post(url).form(&form.signed(&target.api_key));
        if let Some(timeout) = bounds.timeout {
            request = request.timeout(timeout);
        }
        let request = request
            .build()
            .map_err(|error| CallError::NotSent(http::reason(&error)))?;
        let answer = http::exchange(client, request, bounds.bytes).await?;
        Ok(Reading::of(answer, &Redactor::new(&target.api_key)))
    }
}

/// The limits of one call.
#[derive(Clone, Copy)]
struct Bounds {
    /// Longest answer in bytes.
    bytes: usize,
    /// Time for the call if it is not the client's.
    timeout: Option<Duration>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: ANSWER_MAX_BYTES,
            timeout: None,
        }
    }
}

#[async_trait]
impl PanelGateway for PanelHttpGateway {
    async fn add(&self, target: &PanelTarget, order: &PanelOrder) -> AddAnswer {
        submit::observed(
            self.call(&self.submit, target, Form::add(order), Bounds::default())
                .await,
        )
    }

    async fn statuses(
        &self,
        target: &PanelTarget,
        ids: &[ProviderOrderId],
    ) -> Result<HashMap<ProviderOrderId, StatusAnswer>, PanelError> {
        let ids: Vec<_> = ids
            .iter()
            .filter(|id| fields::is_id(id.as_str()))
            .cloned()
            .collect();
        let ids = ids.get(..usize::from(STATUS_BATCH_MAX)).unwrap_or(&ids);
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let answer = self.ask(target, Form::status(ids)).await?;
        status::statuses(&answer.data()?, ids)
    }

    async fn recent_orders(
        &self,
        target: &PanelTarget,
        reference: Option<String>,
    ) -> Result<Vec<ListedOrder>, PanelError> {
        let answer = self.ask(target, Form::orders(reference.clone())).await?;
        orders::listed(&answer.data()?, reference.as_deref())
    }

    async fn cancel(&self, target: &PanelTarget, id: &ProviderOrderId) -> Result<(), PanelError> {
        let answer = self.ask(target, Form::cancel(id)).await?;
        actions::canceled(&answer.data()?, id)
    }

    async fn refill(&self, target: &PanelTarget, id: &ProviderOrderId) -> Result<String, PanelError> {
        let answer = self.ask(target, Form::refill(id)).await?;
        actions::refill_id(&answer.data()?, id)
    }

    async fn refill_status(&self, target: &PanelTarget, refill_id: &str) -> Result<String, PanelError> {
        let answer = self.ask(target, Form::refill_status(refill_id)).await?;
        actions::refill_word(&answer.data()?, refill_id)
    }

    async fn services(&self, target: &PanelTarget) -> Result<PanelCatalogue, PanelError> {
        let bounds = Bounds {
            bytes: SERVICES_MAX_BYTES,
            timeout: Some(self.services_timeout),
        };
        let answer = self
            .call(&self.read, target, Form::services(), bounds)
            .await
            .map_err(read::panel_error)?;
        services::catalogue(&answer.data()?)
    }

    async fn balance(&self, target: &PanelTarget) -> Result<PanelBalance, PanelError> {
        let answer = self.ask(target, Form::balance()).await?;
        actions::balance(&answer.data()?)
    }

    fn check_address(&self, api_url: &str) -> Result<(), PanelError> {
        self.addresses
            .parse(api_url)
            .map(|_| ())
            .map_err(|refused| PanelError::Forbidden(refused.to_string()))
    }
}
