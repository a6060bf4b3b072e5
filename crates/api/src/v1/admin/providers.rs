//! Providers.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use application::providers::{
    AddProviderError, ArchiveProviderError, EditProviderError, RevealKeyError, RevealedKey,
};
use domain::ProviderId;
use domain::identity::right::{ProvidersRead, ProvidersReveal, ProvidersWrite};

use super::Added;
use super::provider_bodies::{ProviderForm, ProviderRow, RevealedProvider};
use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid, field_error};
use crate::state::ApiState;

/// Lists providers, newest first
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.read"])),
    responses((status = 200, description = "Every provider", body = Envelope<Vec<ProviderRow>>))
)]
#[get("/providers")]
pub async fn list_providers(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersRead>,
) -> Result<HttpResponse, ApiError> {
    let providers = state.providers.admin.list(&staff).await?;
    let rows: Vec<_> = providers.into_iter().map(ProviderRow::from).collect();
    Ok(Said("PROVIDERS_FETCHED", "Providers fetched successfully").ok(rows))
}

/// Adds a provider
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.write"])),
    request_body = ProviderForm,
    responses(
        (status = 201, description = "Its id", body = Envelope<Added>),
        (status = 400, description = "`PROVIDER_ADDRESS_REFUSED` or `VALIDATION_ERROR`"),
        (status = 409, description = "`PROVIDER_EXISTS`"),
    )
)]
#[post("/providers")]
pub async fn add_provider(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersWrite>,
    Valid(form): Valid<ProviderForm>,
) -> Result<HttpResponse, ApiError> {
    let id = state.providers.admin.add(&staff, &form.into_addition()?).await;
    let id = id.map_err(add_error)?.0;
    Ok(Said("PROVIDER_ADDED", "Provider added successfully").created(Added { id }))
}

/// Edits a provider
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.write"])),
    request_body = ProviderForm,
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 400, description = "`PROVIDER_ADDRESS_REFUSED` or `VALIDATION_ERROR`"),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 409, description = "`PROVIDER_EXISTS`, `PROVIDER_HAS_SERVICES` or `PROVIDER_HAS_ORDERS`"),
    )
)]
#[patch("/providers/{id}")]
pub async fn edit_provider(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersWrite>,
    id: web::Path<i64>,
    Valid(form): Valid<ProviderForm>,
) -> Result<HttpResponse, ApiError> {
    let edited = state
        .providers
        .admin
        .edit(&staff, ProviderId(*id), &form.into_edit()?)
        .await;
    edited.map_err(edit_error)?;
    Ok(Said("PROVIDER_EDITED", "Provider edited successfully").ok(Nothing))
}

/// Removes a provider
///
/// Its services are no longer offered; orders that it has live on.
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.write"])),
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
    )
)]
#[delete("/providers/{id}")]
pub async fn archive_provider(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersWrite>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let archived = state.providers.admin.archive(&staff, ProviderId(*id)).await;
    archived.map_err(archive_error)?;
    Ok(Said("PROVIDER_DELETED", "Provider deleted successfully").ok(Nothing))
}

/// Shows a provider's key
///
/// The audit log keeps who saw it.
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["providers.reveal"])),
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "The provider with its key", body = Envelope<RevealedProvider>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
    )
)]
#[get("/providers/key/{id}")]
pub async fn reveal_key(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ProvidersReveal>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let revealed = state.providers.admin.reveal_key(&staff, ProviderId(*id)).await;
    let body = revealed_body(&revealed.map_err(reveal_error)?);
    Ok(Said("PROVIDER_KEY_FETCHED", "Provider key fetched successfully").ok(body))
}

fn revealed_body(revealed: &RevealedKey) -> RevealedProvider {
    RevealedProvider {
        id: revealed.provider.id.0,
        api_key: revealed.api_key.reveal().to_owned(),
        name: revealed.provider.name.to_string(),
        api_url: revealed.provider.api_url.clone(),
    }
}

fn add_error(error: AddProviderError) -> ApiError {
    match error {
        AddProviderError::Address(error) => ApiError::new(Code::ProviderAddressRefused, error.to_string()),
        AddProviderError::NameTaken => Code::ProviderExists.into(),
        AddProviderError::Seal(error) => ApiError::internal(error),
        AddProviderError::Store(error) => error.into(),
    }
}

fn edit_error(error: EditProviderError) -> ApiError {
    match error {
        EditProviderError::Missing => Code::ProviderNotFound.into(),
        EditProviderError::Address(error) => ApiError::new(Code::ProviderAddressRefused, error.to_string()),
        EditProviderError::NameTaken => Code::ProviderExists.into(),
        EditProviderError::HasServices(_) => Code::ProviderHasServices.into(),
        EditProviderError::KeyNeeded => field_error("apiKey", "is required for another address"),
        EditProviderError::HasOrders => Code::ProviderHasOrders.into(),
        EditProviderError::Seal(error) => ApiError::internal(error),
        EditProviderError::Store(error) => error.into(),
    }
}

fn archive_error(error: ArchiveProviderError) -> ApiError {
    match error {
        ArchiveProviderError::Missing => Code::ProviderNotFound.into(),
        ArchiveProviderError::Store(error) => error.into(),
    }
}

fn reveal_error(error: RevealKeyError) -> ApiError {
    match error {
        RevealKeyError::Missing => Code::ProviderNotFound.into(),
        RevealKeyError::Seal(error) => ApiError::internal(error),
        RevealKeyError::Store(error) => error.into(),
    }
}
