//! Who asks. A handler that takes one of these cannot be reached without a session, wherever it is mounted.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use application::caller::{Caller, Staff};
use application::identity::ActiveSession;

use crate::codes::Code;
use crate::error::{ApiError, AuthError};

/// The signed-in user.
pub struct Customer(pub Caller);

/// The session of whoever asks `/api/auth`.
pub struct Signed(pub ActiveSession);

/// The member of staff who asks `/api/auth`.
pub struct SignedStaff(pub Staff);

/// The signed-in member of staff.
pub struct StaffMember(pub Staff);

impl FromRequest for Customer {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(left_by_middleware(request).map(Self))
    }
}

impl FromRequest for StaffMember {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(left_by_middleware(request).map(Self))
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

impl FromRequest for SignedStaff {
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

fn left_by_middleware<T: Clone + 'static>(request: &HttpRequest) -> Result<T, ApiError> {
    request
        .extensions()
        .get::<T>()
        .cloned()
        .ok_or_else(|| Code::Unauthenticated.into())
}
