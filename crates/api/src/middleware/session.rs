//! Who asks is settled for whole trees of paths, before any of their handlers, so that no handler can forget it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use application::caller::Caller;
use serde_json::json;

use crate::codes::Code;
use crate::cookie::presented_token;
use crate::error::ApiError;
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

async fn caller(state: &ApiState, request: &ServiceRequest) -> Result<Option<Caller>, ApiError> {
    let Some(token) = presented_token(&*state.signer, request.headers()) else {
        return Ok(None);
    };
    let active = state.current_session.find(&token).await?;
    Ok(active.map(|active| Caller::new(active.user)))
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
