//! Who is signed in.

use actix_web::{HttpRequest, HttpResponse, get, web};
use application::identity::{ActiveSession, Remember};
use domain::Secret;
use serde::Serialize;
use utoipa::ToSchema;

use super::bodies::{SessionBody, SessionUser};
use super::with_cookies;
use crate::config::Site;
use crate::cookie::{clearing, granting, presented_token};
use crate::error::AuthError;
use crate::state::ApiState;

/// A session and its user.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrentSessionBody {
    session: SessionBody,
    user: SessionUser,
}

/// Says who is signed in
///
/// Always answers 200: `null` if nobody is. A session in use is renewed once a day, and its cookie with it.
#[utoipa::path(
    tag = "Authentication",
    responses((status = 200, description = "The session, or null", body = Option<CurrentSessionBody>, headers(
        ("Set-Cookie" = String, description = "The cookie with the lifetime that is left, or its end"))))
)]
#[get("/get-session")]
pub async fn get_session(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, AuthError> {
    let Some(token) = presented_token(&*state.signer, request.headers()) else {
        return Ok(HttpResponse::Ok().json(()));
    };
    Ok(match state.current_session.find(&token).await? {
        None => with_cookies(clearing(site.transport), &()),
        Some(active) => with_cookies(cookies(&state, &site, &token, &active), &body(&active)),
    })
}

/// A session that ends with the browser keeps the cookie it has.
fn cookies(state: &ApiState, site: &Site, token: &Secret, active: &ActiveSession) -> Vec<String> {
    match active.remember {
        Remember::No => Vec::new(),
        Remember::Yes => {
            let left = active.session.expires_at.since(active.now);
            granting(&*state.signer, token, Remember::Yes, left, site.transport)
        }
    }
}

fn body(active: &ActiveSession) -> CurrentSessionBody {
    CurrentSessionBody {
        session: (&active.session).into(),
        user: (&active.user).into(),
    }
}
