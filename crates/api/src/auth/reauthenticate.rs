//! Proving once more who one is.

use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, post, web};
use application::identity::{ReauthenticateError, Remember};
use domain::Secret;
use domain::identity::SessionPolicy;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::two_factor::proof_error;
use super::{Done, with_cookies};
use crate::config::Site;
use crate::cookie::{granting, is_forgetful};
use crate::error::AuthError;
use crate::extract::{Client, Signed, Valid};
use crate::middleware::require_session;
use crate::state::ApiState;

/// The password of whoever is signed in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReauthenticateForm {
    #[schema(example = "Correct-Horse-1", format = Password)]
    password: String,
}

/// Asks for the password once more
///
/// For five minutes after it, acts are allowed that answer `REAUTHENTICATION_REQUIRED` otherwise. The session goes on
/// under a new token.
#[utoipa::path(
    tag = "Authentication",
    request_body = ReauthenticateForm,
    security(("session" = [])),
    responses(
        (status = 200, description = "Proved; the cookie carries the new token", body = Done, headers(
            ("Set-Cookie" = String, description = "`better-auth.session_token`"))),
        (status = 400, description = "`VALIDATION_ERROR` or `INVALID_PASSWORD`"),
        (status = 403, description = "`INVALID_ORIGIN`, or `FORBIDDEN` for whoever acts as the user"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/reauthenticate", wrap = "from_fn(require_session)")]
pub async fn reauthenticate(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Signed(session): Signed,
    Client(browser): Client,
    Valid(form): Valid<ReauthenticateForm>,
) -> Result<HttpResponse, AuthError> {
    let password = Secret::new(form.password);
    let proved = state
        .identity
        .reauthenticate
        .prove(&session, &password, &browser)
        .await;
    let token = proved.map_err(refused)?;
    // A session that ends with the browser has a cookie that does, too.
    let forgetful = session.remember == Remember::No || is_forgetful(&*state.signer, request.headers());
    let remember = if forgetful { Remember::No } else { Remember::Yes };
    let policy = SessionPolicy::of(session.user.role);
    let left = session.session.cookie_lifetime(&policy, session.now);
    let cookies = granting(&*state.signer, &token, remember, left, site.transport);
    Ok(with_cookies(cookies, &Done { status: true }))
}

fn refused(error: ReauthenticateError) -> AuthError {
    match error {
        ReauthenticateError::NotSignedIn => AuthError::signed_out(),
        ReauthenticateError::Proof(error) => proof_error(error),
        ReauthenticateError::Store(error) => error.into(),
    }
}
