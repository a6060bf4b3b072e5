//! Choosing another password with a link that was mailed.

use actix_web::http::header::LOCATION;
use actix_web::web::Query;
use actix_web::{HttpResponse, get, post, web};
use application::identity::{Password, ResetPasswordError};
use domain::Secret;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::sign_up::{password_error, password_refusal};
use super::{callback, done};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::error::AuthError;
use crate::extract::{Client, Valid};
use crate::state::ApiState;

/// Where the link leads in the end.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Landing {
    /// The page of ours where the password is chosen.
    #[serde(rename = "callbackURL")]
    #[param(required = true, example = "/reset-password")]
    callback_url: Option<String>,
}

/// A token, where it does not stand in the body.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenInQuery {
    /// The token of the link.
    token: Option<String>,
}

/// The new password. Other fields are ignored.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetForm {
    /// 8 to 128 characters of any kind.
    #[schema(example = "Correct-Horse-2", min_length = 8, max_length = 128, format = Password)]
    new_password: String,
    /// The token of the link.
    #[schema(example = "8dgNqVx0pYw3RkLm5TzJbC7uEoHsAiFn")]
    token: Option<String>,
}

/// Follows the link of the mail
///
/// Leads to the page where the password is chosen, with `?token=…`, or with `?error=INVALID_TOKEN`. Following the link
/// does not use it up: programs that look at mails follow links, too.
#[utoipa::path(
    tag = "Authentication",
    params(("token" = String, Path, description = "The token")),
    responses(
        (status = 302, description = "To the page", headers(("Location" = String, description = "The page"))),
        (status = 400, description = "`VALIDATION_ERROR`"),
        (status = 403, description = "`INVALID_CALLBACKURL`"),
    )
)]
#[get("/reset-password/{token}")]
pub async fn follow_reset_link(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    token: web::Path<String>,
    Query(landing): Query<Landing>,
) -> Result<HttpResponse, AuthError> {
    let page = landing.callback_url.ok_or(AuthCode::InvalidQuery)?;
    callback::check(Some(&page), &site.origins)?;
    let token = Secret::new(token.into_inner());
    let result = if state.identity.reset_password.is_valid(&token).await? {
        ("token", token.reveal())
    } else {
        ("error", "INVALID_TOKEN")
    };
    Ok(HttpResponse::Found()
        .insert_header((LOCATION, callback::landing(&page, Some(result), &site)))
        .finish())
}

/// Chooses another password
///
/// The token works once. Every session of the user ends.
#[utoipa::path(
    tag = "Authentication",
    request_body = ResetForm,
    responses(
        (status = 200, description = "Signing in takes the new password now", body = super::Done),
        (status = 400, description = "`INVALID_TOKEN`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, \
            `PASSWORD_COMPROMISED` or `VALIDATION_ERROR`"),
    )
)]
#[post("/reset-password")]
pub async fn reset_password(
    state: web::Data<ApiState>,
    Client(browser): Client,
    Query(query): Query<TokenInQuery>,
    Valid(form): Valid<ResetForm>,
) -> Result<HttpResponse, AuthError> {
    let token = form.token.or(query.token);
    let token = token.filter(|it| !it.is_empty()).ok_or(AuthCode::InvalidToken)?;
    let password = Password::parse(&form.new_password).map_err(password_refusal)?;
    match state
        .identity
        .reset_password
        .reset(&Secret::new(token), &password, &browser.origin())
        .await
    {
        Ok(()) => Ok(done()),
        Err(ResetPasswordError::InvalidToken) => Err(AuthCode::InvalidToken.into()),
        Err(ResetPasswordError::Refused(refusal)) => Err(password_refusal(refusal)),
        Err(ResetPasswordError::Password(error)) => Err(password_error(error)),
        Err(ResetPasswordError::Store(error)) => Err(error.into()),
    }
}
