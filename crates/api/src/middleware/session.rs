//! Who asks is settled for whole trees of paths, before any of their handlers, so that no handler can forget it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use application::caller::Caller;
use application::identity::ActiveSession;
use ports::StoreError;
use serde_json::json;

use crate::auth::right_for;
use crate::codes::Code;
use crate::cookie::presented_token;
use crate::error::{ApiError, AuthError};
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

/// Lets staff pass, as `Staff`.
pub async fn require_staff(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let caller = caller(&state, &request)
        .await?
        .ok_or_else(|| unauthenticated("admin", "admin"))?;
    let staff = caller.staff().ok_or_else(|| not_staff(&caller))?;
    request.extensions_mut().insert(staff);
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

/// Lets staff pass who have the right that the path needs, as `Staff` and [`ActiveSession`]s, in the dialect of
/// `/api/auth`. A path of which nobody said what it needs is no path.
pub async fn require_right(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some((right, refusal)) = right_for(request.path()) else {
        return Ok(request
            .into_response(HttpResponse::NotFound().finish())
            .map_into_right_body());
    };
    let session = session(&state, &request).await.map_err(AuthError::from)?;
    let session = session.ok_or_else(AuthError::signed_out)?;
    let caller = Caller::new(session.user.clone());
    let staff = caller.staff().filter(|_| session.user.role.has(right));
    let staff = staff.ok_or_else(|| AuthError::from(refusal))?;
    request.extensions_mut().insert(staff);
    request.extensions_mut().insert(session);
    Ok(next.call(request).await?.map_into_left_body())
}

async fn session(state: &ApiState, request: &ServiceRequest) -> Result<Option<ActiveSession>, StoreError> {
    match presented_token(&*state.signer, request.headers()) {
        Some(token) => state.current_session.find(&token).await,
        None => Ok(None),
    }
}

async fn caller(state: &ApiState, request: &ServiceRequest) -> Result<Option<Caller>, ApiError> {
    let session = session(state, request).await?;
    Ok(session.map(|session| Caller::new(session.user)))
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
