//! Who asks is settled for whole trees of paths, before any of their handlers, so that no handler can forget it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use application::caller::Caller;
use application::identity::ActiveSession;
use ports::StoreError;
use serde_json::json;

use crate::auth::has_refusal;
use crate::codes::Code;
use crate::cookie::presented_token;
use crate::error::{ApiError, AuthError};
use crate::extract::{browser, reauthentication};
use crate::state::ApiState;

/// Lets signed-in users pass, as [`Caller`]s.
pub async fn require_user(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let caller = caller(&state, &request)
        .await?
        .ok_or_else(|| unauthenticated("dashboard", "user"))?;
    request.extensions_mut().insert(caller);
    next.call(request).await
}

/// Lets staff pass, as [`Caller`]s. Which right a handler needs stands in its signature.
pub async fn require_staff(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let caller = caller(&state, &request)
        .await?
        .ok_or_else(|| unauthenticated("admin", "admin"))?;
    if !caller.user().role.is_staff() {
        return Err(not_staff(&caller).into());
    }
    request.extensions_mut().insert(caller);
    next.call(request).await
}

/// Lets requests with a session pass, as [`ActiveSession`]s, in the dialect of `/api/auth`.
pub async fn require_session(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let session = session(&state, &request).await.map_err(AuthError::from)?;
    let session = session.ok_or_else(AuthError::signed_out)?;
    request.extensions_mut().insert(session);
    next.call(request).await
}

/// Lets requests with a session pass, as [`Caller`]s and [`ActiveSession`]s, in the dialect of `/api/auth`. Which right a
/// handler needs stands in its signature. A path of which nobody said how it refuses is no path.
pub async fn require_right(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !has_refusal(request.path()) {
        return Ok(request
            .into_response(HttpResponse::NotFound().finish())
            .map_into_right_body());
    }
    let session = session(&state, &request).await.map_err(AuthError::from)?;
    let session = session.ok_or_else(AuthError::signed_out)?;
    let caller = session.clone().caller(reauthentication(request.request()));
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(session);
    Ok(next.call(request).await?.map_into_left_body())
}

async fn session(state: &ApiState, request: &ServiceRequest) -> Result<Option<ActiveSession>, StoreError> {
    match presented_token(&*state.signer, request.headers()) {
        Some(token) => {
            let found = state.identity.current_session.find(&token).await?;
            let origin = browser(request.request()).origin();
            Ok(found.map(|session| ActiveSession { origin, ..session }))
        }
        None => Ok(None),
    }
}

async fn caller(state: &ApiState, request: &ServiceRequest) -> Result<Option<Caller>, ApiError> {
    let session = session(state, request).await?;
    Ok(session.map(|session| session.caller(reauthentication(request.request()))))
}

fn unauthenticated(area: &str, required: &str) -> ApiError {
    let message = format!("Authentication required. Please log in to access {area} resources.");
    ApiError::new(Code::Unauthenticated, message).with_details(json!({
        "action": "access_protected_resource",
        "requiredPermission": required,
        "receivedPermission": "unauthenticated",
    }))
}

fn not_staff(caller: &Caller) -> ApiError {
    ApiError::new(
        Code::Unauthenticated,
        "Admin access required. Insufficient permissions.",
    )
    .with_details(json!({
        "action": "access_protected_resource",
        "requiredPermission": "admin",
        "receivedPermission": caller.user().role.as_str(),
    }))
}
