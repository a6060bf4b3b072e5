//! Signing out.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::with_cookies;
use crate::config::Site;
use crate::cookie::{clearing, forgetting_aside, presented_token, put_aside};
use crate::error::AuthError;
use crate::extract::browser;
use crate::state::ApiState;

/// That the session has ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOut {
    #[schema(example = true)]
    success: bool,
}

/// Ends the session
///
/// Answers the same when there was none.
#[utoipa::path(
    tag = "Authentication",
    responses((status = 200, description = "Signed out; the cookies are taken back", body = SignedOut, headers(
        ("Set-Cookie" = String, description = "Clears the cookies"))))
)]
#[post("/sign-out")]
pub async fn sign_out(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, AuthError> {
    let origin = browser(&request).origin();
    if let Some(token) = presented_token(&*state.signer, request.headers()) {
        state.identity.sign_out.sign_out(&token, &origin).await?;
    }
    let mut cookies = clearing(site.transport);
    // Staff who act as somebody else are out themselves, too.
    if let Some((own, _)) = put_aside(&*state.signer, request.headers()) {
        state.identity.sign_out.sign_out(&own, &origin).await?;
        cookies.push(forgetting_aside(site.transport));
    }
    Ok(with_cookies(cookies, &SignedOut { success: true }))
}
