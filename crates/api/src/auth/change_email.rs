//! Moving to another address.

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, post, web};
use application::identity::ChangeAddressError;
use domain::text::Email;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{callback, done};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::error::AuthError;
use crate::extract::{Client, Proven, Valid};
use crate::middleware::require_session;
use crate::state::ApiState;

/// The other address. Other fields are ignored.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeEmailForm {
    #[schema(example = "alice@new.example.com", max_length = 254, format = Email)]
    new_email: String,
    /// The page of ours to go to from the mail.
    #[serde(rename = "callbackURL")]
    #[schema(example = "/dashboard")]
    callback_url: Option<String>,
}

/// Moves the account to another address
///
/// If the address that the account has is proven, a mail to it asks first. Then a mail to the new address asks, and the account
/// keeps its address until that link is followed. Nothing tells whether somebody else has the new address: then no mail is
/// sent there.
#[utoipa::path(
    tag = "Authentication",
    request_body = ChangeEmailForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "A mail is on its way, unless somebody has the address", body = super::Done),
        (status = 400, description = "`VALIDATION_ERROR`, `INVALID_EMAIL` or `EMAIL_IS_THE_SAME`"),
        (status = 403, description = "`INVALID_CALLBACKURL`, `SESSION_NOT_FRESH`, `INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/change-email", wrap = "from_fn(require_session)")]
pub async fn change_email(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    Proven(session): Proven,
    Valid(form): Valid<ChangeEmailForm>,
) -> Result<HttpResponse, AuthError> {
    callback::check(form.callback_url.as_deref(), &site.origins)?;
    let to = Email::parse(&form.new_email).map_err(|_| AuthCode::InvalidEmail)?;
    let changed = state
        .identity
        .addresses
        .change(&session, &to, form.callback_url, &browser)
        .await;
    match changed {
        Ok(()) => Ok(done()),
        Err(ChangeAddressError::NotTheOwner) => Err(AuthError::not_the_owner()),
        Err(ChangeAddressError::Same) => Err(AuthCode::EmailIsTheSame.into()),
        Err(ChangeAddressError::TooMany(error)) => {
            Err(AuthError::from(AuthCode::TooManyAttempts).retry_after(error.retry_after))
        }
        Err(ChangeAddressError::Store(error)) => Err(error.into()),
    }
}
