//! Users' sessions.

use actix_web::{HttpResponse, post, web};
use application::identity::RevokeSessionsError;
use domain::Secret;
use domain::identity::right::{UsersRead, UsersWrite};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::UserForm;
use crate::auth::bodies::SessionBody;
use crate::auth::{Succeeded, succeeded};
use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::{SignedStaff, Valid};
use crate::state::ApiState;

/// Open sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsBody {
    sessions: Vec<SessionBody>,
}

/// A session.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserSessionForm {
    /// `token` of the list of sessions.
    session_token: String,
}

/// Lists a user's open sessions, newest first
#[utoipa::path(
    tag = "Users",
    request_body = UserForm,
    security(("session" = ["users.read"])),
    responses(
        (status = 200, description = "The sessions", body = SessionsBody),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS` or `INVALID_ORIGIN`"),
    )
)]
#[post("/list-user-sessions")]
pub async fn list_user_sessions(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersRead>,
    Valid(form): Valid<UserForm>,
) -> Result<HttpResponse, AuthError> {
    let sessions = state
        .identity
        .user_admin
        .sessions_of(&staff, &form.user_id)
        .await?;
    let sessions = sessions.iter().map(SessionBody::from).collect();
    Ok(HttpResponse::Ok().json(SessionsBody { sessions }))
}

/// Ends a session
#[utoipa::path(
    tag = "Users",
    request_body = UserSessionForm,
    security(("session" = ["users.write"])),
    responses(
        (status = 200, description = "There is no such session any more", body = Succeeded),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS` or `INVALID_ORIGIN`"),
    )
)]
#[post("/revoke-user-session")]
pub async fn revoke_user_session(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersWrite>,
    Valid(form): Valid<UserSessionForm>,
) -> Result<HttpResponse, AuthError> {
    let handle = Secret::new(form.session_token);
    let ended = state.identity.user_admin.revoke_session(&staff, &handle).await;
    ended.map_err(refused)?;
    Ok(succeeded())
}

/// Ends all sessions of a user
#[utoipa::path(
    tag = "Users",
    request_body = UserForm,
    security(("session" = ["users.write"])),
    responses(
        (status = 200, description = "Ended", body = Succeeded),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS` or `INVALID_ORIGIN`"),
    )
)]
#[post("/revoke-user-sessions")]
pub async fn revoke_user_sessions(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersWrite>,
    Valid(form): Valid<UserForm>,
) -> Result<HttpResponse, AuthError> {
    let ended = state
        .identity
        .user_admin
        .revoke_sessions_of(&staff, &form.user_id)
        .await;
    ended.map_err(refused)?;
    Ok(succeeded())
}

fn refused(error: RevokeSessionsError) -> AuthError {
    match error {
        RevokeSessionsError::NotTheirs => AuthCode::MayNotRevokeSessions.into(),
        RevokeSessionsError::Store(error) => error.into(),
    }
}
