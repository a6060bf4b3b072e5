//! Providers asked directly.

use actix_web::{HttpResponse, get, post, web};
use application::providers::{AskProviderError, ConnectionReport};
use domain::ProviderId;
use domain::identity::right::ProvidersRead;
use ports::gateway::PanelService;
use serde::Serialize;
use utoipa::ToSchema;

use super::provider_bodies::BalanceBody;
use crate::codes::Code;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::StaffMember;
use crate::state::ApiState;
use crate::wire::rate_text;

/// A service as the provider offers it, in the words of panels.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedService {
    /// The provider's id of it, always as text.
    #[schema(example = "1")]
    service: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "Default")]
    kind: String,
    category: String,
    /// The price of 1000 in USD, or of one package as staff say that the provider lists it.
    #[schema(example = "0.90")]
    rate: String,
    #[schema(example = "50")]
    min: String,
    #[schema(example = "10000")]
    max: String,
    refill: bool,
    cancel: bool,
    dripfeed: bool,
    description: Option<String>,
}

/// A connection that works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionBody {
    #[serde(flatten)]
    balance: BalanceBody,
    /// How long the provider took to answer, in milliseconds.
    #[schema(example = 84)]
    took_ms: u64,
}

/// Lists what a provider offers
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.read"])),
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "Its services", body = Envelope<Vec<OfferedService>>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 409, description = "`PROVIDER_CURRENCY_DIFFERS`"),
        (status = 502, description = "`PROVIDER_ERROR`"),
        (status = 503, description = "`PROVIDER_BUSY` or `CURRENCY_UNAVAILABLE`"),
    )
)]
#[get("/providers/services/{id}")]
pub async fn offered_services(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersRead>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let offer = state.providers.connection.services(&staff, ProviderId(*id)).await;
    let services = offer.map_err(ask_error)?.services;
    let rows: Vec<_> = services.into_iter().map(offered).collect();
    Ok(Said("SERVICES_FETCHED", "Services fetched successfully").ok(rows))
}

/// Tests a provider's address and key
///
/// Asks for our balance there and keeps the answer.
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.read"])),
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "It works", body = Envelope<ConnectionBody>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 502, description = "`PROVIDER_ERROR`"),
        (status = 503, description = "`PROVIDER_BUSY`"),
    )
)]
#[post("/providers/{id}/test")]
pub async fn test_connection(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersRead>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let report = state.providers.connection.test(&staff, ProviderId(*id)).await;
    let body = connection(report.map_err(ask_error)?);
    Ok(Said("PROVIDER_CONNECTED", "Provider answered successfully").ok(body))
}

/// Asks a provider for our balance
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.read"])),
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "The balance", body = Envelope<BalanceBody>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 502, description = "`PROVIDER_ERROR`"),
        (status = 503, description = "`PROVIDER_BUSY`"),
    )
)]
#[get("/providers/{id}/balance")]
pub async fn provider_balance(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersRead>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let report = state.providers.connection.test(&staff, ProviderId(*id)).await;
    let balance = BalanceBody::from(report.map_err(ask_error)?.balance);
    Ok(Said("PROVIDER_BALANCE", "Provider balance fetched successfully").ok(balance))
}

fn connection(report: ConnectionReport) -> ConnectionBody {
    ConnectionBody {
        took_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        balance: report.balance.into(),
    }
}

fn offered(service: PanelService) -> OfferedService {
    OfferedService {
        service: service.upstream_id,
        name: service.name,
        kind: service.service_type.as_str().to_owned(),
        category: service.category,
        rate: rate_text(service.rate),
        min: service.quantity.min().to_string(),
        max: service.quantity.max().to_string(),
        refill: service.refill,
        cancel: service.cancel,
        dripfeed: service.dripfeed,
        description: service.description,
    }
}

/// Why a provider's answer is not to be had. Its own words are shown to staff; the key is not in them.
pub fn ask_error(error: AskProviderError) -> ApiError {
    match error {
        AskProviderError::Missing => Code::ProviderNotFound.into(),
        AskProviderError::NotNow { retry_after } => {
            ApiError::from(Code::ProviderBusy).retry_after(retry_after)
        }
        AskProviderError::Panel(error) => ApiError::new(
            Code::ProviderFailed,
            format!("The provider gave no usable answer: {error}"),
        ),
        AskProviderError::OtherCurrency { said, set } => ApiError::new(
            Code::ProviderCurrency,
            format!(
                "The provider bills in {said}, and its currency is set to {set}. Set it to what it bills in, and test the connection."
            ),
        ),
        AskProviderError::NoRate(currency) => ApiError::new(
            Code::CurrencyUnavailable,
            format!(
                "There is no trustworthy exchange rate of {currency}, in which the provider bills. Set one by hand, or wait for one."
            ),
        ),
        AskProviderError::Seal(error) => ApiError::internal(error),
        AskProviderError::Store(error) => error.into(),
    }
}
