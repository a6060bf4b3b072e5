//! Following the link that proves an address, or that moves to another.

use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, get, web};
use application::identity::{Verified, VerifyAddressError};
use domain::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies::UserBody;
use super::followed::{comes_from_elsewhere, current_session, once_more};
use super::{callback, session_cookies};
use crate::codes::AuthCode;
use crate::config::Site;
use crate::error::AuthError;
use crate::extract::Client;
use crate::state::ApiState;

/// The link's token, and where to go afterwards.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// The token.
    #[param(required = true)]
    token: Option<String>,
    /// The page of ours to go to afterwards.
    #[serde(rename = "callbackURL")]
    #[param(example = "/dashboard")]
    callback_url: Option<String>,
}

/// What the link did.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifiedBody {
    #[schema(example = true)]
    status: bool,
    /// The user, if the account has another address now; else null.
    user: Option<UserBody>,
}

/// Follows the link of a mail that proves an address
///
/// Leads to the page that the link names, with `?error=…` if it proves nothing. Moving to another address takes the link that
/// is mailed to the old one, if that is proven, and then the link that is mailed to the new one, both in a browser in which
/// the user is signed in.
#[utoipa::path(
    tag = "Authentication",
    responses(
        (status = 200, description = "Done, and the link names no page", body = VerifiedBody),
        (status = 302, description = "To the page", headers(("Location" = String, description = "The page"))),
        (status = 400, description = "`VALIDATION_ERROR`"),
        (status = 401, description = "`TOKEN_EXPIRED`, `INVALID_TOKEN` or `UNAUTHORIZED`, and the link names no page"),
        (status = 403, description = "`INVALID_CALLBACKURL`"),
    )
)]
#[get("/verify-email")]
pub async fn verify_email(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    Client(browser): Client,
    request: HttpRequest,
    Query(query): Query<VerifyQuery>,
) -> Result<HttpResponse, AuthError> {
    callback::check(query.callback_url.as_deref(), &site.origins)?;
    let token = query.token.map(Secret::new).ok_or(AuthCode::InvalidQuery)?;
    let session = current_session(&state, &request).await?;
    let page = query.callback_url.as_deref();
    let verified = state
        .identity
        .addresses
        .verify(&token, session.as_ref(), &browser, page)
        .await;
    match verified {
        Ok(verified) => Ok(done(&state, &site, page, &verified)),
        Err(VerifyAddressError::Store(error)) => Err(error.into()),
        Err(VerifyAddressError::Expired) => failed(AuthCode::TokenExpired, "token_expired", page, &site),
        Err(VerifyAddressError::Invalid) => failed(AuthCode::TokenUnknown, "invalid_token", page, &site),
        Err(VerifyAddressError::Unauthorized) if comes_from_elsewhere(&request) => Ok(once_more()),
        Err(VerifyAddressError::Unauthorized) => failed(AuthCode::SomebodyElse, "unauthorized", page, &site),
    }
}

fn done(state: &ApiState, site: &Site, page: Option<&str>, verified: &Verified) -> HttpResponse {
    let (user, opened) = match verified {
        Verified::Proven(opened) => (None, opened.as_deref()),
        Verified::Asked => (None, None),
        Verified::Moved(user) => (Some(UserBody::from(&**user)), None),
    };
    let mut response = match page {
        Some(_) => HttpResponse::Found(),
        None => HttpResponse::Ok(),
    };
    for cookie in opened
        .map(|opened| session_cookies(state, site, opened))
        .unwrap_or_default()
    {
        response.append_header((SET_COOKIE, cookie));
    }
    match page {
        Some(page) => response
            .insert_header((LOCATION, callback::landing(page, None, site)))
            .finish(),
        None => response.json(VerifiedBody { status: true, user }),
    }
}

fn failed(code: AuthCode, word: &str, page: Option<&str>, site: &Site) -> Result<HttpResponse, AuthError> {
    let Some(page) = page else {
        return Err(code.into());
    };
    let page = callback::landing(page, Some(("error", word)), site);
    Ok(HttpResponse::Found().insert_header((LOCATION, page)).finish())
}
