//! Everything about keys that the web application's page cannot say.

use std::time::Duration;

use actix_web::{HttpResponse, delete, get, patch, post, web};
use domain::ApiKeyId;

use super::bodies::{HandedKey, ManagedKey, ManagedKeys, OneKey};
use super::forms::{KeyForm, RotateForm};
use super::refused;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{Customer, Valid};
use crate::state::ApiState;

/// How long the key of before still opens, if nothing else is said.
const OVERLAP: Duration = Duration::from_hours(24);

/// Lists the caller's API keys, newest first, without what opens them
#[utoipa::path(
    tag = "API keys",
    responses((status = 200, description = "The keys", body = Envelope<ManagedKeys>))
)]
#[get("")]
pub async fn list_keys(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
) -> Result<HttpResponse, ApiError> {
    let keys = state.api_keys.manage.list(&caller).await?;
    let now = state.clock.now();
    let api_keys = keys
        .into_iter()
        .map(|shown| ManagedKey::new(shown.key, Some(&shown.public_id), now))
        .collect();
    Ok(Said("API_KEYS_FETCHED", "API keys fetched successfully").ok(ManagedKeys { api_keys }))
}

/// Makes an API key
///
/// The answer carries the key. The list of the web application's page shows it again.
#[utoipa::path(
    tag = "API keys",
    request_body = KeyForm,
    responses(
        (status = 201, description = "The key", body = Envelope<HandedKey>),
        (status = 403, description = "`REAUTHENTICATION_REQUIRED`, `FORBIDDEN` or `INVALID_ORIGIN`"),
        (status = 409, description = "`API_KEY_LIMIT`"),
    )
)]
#[post("")]
pub async fn make_key(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    Valid(form): Valid<KeyForm>,
) -> Result<HttpResponse, ApiError> {
    let made = state.api_keys.manage.make(&caller, &form.into_key()?).await;
    let made = HandedKey::new(made.map_err(refused)?, state.clock.now());
    Ok(Said("API_KEY_CREATED", "API key created successfully").created(made))
}

/// Changes what an API key may do
///
/// It counts from the next request on. Another period of the spend cap begins with nothing spent.
#[utoipa::path(
    tag = "API keys",
    params(("id" = String, Path, description = "The key")),
    request_body = KeyForm,
    responses(
        (status = 200, description = "The key now", body = Envelope<OneKey>),
        (status = 403, description = "`REAUTHENTICATION_REQUIRED`, `FORBIDDEN` or `INVALID_ORIGIN`"),
        (status = 404, description = "`API_KEY_NOT_FOUND`"),
    )
)]
#[patch("/{id}")]
pub async fn edit_key(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    id: web::Path<String>,
    Valid(form): Valid<KeyForm>,
) -> Result<HttpResponse, ApiError> {
    let (id, edit) = (ApiKeyId::new(id.into_inner()), form.into_edit()?);
    let edited = state.api_keys.manage.edit(&caller, &id, &edit).await;
    let api_key = ManagedKey::new(edited.map_err(refused)?, None, state.clock.now());
    Ok(Said("API_KEY_UPDATED", "API key updated successfully").ok(OneKey { api_key }))
}

/// Gives an API key another secret
///
/// The key of before opens for a while, so that programs can be told one after the other. While it does, the key is rotated again
/// only without an overlap, which ends both.
#[utoipa::path(
    tag = "API keys",
    params(("id" = String, Path, description = "The key")),
    request_body = RotateForm,
    responses(
        (status = 200, description = "The key from now on", body = Envelope<HandedKey>),
        (status = 403, description = "`REAUTHENTICATION_REQUIRED`, `FORBIDDEN` or `INVALID_ORIGIN`"),
        (status = 404, description = "`API_KEY_NOT_FOUND`"),
        (status = 409, description = "`API_KEY_ROTATING`"),
    )
)]
#[post("/{id}/rotate")]
pub async fn rotate_key(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    id: web::Path<String>,
    Valid(form): Valid<RotateForm>,
) -> Result<HttpResponse, ApiError> {
    let id = ApiKeyId::new(id.into_inner());
    let overlap = form.overlap_seconds.map_or(OVERLAP, Duration::from_secs);
    let made = state.api_keys.manage.rotate(&caller, &id, overlap).await;
    let made = HandedKey::new(made.map_err(refused)?, state.clock.now());
    Ok(Said("API_KEY_ROTATED", "API key rotated successfully").ok(made))
}

/// Deletes an API key: it opens nothing from then on
#[utoipa::path(
    tag = "API keys",
    params(("id" = String, Path, description = "The key")),
    responses(
        (status = 200, description = "It is gone", body = Envelope<Nothing>),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 404, description = "`API_KEY_NOT_FOUND`"),
    )
)]
#[delete("/{id}")]
pub async fn delete_key(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = ApiKeyId::new(id.into_inner());
    state
        .api_keys
        .manage
        .delete(&caller, &id)
        .await
        .map_err(refused)?;
    Ok(Said("API_KEY_DELETED", "API key deleted successfully").ok(Nothing))
}
