//! How providers' lists are followed.

use actix_web::{HttpResponse, get, post, put, web};
use application::catalog::ManageSyncError;
use domain::ProviderId;
use domain::identity::right::{ServicesRead, ServicesWrite};

use super::sync_bodies::{SyncBody, SyncForm, sync_body};
use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid};
use crate::state::ApiState;

/// Shows how a provider's list is followed
///
/// With what came of the last reading.
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["services.read"])),
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "Rules and the last result", body = Envelope<SyncBody>),
        (status = 404, description = "`SYNC_NOT_FOUND`: nobody has set rules"),
    )
)]
#[get("/providers/{id}/sync")]
pub async fn show_sync(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesRead>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let sync = state.catalog.syncs.show(&staff, ProviderId(*id)).await;
    let body = sync_body(sync.map_err(sync_error)?);
    Ok(Said("SYNC_FETCHED", "Synchronisation fetched successfully").ok(body))
}

/// Sets how a provider's list is followed
///
/// The list is read again after a whole interval, or when it is asked for. Prices of orders that run do not change.
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["services.write"])),
    request_body = SyncForm,
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
    )
)]
#[put("/providers/{id}/sync")]
pub async fn set_sync(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
    Valid(form): Valid<SyncForm>,
) -> Result<HttpResponse, ApiError> {
    let (rules, paused) = (form.rules()?, form.paused);
    let set = state
        .catalog
        .syncs
        .set_rules(&staff, ProviderId(*id), &rules, paused)
        .await;
    set.map_err(sync_error)?;
    Ok(Said("SYNC_UPDATED", "Synchronisation updated successfully").ok(Nothing))
}

/// Reads a provider's list now
///
/// Paused or not. The answer does not wait for it.
#[utoipa::path(
    tag = "Providers",
    security(("session" = ["services.write"])),
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 202, description = "It will be read", body = Envelope<Nothing>),
        (status = 404, description = "`PROVIDER_NOT_FOUND` or `SYNC_NOT_FOUND`"),
    )
)]
#[post("/providers/{id}/sync")]
pub async fn trigger_sync(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let asked = state.catalog.syncs.trigger(&staff, ProviderId(*id)).await;
    asked.map_err(sync_error)?;
    Ok(Said("SYNC_REQUESTED", "Synchronisation requested successfully").accepted(Nothing))
}

fn sync_error(error: ManageSyncError) -> ApiError {
    match error {
        ManageSyncError::UnknownProvider => Code::ProviderNotFound.into(),
        ManageSyncError::NoRules => Code::SyncNotFound.into(),
        ManageSyncError::Store(error) => error.into(),
    }
}
