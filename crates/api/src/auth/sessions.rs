//! A user's own sessions.

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, get, post, web};
use domain::Secret;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::bodies::SessionBody;
use super::{Done, done};
use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::{Signed, Valid};
use crate::middleware::require_any_session;
use crate::state::ApiState;

/// A session.
#[derive(Deserialize, Validate, ToSchema)]
pub struct SessionForm {
    /// `token` of the list of sessions, or the token that signing in gave.
    token: String,
}

/// Lists the caller's open sessions, newest first
#[utoipa::path(
    tag = "Authentication",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "The sessions", body = Vec<SessionBody>))
)]
#[get("/list-sessions", wrap = "from_fn(require_any_session)")]
pub async fn list_sessions(
    state: web::Data<ApiState>,
    Signed(session): Signed,
) -> Result<HttpResponse, AuthError> {
    let sessions = state.identity.own_account.sessions(&session).await?;
    let sessions: Vec<SessionBody> = sessions.iter().map(SessionBody::from).collect();
    Ok(HttpResponse::Ok().json(sessions))
}

/// Ends one of the caller's sessions
#[utoipa::path(
    tag = "Authentication",
    request_body = SessionForm,
    security(("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "Ended", body = Done),
        (status = 400, description = "`VALIDATION_ERROR`, or `SESSION_NOT_FOUND`, also for somebody else's"),
    )
)]
#[post("/revoke-session", wrap = "from_fn(require_any_session)")]
pub async fn revoke_session(
    state: web::Data<ApiState>,
    Signed(session): Signed,
    Valid(form): Valid<SessionForm>,
) -> Result<HttpResponse, AuthError> {
    let handle = Secret::new(form.token);
    if state
        .identity
        .own_account
        .revoke_session(&session, &handle)
        .await?
    {
        Ok(done())
    } else {
        Err(AuthCode::SessionNotFound.into())
    }
}

/// Ends all of the caller's sessions, this one too
#[utoipa::path(
    tag = "Authentication",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "Ended", body = Done))
)]
#[post("/revoke-sessions", wrap = "from_fn(require_any_session)")]
pub async fn revoke_sessions(
    state: web::Data<ApiState>,
    Signed(session): Signed,
) -> Result<HttpResponse, AuthError> {
    state.identity.own_account.revoke_sessions(&session, None).await?;
    Ok(done())
}

/// Ends all of the caller's sessions but this one
#[utoipa::path(
    tag = "Authentication",
    security(("session" = []), ("token" = [])),
    responses((status = 200, description = "Ended", body = Done))
)]
#[post("/revoke-other-sessions", wrap = "from_fn(require_any_session)")]
pub async fn revoke_other_sessions(
    state: web::Data<ApiState>,
    Signed(session): Signed,
) -> Result<HttpResponse, AuthError> {
    let own = &session.session.id;
    state
        .identity
        .own_account
        .revoke_sessions(&session, Some(own))
        .await?;
    Ok(done())
}
