//! Services.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::{HttpResponse, delete, get, post, web};
use application::catalog::{AddServiceError, ArchiveServiceError};
use domain::catalog::{QuantityRange, Service, ServiceType, Stopped};
use domain::identity::right::{ServicesRead, ServicesWrite};
use domain::{ProviderId, Rate, ServiceId};
use ports::catalog::ServiceView;
use ports::gateway::PanelService;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::Added;
use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{
    StaffMember, TextOrNumber, Valid, WholeNumber, decimal_text, field_error, text_or_number, whole_number,
};
use crate::state::ApiState;
use crate::v1::dashboard::CURRENCY;
use crate::wire::{WireTime, rate_number, rate_text};

/// Whose service is added.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProviderQuery {
    /// The provider's id.
    #[serde(rename = "provider-id")]
    #[param(value_type = i64)]
    provider_id: Option<String>,
}

/// One row of a provider's offer, sent back. Other fields are ignored.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct OfferForm {
    /// The provider's id of it; may be a number.
    #[serde(deserialize_with = "text_or_number")]
    #[validate(length(min = 1, max = 64, message = "must be 1 to 64 characters"))]
    #[schema(value_type = TextOrNumber)]
    service: String,
    #[validate(length(min = 1, message = "is required"))]
    #[schema(example = "IG Followers")]
    name: String,
    /// What kind of order it takes; `Default` if missing.
    #[serde(rename = "type", default)]
    #[schema(example = "Default")]
    kind: String,
    /// The provider's category. The service is uncategorized until staff choose one.
    #[serde(default)]
    category: String,
    /// The provider's price of 1000, or of one package, as the list of its services shows it; may be a number.
    #[serde(deserialize_with = "decimal_text")]
    #[schema(value_type = TextOrNumber)]
    rate: String,
    /// May be text.
    #[serde(deserialize_with = "whole_number")]
    #[schema(value_type = WholeNumber)]
    min: u64,
    /// May be text. More than any order may have is read as that.
    #[serde(deserialize_with = "whole_number")]
    #[schema(value_type = WholeNumber)]
    max: u64,
    #[serde(default)]
    refill: bool,
    #[serde(default)]
    cancel: bool,
    #[serde(default)]
    dripfeed: bool,
    #[serde(default)]
    description: Option<String>,
}

/// A service as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRow {
    id: i64,
    /// The provider's id of it.
    #[schema(example = "1")]
    service: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "Default")]
    kind: String,
    /// The provider's price of 1000, or of one package.
    #[schema(example = 0.9)]
    rate: f64,
    /// What we add to it.
    #[schema(example = 0.5)]
    profit: Option<f64>,
    min: u64,
    max: u64,
    dripfeed: bool,
    refill: bool,
    cancel: bool,
    /// The category's name.
    category: String,
    currency: &'static str,
    /// `active` or `disabled`.
    availability: &'static str,
    /// Why the synchronisation stopped selling it: `vanished`, `loss`, or null.
    stopped: Option<&'static str>,
    /// The selling price of 1000, or of one package, exact; null if it does not fit.
    #[schema(example = "1.40")]
    price: Option<String>,
    /// The price that staff fixed; null while it follows the provider's.
    #[schema(example = "1.40")]
    fixed_price: Option<String>,
    /// Whether it is sold even below its cost.
    sell_at_loss: bool,
    description: Option<String>,
    /// How long a delivery usually takes, in words.
    #[schema(example = "2 hours")]
    average_time: Option<String>,
    category_id: i64,
    provider_id: i64,
    /// Who added it.
    user_id: String,
    #[serde(rename = "updated_at")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
}

/// Lists services, newest first
#[utoipa::path(
    tag = "Services",
    security(("session" = ["services.read"])),
    responses((status = 200, description = "Every service", body = Envelope<Vec<ServiceRow>>))
)]
#[get("/services")]
pub async fn list_services(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesRead>,
) -> Result<HttpResponse, ApiError> {
    let services = state.catalog.services.list(&staff).await?;
    let rows: Vec<_> = services.into_iter().map(row).collect();
    Ok(Said("SERVICES_FETCHED", "Services fetched successfully").ok(rows))
}

/// Adds one service of a provider
///
/// It is uncategorized and without profit until staff edit it.
#[utoipa::path(
    tag = "Services",
    security(("session" = ["services.write"])),
    request_body = OfferForm,
    params(ProviderQuery),
    responses(
        (status = 201, description = "Its id", body = Envelope<Added>),
        (status = 400, description = "`PROVIDER_ID_REQUIRED` or `VALIDATION_ERROR`"),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 409, description = "`SERVICE_ALREADY_EXIST`"),
    )
)]
#[post("/services")]
pub async fn add_service(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    query: web::Query<ProviderQuery>,
    Valid(form): Valid<OfferForm>,
) -> Result<HttpResponse, ApiError> {
    let (provider, offer) = (query.provider()?, form.into_offer()?);
    let id = state.catalog.services.add(&staff, provider, &offer).await;
    let id = id.map_err(add_error)?.0;
    Ok(Said("SERVICE_ADDED", "Service added successfully").created(Added { id }))
}

/// Removes a service
///
/// Orders of it live on.
#[utoipa::path(
    tag = "Services",
    security(("session" = ["services.write"])),
    params(("id" = i64, Path, description = "The service")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`SERVICE_NOT_FOUND`"),
    )
)]
#[delete("/services/{id}")]
pub async fn archive_service(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let archived = state.catalog.services.archive(&staff, ServiceId(*id)).await;
    archived.map_err(archive_error)?;
    Ok(Said("SERVICES_DELETED", "Service deleted successfully").ok(Nothing))
}

impl ProviderQuery {
    /// The page sends the text `null` when nothing is selected.
    fn provider(&self) -> Result<ProviderId, ApiError> {
        self.provider_id
            .as_deref()
            .and_then(|text| text.trim().parse().ok())
            .map(ProviderId)
            .ok_or_else(|| Code::ProviderIdRequired.into())
    }
}

impl OfferForm {
    fn into_offer(self) -> Result<PanelService, ApiError> {
        Ok(PanelService {
            rate: Rate::parse_quoted(&self.rate).map_err(|error| field_error("rate", error))?,
            quantity: QuantityRange::clamped(self.min, self.max)
                .ok_or_else(|| field_error("min", "must not be above max"))?,
            service_type: ServiceType::parse(&self.kind),
            upstream_id: self.service,
            name: self.name,
            category: self.category,
            dripfeed: self.dripfeed,
            refill: self.refill,
            cancel: self.cancel,
            description: self.description,
        })
    }
}

fn row(view: ServiceView) -> ServiceRow {
    let service = view.service;
    let (price, profit) = (service.selling_rate(), profit(&service));
    ServiceRow {
        id: service.id.0,
        service: service.upstream_id,
        name: service.name.to_string(),
        kind: service.service_type.as_str().to_owned(),
        rate: rate_number(service.rate),
        profit,
        min: service.quantity.min(),
        max: service.quantity.max(),
        dripfeed: service.dripfeed,
        refill: service.refill,
        cancel: service.cancel,
        category: view.category_name,
        currency: CURRENCY,
        availability: service.availability.as_str(),
        stopped: service.stopped.map(Stopped::as_str),
        price: price.map(rate_text),
        fixed_price: service.fixed_price.map(rate_text),
        sell_at_loss: service.sell_at_loss,
        description: service.description,
        average_time: service.average_time,
        category_id: service.category.0,
        provider_id: service.provider.0,
        user_id: view.created_by.to_string(),
        updated_at: WireTime(service.updated_at),
        created_at: WireTime(service.created_at),
    }
}

/// What the page adds to the rate to show the price. Below zero where a fixed price is below the cost.
fn profit(service: &Service) -> Option<f64> {
    match service.fixed_price {
        None => service.profit.map(rate_number),
        Some(price) => Some(match price.checked_sub(service.rate) {
            Some(profit) => rate_number(profit),
            None => -service.rate.checked_sub(price).map_or(0.0, rate_number),
        }),
    }
}

fn add_error(error: AddServiceError) -> ApiError {
    match error {
        AddServiceError::UnknownProvider => Code::ProviderNotFound.into(),
        AddServiceError::AlreadyThere => Code::ServiceExists.into(),
        AddServiceError::Text(error) => field_error("name", error),
        AddServiceError::Store(error) => error.into(),
    }
}

fn archive_error(error: ArchiveServiceError) -> ApiError {
    match error {
        ArchiveServiceError::Missing => Code::ServiceNotFound.into(),
        ArchiveServiceError::Store(error) => error.into(),
    }
}
