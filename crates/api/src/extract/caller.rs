//! Who asks. A handler that takes one of these cannot be reached without a session, wherever it is mounted.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use application::caller::{Caller, Denied, Staff};
use application::identity::ActiveSession;
use domain::identity::{Caution, Names};
use ports::placing::KeptSession;
use serde_json::json;

use crate::auth::refusal_of;
use crate::codes::{AuthCode, Code};
use crate::error::{ApiError, AuthError};
use crate::extract::{demands, routed};

/// The signed-in user.
pub struct Customer(pub Caller);

/// Whoever places an order.
pub enum Orderer {
    /// They were looked up for this request.
    Caller(Box<Caller>),
    /// They were looked up for an earlier one: the order is recorded only if their session still stands.
    Kept(Arc<KeptSession>),
}

/// The session of whoever asks `/api/auth`.
pub struct Signed(pub ActiveSession);

/// The session of whoever asks `/api/auth` and typed the password a moment ago.
pub struct Proven(pub ActiveSession);

/// The member of staff who asks `/api/auth` and has the right `R`.
pub struct SignedStaff<R>(pub Staff<R>);

/// The signed-in member of staff, who has the right `R`.
pub struct StaffMember<R>(pub Staff<R>);

impl FromRequest for Customer {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(left_by_middleware(request).map(Self))
    }
}

impl FromRequest for Orderer {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kept = request.extensions().get::<Arc<KeptSession>>().cloned();
        ready(match kept {
            Some(kept) => Ok(Self::Kept(kept)),
            None => left_by_middleware(request).map(|caller| Self::Caller(Box::new(caller))),
        })
    }
}

impl<R: Names> FromRequest for StaffMember<R> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = left_by_middleware::<Caller>(request);
        ready(caller.and_then(|caller| match caller.with() {
            Ok(staff) => Ok(Self(staff)),
            Err(denied) => Err(refused(&caller, denied)),
        }))
    }
}

impl FromRequest for Signed {
    type Error = AuthError;
    type Future = Ready<Result<Self, AuthError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            left_by_middleware(request)
                .map(Self)
                .map_err(|_| AuthError::signed_out()),
        )
    }
}

impl FromRequest for Proven {
    type Error = AuthError;
    type Future = Ready<Result<Self, AuthError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Ok(session) = left_by_middleware::<ActiveSession>(request) else {
            return ready(Err(AuthError::signed_out()));
        };
        // They could not prove it, and are not asked to.
        if session.stands_in() {
            return ready(Err(AuthError::not_the_owner()));
        }
        let caller = session.clone().caller(demands(request));
        ready(match caller.proven(Caution::Always) {
            Ok(()) => Ok(Self(session)),
            Err(_) => Err(AuthCode::ProveAgain.into()),
        })
    }
}

impl<R: Names> FromRequest for SignedStaff<R> {
    type Error = AuthError;
    type Future = Ready<Result<Self, AuthError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Ok(caller) = left_by_middleware::<Caller>(request) else {
            return ready(Err(AuthError::signed_out()));
        };
        ready(caller.with().map(Self).map_err(|denied| match denied {
            Denied::NoRight(_) => refusal_of(routed(request)),
            Denied::NoSecondFactor => AuthCode::TwoFactorRequired.into(),
            Denied::Stale => AuthCode::ProveAgain.into(),
        }))
    }
}

/// What somebody is told who may not do something.
pub fn refused(caller: &Caller, denied: Denied) -> ApiError {
    match denied {
        Denied::NoRight(right) => ApiError::from(Code::Forbidden).with_details(json!({
            "action": "access_protected_resource",
            "requiredPermission": right.as_str(),
            "receivedPermission": caller.user().role.as_str(),
        })),
        Denied::NoSecondFactor => Code::TwoFactorRequired.into(),
        Denied::Stale => Code::ReauthenticationRequired.into(),
    }
}

fn left_by_middleware<T: Clone + 'static>(request: &HttpRequest) -> Result<T, ApiError> {
    request
        .extensions()
        .get::<T>()
        .cloned()
        .ok_or_else(|| Code::Unauthenticated.into())
}
