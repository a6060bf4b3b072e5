//! In which currency amounts are wanted.

use std::time::Duration;

use application::currency::ShowError;
use domain::currency::Currency;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use crate::codes::Code;
use crate::error::ApiError;

/// When to ask again for a rate that is missing.
const NO_RATE_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The currency that the page would like.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CurrencyQuery {
    /// A code of ISO 4217; USD if it is missing. Amounts are kept in USD whatever is asked for.
    #[param(example = "USD")]
    pub currency: Option<String>,
}

impl CurrencyQuery {
    /// The currency.
    ///
    /// # Errors
    /// [`Code::CurrencyUnknown`].
    pub fn wanted(&self) -> Result<Currency, ApiError> {
        match self.currency.as_deref().map(str::trim) {
            None | Some("") => Ok(Currency::ledger()),
            Some(code) => Currency::parse(code).map_err(|_| Code::CurrencyUnknown.into()),
        }
    }
}

impl From<ShowError> for ApiError {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::NoRate(currency) => Self::from(Code::CurrencyUnavailable)
                .with_details(json!({ "currency": currency.as_str() }))
                .retry_after(NO_RATE_RETRY_AFTER),
            ShowError::Store(error) => error.into(),
        }
    }
}
