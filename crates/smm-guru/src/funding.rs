//! Exchange rates, and how money comes in and goes out.

use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::currency::RatePolicy;
use domain::funds::FundsPolicy;
use gateways::{CurrencyApi, GatewayError, OpenErApi, PaytmConfig, PaytmGateway, RateSourceConfig};
use ports::IdSource;
use ports::currency::RateSource;
use ports::funds::PaymentGateway;
use settings::Settings;

use crate::system::OpenError;

/// Whom we ask about money, and when they are believed.
#[derive(Debug, Clone)]
pub struct FundsSetup {
    /// currencyapi.com: its address and our key.
    pub currencyapi: Option<(String, Secret)>,
    /// The address of open.er-api.com.
    pub open_er: Option<String>,
    /// The time limit of asking for rates.
    pub rates_timeout: Duration,
    /// When rates are believed.
    pub rates: RatePolicy,
    /// How Paytm is reached, if it is set up.
    pub paytm: Option<PaytmSetup>,
    /// Fees and limits.
    pub policy: FundsPolicy,
}

/// How Paytm is reached.
#[derive(Debug, Clone)]
pub struct PaytmSetup {
    /// Its address.
    pub url: String,
    /// What it calls us.
    pub merchant: String,
    /// What requests and answers are signed with.
    pub key: Option<Secret>,
    /// The time limit of a call.
    pub timeout: Duration,
}

impl FundsSetup {
    /// Nobody is asked: amounts are shown in other currencies only at rates that staff set.
    #[must_use]
    pub fn none() -> Self {
        Self {
            currencyapi: None,
            open_er: None,
            rates_timeout: Duration::from_secs(10),
            rates: RatePolicy::default(),
            paytm: None,
            policy: FundsPolicy::default(),
        }
    }

    pub(crate) fn of(settings: &Settings) -> Self {
        let currency = settings.currency.clone();
        Self {
            currencyapi: currency.currencyapi,
            open_er: currency.open_er,
            rates_timeout: currency.timeout,
            rates: currency.policy,
            paytm: settings.payments.paytm.clone().map(|paytm| PaytmSetup {
                url: paytm.url,
                merchant: paytm.merchant,
                key: paytm.key,
                timeout: paytm.timeout,
            }),
            policy: settings.payments.policy.clone(),
        }
    }

    /// Whom to ask about payments by Paytm.
    pub(crate) fn paytm(
        &self,
        ids: &Arc<dyn IdSource>,
    ) -> Result<Option<Arc<dyn PaymentGateway>>, OpenError> {
        let Some(paytm) = self.paytm.clone() else {
            return Ok(None);
        };
        let config = PaytmConfig {
            url: paytm.url,
            merchant: paytm.merchant,
            key: paytm.key,
            timeout: paytm.timeout,
        };
        let gateway = PaytmGateway::new(config, ids.clone());
        let gateway = gateway.map_err(|error| OpenError::Setup(format!("Paytm: {error}")))?;
        Ok(Some(Arc::new(gateway)))
    }

    /// Whom to ask for rates, in this order.
    pub(crate) fn rate_sources(&self) -> Result<Vec<Arc<dyn RateSource>>, OpenError> {
        let failed = |error: GatewayError| OpenError::Setup(error.to_string());
        let config = |url: &str, key: Secret| RateSourceConfig {
            url: url.to_owned(),
            key,
            timeout: self.rates_timeout,
        };
        let mut sources: Vec<Arc<dyn RateSource>> = Vec::new();
        if let Some((url, key)) = &self.currencyapi {
            let source = CurrencyApi::new(config(url, key.clone())).map_err(failed)?;
            sources.push(Arc::new(source));
        }
        if let Some(url) = &self.open_er {
            let source = OpenErApi::new(config(url, Secret::new(""))).map_err(failed)?;
            sources.push(Arc::new(source));
        }
        Ok(sources)
    }
}
