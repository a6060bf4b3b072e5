//! Exchange rates.

use actix_web::{HttpResponse, delete, get, post, web};
use application::currency::{RateOverview, SetRateError};
use domain::currency::{Currency, ExchangeRate, MANUAL, QuotedRate};
use domain::identity::right::{RatesRead, RatesWrite};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, TextOrNumber, Valid, decimal_text, field_error};
use crate::state::ApiState;
use crate::wire::WireTime;

/// Exchange rates and where they come from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RatesBody {
    /// Names what is in force; orders keep it. Null if nothing is.
    set: Option<i64>,
    /// Since when that is in force.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<WireTime>,
    /// How old the rate of a source may be, in seconds.
    max_age_seconds: u64,
    /// By currency.
    rates: Vec<RateBody>,
    /// Who is asked, and what became of it.
    sources: Vec<SourceBody>,
}

/// The rate of a currency.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateBody {
    #[schema(example = "INR")]
    currency: String,
    /// Units for 1 USD, exact.
    #[schema(value_type = TextOrNumber)]
    rate: String,
    /// `manual`, or the name of a source.
    #[schema(example = "open.er-api")]
    source: String,
    /// When it was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: WireTime,
    /// Whether it is used. One that is too old is not.
    trusted: bool,
    /// Who set it, if somebody did.
    set_by: Option<String>,
}

/// A source of rates.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceBody {
    #[schema(example = "open.er-api")]
    source: String,
    #[schema(value_type = String, format = DateTime)]
    asked_at: WireTime,
    /// When its rates were so.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<WireTime>,
    /// Why it, or some of its rates, were not used.
    problem: Option<String>,
}

/// A rate set by hand.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateForm {
    /// Units for 1 USD, above zero; a number or a decimal text.
    #[serde(deserialize_with = "decimal_text")]
    #[schema(example = "83.38")]
    rate: String,
    /// Why; for the audit log.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(example = "The bank's rate of today", min_length = 1, max_length = 500)]
    reason: String,
}

/// Shows the exchange rates, and what became of asking for them
#[utoipa::path(
    tag = "Rates",
    security(("session" = ["rates.read"])),
    responses((status = 200, description = "The rates", body = Envelope<RatesBody>))
)]
#[get("/rates")]
pub async fn show_rates(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<RatesRead>,
) -> Result<HttpResponse, ApiError> {
    let overview = state.currency.manage.overview(&staff).await?;
    Ok(Said("RATES_FETCHED", "Exchange rates fetched successfully").ok(body(&state, &overview)))
}

/// Sets an exchange rate by hand
///
/// It stands above those of every source until it is taken back.
#[utoipa::path(
    tag = "Rates",
    security(("session" = ["rates.write"])),
    request_body = RateForm,
    params(("currency" = String, Path, description = "A code of ISO 4217 other than USD")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 400, description = "`CURRENCY_UNKNOWN` or `VALIDATION_ERROR`"),
    )
)]
#[post("/rates/{currency}")]
pub async fn set_rate(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<RatesWrite>,
    currency: web::Path<String>,
    Valid(form): Valid<RateForm>,
) -> Result<HttpResponse, ApiError> {
    let currency = parsed(&currency)?;
    let rate = ExchangeRate::parse(&form.rate).map_err(|error| field_error("rate", error))?;
    let set = state
        .currency
        .manage
        .set(&staff, &currency, rate, &form.reason)
        .await;
    set.map_err(set_error)?;
    Ok(Said("RATE_SET", "Exchange rate set successfully").ok(Nothing))
}

/// Takes an exchange rate back that was set by hand
///
/// The currency has no rate until a source is asked again, which is at once.
#[utoipa::path(
    tag = "Rates",
    security(("session" = ["rates.write"])),
    params(("currency" = String, Path, description = "A code of ISO 4217")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`RATE_NOT_FOUND`"),
    )
)]
#[delete("/rates/{currency}")]
pub async fn drop_rate(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<RatesWrite>,
    currency: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let dropped = state.currency.manage.take_back(&staff, &parsed(&currency)?).await;
    dropped.map_err(set_error)?;
    Ok(Said("RATE_DROPPED", "Exchange rate taken back successfully").ok(Nothing))
}

fn parsed(code: &str) -> Result<Currency, ApiError> {
    Currency::parse(code).map_err(|_| Code::CurrencyUnknown.into())
}

fn set_error(error: SetRateError) -> ApiError {
    match error {
        SetRateError::Ledger => ApiError::new(Code::CurrencyUnknown, "USD is what amounts are kept in."),
        SetRateError::Reason(error) => field_error("reason", error),
        SetRateError::Missing => Code::RateNotFound.into(),
        SetRateError::Store(error) => error.into(),
    }
}

fn body(state: &ApiState, overview: &RateOverview) -> RatesBody {
    let (max_age, now) = (state.currency.rates.policy().max_age, state.clock.now());
    let set = overview.set.as_deref();
    let rate = |rate: &QuotedRate| RateBody {
        currency: rate.currency.to_string(),
        rate: rate.rate.to_string(),
        source: rate.source.clone(),
        as_of: WireTime(rate.as_of),
        trusted: rate.is_trusted(now, max_age),
        set_by: overview
            .manual
            .iter()
            .find(|manual| rate.source == MANUAL && manual.currency == rate.currency)
            .map(|manual| manual.by.to_string()),
    };
    let sources = overview.sources.iter().map(|source| SourceBody {
        source: source.source.clone(),
        asked_at: WireTime(source.asked_at),
        as_of: source.as_of.map(WireTime),
        problem: source.problem.clone(),
    });
    RatesBody {
        set: set.map(|set| set.id.0),
        since: set.map(|set| WireTime(set.at)),
        max_age_seconds: max_age.as_secs(),
        rates: set
            .into_iter()
            .flat_map(|set| set.rates.values())
            .map(rate)
            .collect(),
        sources: sources.collect(),
    }
}
