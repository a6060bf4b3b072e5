//! Who is signed in.

use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, get, web};
use application::identity::{ActiveSession, Remember};
use domain::Secret;
use domain::identity::SessionPolicy;
use ports::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::bodies::{SessionBody, SessionUser};
use super::with_cookies;
use crate::config::Site;
use crate::cookie::{clearing, granting, is_forgetful, presented_token};
use crate::error::AuthError;
use crate::state::ApiState;

/// How long the database may be away. The pages' own server gives up after twelve seconds.
const PATIENCE: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(100);

/// A session and its user.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrentSessionBody {
    session: SessionBody,
    user: SessionUser,
}

/// Says who is signed in
///
/// Always answers 200: `null` if nobody is. A session in use is renewed from time to time, and its cookie with it.
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
    Ok(match find(&state, &token).await? {
        None => with_cookies(clearing(site.transport), &()),
        Some(active) => {
            let cookies = cookies(&state, &site, &request, &token, &active);
            with_cookies(cookies, &CurrentSessionBody::from(&active))
        }
    })
}

/// Pages take a failure for a visitor who is signed out, and remember that for a minute. So a database that is away for a
/// moment is asked again for as long as they wait.
async fn find(state: &ApiState, token: &Secret) -> Result<Option<ActiveSession>, StoreError> {
    let begun = Instant::now();
    loop {
        match state.identity.current_session.find(token).await {
            Err(StoreError::Contended | StoreError::Unavailable(_)) if begun.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
            }
            found => return found,
        }
    }
}

/// A session that ends with the browser keeps the cookie it has.
fn cookies(
    state: &ApiState,
    site: &Site,
    request: &HttpRequest,
    token: &Secret,
    active: &ActiveSession,
) -> Vec<String> {
    if active.remember == Remember::No || is_forgetful(&*state.signer, request.headers()) {
        return Vec::new();
    }
    let policy = SessionPolicy::of(active.user.role);
    let left = active.session.cookie_lifetime(&policy, active.now);
    granting(&*state.signer, token, Remember::Yes, left, site.transport)
}

impl From<&ActiveSession> for CurrentSessionBody {
    fn from(active: &ActiveSession) -> Self {
        Self {
            session: (&active.session).into(),
            user: (&active.user).into(),
        }
    }
}
