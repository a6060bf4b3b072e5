//! Asking for a mail with a link: to choose another password, or to prove the address.
//!
//! The answer is the same whether anybody has the address or not, and takes as long.

use actix_web::{HttpResponse, post, web};
use application::identity::{AskError, Browser, Wanted};
use domain::text::Email;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{callback, done};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::error::AuthError;
use crate::extract::{Client, Valid};
use crate::state::ApiState;

/// Whose password is forgotten. Other fields are ignored.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForgottenForm {
    #[schema(example = "alice@example.com", max_length = 254, format = Email)]
    email: String,
    /// The page of ours where another one is chosen; `/reset-password` unless it is given.
    #[schema(example = "/reset-password")]
    redirect_to: Option<String>,
}

/// Whose address is to be proven. Other fields are ignored.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationForm {
    #[schema(example = "alice@example.com", max_length = 254, format = Email)]
    email: String,
    /// The page of ours to go to afterwards.
    #[serde(rename = "callbackURL")]
    #[schema(example = "/dashboard")]
    callback_url: Option<String>,
}

/// Sends a link to choose another password with
///
/// The answer does not tell whether anybody has the address.
#[utoipa::path(
    tag = "Authentication",
    request_body = ForgottenForm,
    responses(
        (status = 200, description = "If somebody has the address, the mail is on its way", body = super::Done),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_EMAIL`"),
        (status = 403, description = "`INVALID_REDIRECTURL` or `INVALID_ORIGIN`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/forget-password")]
pub async fn forget_password(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    Valid(form): Valid<ForgottenForm>,
) -> Result<HttpResponse, AuthError> {
    forgotten(&state, &site, &browser, form).await
}

/// Sends a link to choose another password with, under its newer name
///
/// The answer does not tell whether anybody has the address.
#[utoipa::path(
    tag = "Authentication",
    request_body = ForgottenForm,
    responses(
        (status = 200, description = "If somebody has the address, the mail is on its way", body = super::Done),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_EMAIL`"),
        (status = 403, description = "`INVALID_REDIRECTURL` or `INVALID_ORIGIN`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/request-password-reset")]
pub async fn request_password_reset(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    Valid(form): Valid<ForgottenForm>,
) -> Result<HttpResponse, AuthError> {
    forgotten(&state, &site, &browser, form).await
}

async fn forgotten(
    state: &ApiState,
    site: &Site,
    browser: &Browser,
    form: ForgottenForm,
) -> Result<HttpResponse, AuthError> {
    let page = form.redirect_to;
    callback::check(page.as_deref(), &site.origins).map_err(|_| AuthCode::ForeignRedirect)?;
    ask(state, Wanted::PasswordReset, &form.email, page, browser).await
}

/// Sends a link that proves an address
///
/// The answer does not tell whether anybody has the address, nor whether it was proven before.
#[utoipa::path(
    tag = "Authentication",
    request_body = VerificationForm,
    responses(
        (status = 200, description = "If there is something to prove, the mail is on its way", body = super::Done),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_EMAIL`"),
        (status = 403, description = "`INVALID_CALLBACKURL` or `INVALID_ORIGIN`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/send-verification-email")]
pub async fn send_verification_email(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    Valid(form): Valid<VerificationForm>,
) -> Result<HttpResponse, AuthError> {
    callback::check(form.callback_url.as_deref(), &site.origins)?;
    ask(
        &state,
        Wanted::Verification,
        &form.email,
        form.callback_url,
        &browser,
    )
    .await
}

async fn ask(
    state: &ApiState,
    wanted: Wanted,
    email: &str,
    callback: Option<String>,
    browser: &Browser,
) -> Result<HttpResponse, AuthError> {
    let to = Email::parse(email).map_err(|_| AuthCode::InvalidEmail)?;
    match state
        .identity
        .ask_for_mail
        .ask(wanted, to, callback, browser)
        .await
    {
        Ok(()) => Ok(done()),
        Err(AskError::TooMany(error)) => {
            Err(AuthError::from(AuthCode::TooManyAttempts).retry_after(error.retry_after))
        }
        Err(AskError::Store(error)) => Err(error.into()),
    }
}
