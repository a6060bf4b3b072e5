//! Who asks. A handler that takes one of these cannot be reached without a session, wherever it is mounted.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use application::caller::{Caller, Staff};

use crate::codes::Code;
use crate::error::ApiError;

/// The signed-in user.
pub struct Customer(pub Caller);

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

fn left_by_middleware<T: Clone + 'static>(request: &HttpRequest) -> Result<T, ApiError> {
    request
        .extensions()
        .get::<T>()
        .cloned()
        .ok_or_else(|| Code::Unauthenticated.into())
}
