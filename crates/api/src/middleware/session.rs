//! Who asks is settled for whole trees of paths, before any of their handlers, so that no handler can forget it.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use application::caller::Caller;
use application::identity::{ActiveSession, Shown, WhoseTokenError};
use domain::Secret;
use ports::crypto::{AccessRefusal, CookieSigner};
use ports::placing::KeptSession;
use serde_json::json;

use crate::auth::has_refusal;
use crate::codes::Code;
use crate::cookie::{carries_session, presented_token};
use crate::error::{ApiError, AuthError};
use crate::extract::{bearer, browser, demands, routed};
use crate::routes::{RouteTable, no_route};
use crate::state::ApiState;

/// Where orders are placed one by one.
const ORDERS: &str = "/api/v1/dashboard/orders";

/// Lets signed-in users pass, as [`Caller`]s, or with the session of theirs that is kept if they place an order.
pub async fn require_user(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if kept_session(&state, request.request()).is_none() {
        let caller = signed_in(&state, request.request()).await?;
        request.extensions_mut().insert(caller);
    }
    next.call(request).await
}

/// The signed-in user who asks, looked up for this request.
pub async fn signed_in(state: &ApiState, request: &HttpRequest) -> Result<Caller, ApiError> {
    let caller = caller(state, request).await?;
    caller.ok_or_else(|| unauthenticated("dashboard", "user"))
}

/// The session in which an order is asked for, as it was looked up for an earlier request. All that may be done in it is to
/// place the order as long as it stands, which the order's statement asks; see [`Orderer`](crate::extract::Orderer).
pub fn kept_session(state: &ApiState, request: &HttpRequest) -> Option<Arc<KeptSession>> {
    if !places_an_order(request) {
        return None;
    }
    if let Some(kept) = request.extensions().get::<Arc<KeptSession>>() {
        return Some(Arc::clone(kept));
    }
    let Ok(Presented::MaybeCookie) = presented(request) else {
        return None;
    };
    let token = cookie_token(&*state.signer, request)?;
    let kept = state.identity.current_session.kept(&token)?;
    request.extensions_mut().insert(Arc::clone(&kept));
    Some(kept)
}

fn places_an_order(request: &HttpRequest) -> bool {
    request.method() == Method::POST && routed(request) == ORDERS
}

/// Lets staff pass, as [`Caller`]s. Which right a handler needs stands in its signature.
pub async fn require_staff(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let caller = caller(&state, request.request())
        .await?
        .ok_or_else(|| unauthenticated("admin", "admin"))?;
    if !caller.user().role.is_staff() {
        return Err(not_staff(&caller).into());
    }
    request.extensions_mut().insert(caller);
    next.call(request).await
}

/// Lets browsers' requests with a session pass, as [`ActiveSession`]s, in the dialect of `/api/auth`.
pub async fn require_session(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let session = session(&state, request.request())
        .await
        .map_err(AuthError::from)?;
    let session = session.ok_or_else(AuthError::signed_out)?;
    request.extensions_mut().insert(session);
    next.call(request).await
}

/// Lets requests with a session pass, of browsers and of programs, as [`ActiveSession`]s, in the dialect of `/api/auth`.
pub async fn require_any_session(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let session = any_session(&state, request.request())
        .await
        .map_err(AuthError::from)?;
    let session = session.ok_or_else(AuthError::signed_out)?;
    request.extensions_mut().insert(session);
    next.call(request).await
}

/// Lets browsers' requests with a session pass, as [`Caller`]s and [`ActiveSession`]s, in the dialect of `/api/auth`. Which right a
/// handler needs stands in its signature. A path of which nobody said how it refuses is none of those behind rights.
pub async fn require_right(
    state: web::Data<ApiState>,
    table: web::Data<RouteTable>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !has_refusal(routed(request.request())) {
        let response = no_route(table, request.request().clone()).await;
        return Ok(request.into_response(response).map_into_right_body());
    }
    let session = session(&state, request.request())
        .await
        .map_err(AuthError::from)?;
    let session = session.ok_or_else(AuthError::signed_out)?;
    let caller = session.clone().caller(demands(request.request()));
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(session);
    Ok(next.call(request).await?.map_into_left_body())
}

/// Whose session a request is made in, looked up once for each request.
pub(super) async fn any_session(
    state: &ApiState,
    request: &HttpRequest,
) -> Result<Option<ActiveSession>, ApiError> {
    if let Some(LookedUp(found)) = request.extensions().get::<LookedUp>() {
        return Ok(found.clone());
    }
    let found = look_up(state, request).await?;
    request.extensions_mut().insert(LookedUp(found.clone()));
    Ok(found)
}

/// What was found for a request.
struct LookedUp(Option<ActiveSession>);

async fn look_up(state: &ApiState, request: &HttpRequest) -> Result<Option<ActiveSession>, ApiError> {
    let found = match presented(request)? {
        Presented::Bearer(token) => Some(state.identity.token_access.find(&token).await.map_err(refused)?),
        Presented::MaybeCookie => {
            let Some(token) = cookie_token(&*state.signer, request) else {
                return Ok(None);
            };
            state.identity.current_session.find(&token).await?
        }
    };
    Ok(found.map(|session| ActiveSession {
        origin: browser(request).origin(),
        ..session
    }))
}

/// What a request was let in with.
pub fn shown(state: &ApiState, request: &HttpRequest) -> Result<Shown, ApiError> {
    match presented(request)? {
        Presented::Bearer(token) => {
            let shown = state.identity.token_access.shown(&token);
            shown.map_err(|refusal| refused(refusal.into()))
        }
        Presented::MaybeCookie => {
            let token = presented_token(&*state.signer, request.headers());
            let shown = token.map(|token| state.identity.current_session.shown(&token));
            shown.ok_or_else(|| Code::Unauthenticated.into())
        }
    }
}

/// Whose session a browser's request is made in. What answers with cookies is not for programs.
async fn session(state: &ApiState, request: &HttpRequest) -> Result<Option<ActiveSession>, ApiError> {
    match presented(request)? {
        Presented::Bearer(_) => Ok(None),
        Presented::MaybeCookie => any_session(state, request).await,
    }
}

/// The session token that a request's cookie presents, if its signature is right. It is checked once for each request.
fn cookie_token(signer: &dyn CookieSigner, request: &HttpRequest) -> Option<Secret> {
    if let Some(Checked(token)) = request.extensions().get::<Checked>() {
        return token.clone();
    }
    let token = presented_token(signer, request.headers());
    request.extensions_mut().insert(Checked(token.clone()));
    token
}

/// What was found in a request's cookies.
struct Checked(Option<Secret>);

/// What a request brings to be let in.
enum Presented {
    Bearer(Secret),
    MaybeCookie,
}

/// A request with both a token and a cookie would be two people's.
fn presented(request: &HttpRequest) -> Result<Presented, ApiError> {
    match bearer(request.headers()) {
        None => Ok(Presented::MaybeCookie),
        Some(_) if carries_session(request.headers()) => Err(Code::TwoCredentials.into()),
        Some(token) => Ok(Presented::Bearer(token)),
    }
}

fn refused(error: WhoseTokenError) -> ApiError {
    match error {
        WhoseTokenError::Refused(AccessRefusal::Expired) => Code::AccessTokenExpired.into(),
        WhoseTokenError::Refused(AccessRefusal::Invalid) => Code::AccessTokenInvalid.into(),
        WhoseTokenError::Store(error) => error.into(),
    }
}

async fn caller(state: &ApiState, request: &HttpRequest) -> Result<Option<Caller>, ApiError> {
    let session = any_session(state, request).await?;
    Ok(session.map(|session| session.caller(demands(request))))
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use actix_web::http::header::COOKIE;
    use actix_web::test::TestRequest;

    use super::*;

    /// Counts how often it is asked.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl CookieSigner for Counting {
        fn sign(&self, value: &str) -> String {
            format!("{value}.signed")
        }

        fn verify(&self, signed: &str) -> Option<String> {
            self.0.fetch_add(1, Ordering::SeqCst);
            signed.strip_suffix(".signed").map(str::to_owned)
        }
    }

    #[test]
    fn a_cookie_is_checked_once_however_often_it_is_asked_for() {
        const NAME: &str = "better-auth.session_token";
        for (cookies, expected, checks) in [
            (vec![], None, 0),
            (vec!["other=1".to_owned()], None, 0),
            (vec![format!("{NAME}=")], None, 1),
            (vec![format!("{NAME}=a.forged")], None, 1),
            (vec![format!("{NAME}=a.signed")], Some("a"), 1),
            // Of several the first counts in one header, and of several headers the first that is sound.
            (vec![format!("{NAME}=a.forged; {NAME}=b.signed")], None, 1),
            (vec![format!("{NAME}=a.signed; {NAME}=b.signed")], Some("a"), 1),
            (
                vec![format!("{NAME}=a.forged"), format!("{NAME}=b.signed")],
                Some("b"),
                2,
            ),
        ] {
            let request = cookies.iter().fold(TestRequest::default(), |request, cookie| {
                request.append_header((COOKIE, cookie.as_str()))
            });
            let (request, signer) = (request.to_http_request(), Counting::default());
            for _ in 0..3 {
                let token = cookie_token(&signer, &request);
                assert_eq!(token.as_ref().map(Secret::reveal), expected, "{cookies:?}");
            }
            assert_eq!(signer.0.load(Ordering::SeqCst), checks, "{cookies:?}");
        }
    }
}
