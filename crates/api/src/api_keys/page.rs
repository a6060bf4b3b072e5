//! What the web application's page of keys asks. It shows a key in the list and nowhere else, so the list carries it.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use application::api_keys::{KeyEdit, NewKey};
use domain::ApiKeyId;
use domain::api_keys::key_name;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::bodies::PageKey;
use super::refused;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{Customer, Valid, field_error};
use crate::state::ApiState;

/// A key to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct PageKeyForm {
    /// What it is called, 2 to 32 characters.
    #[schema(example = "Prod key", min_length = 2, max_length = 32)]
    name: String,
}

/// A key to be renamed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct PageRenameForm {
    /// Which key.
    id: String,
    /// What it is called from now on, 2 to 32 characters.
    #[schema(example = "Prod key", min_length = 2, max_length = 32)]
    name: String,
}

/// Lists the caller's API keys, newest first, with what programs show
///
/// Answers under `/api/v2/api-key` and `/api/v1/api-key` too, and so do the other routes of this page.
#[utoipa::path(
    tag = "API keys",
    responses((status = 200, description = "The keys", body = Envelope<Vec<PageKey>>))
)]
#[get("")]
pub async fn list_page_keys(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
) -> Result<HttpResponse, ApiError> {
    let keys = state.api_keys.manage.list(&caller).await?;
    let keys: Vec<PageKey> = keys.into_iter().map(PageKey::from).collect();
    Ok(Said("API_KEYS_FETCHED", "API keys fetched successfully").ok(keys))
}

/// Makes an API key for everything
#[utoipa::path(
    tag = "API keys",
    request_body = PageKeyForm,
    responses(
        (status = 201, description = "It is in the list", body = Envelope<Nothing>),
        (status = 409, description = "`API_KEY_LIMIT`"),
    )
)]
#[post("")]
pub async fn make_page_key(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    Valid(form): Valid<PageKeyForm>,
) -> Result<HttpResponse, ApiError> {
    let new = NewKey::named(name(&form.name)?);
    state.api_keys.manage.make(&caller, &new).await.map_err(refused)?;
    Ok(Said("API_KEY_CREATED", "API key created successfully").created(Nothing))
}

/// Renames an API key
#[utoipa::path(
    tag = "API keys",
    request_body = PageRenameForm,
    responses(
        (status = 200, description = "It is renamed", body = Envelope<Nothing>),
        (status = 404, description = "`API_KEY_NOT_FOUND`"),
    )
)]
#[patch("")]
pub async fn rename_page_key(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    Valid(form): Valid<PageRenameForm>,
) -> Result<HttpResponse, ApiError> {
    let edit = KeyEdit {
        name: Some(name(&form.name)?),
        ..KeyEdit::default()
    };
    let id = ApiKeyId::new(form.id);
    let edited = state.api_keys.manage.edit(&caller, &id, &edit).await;
    edited.map_err(refused)?;
    Ok(Said("API_KEY_UPDATED", "API key updated successfully").ok(Nothing))
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
pub async fn delete_page_key(
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

fn name(text: &str) -> Result<String, ApiError> {
    key_name(text).map_err(|error| field_error("name", error))
}
