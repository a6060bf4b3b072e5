//! A request that panics or takes too long gets an answer, and the others do not notice.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures::FutureExt;

use crate::codes::Code;
use crate::config::REQUEST_TIMEOUT;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::routed;

/// Turns panics into 500 and lateness into 503. Dropping a late request rolls its transaction back.
pub async fn survive(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let dialect = Dialect::of(routed(request.request()));
    let call = AssertUnwindSafe(async { next.call(request).await }).catch_unwind();
    match tokio::time::timeout(REQUEST_TIMEOUT, call).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => {
            let cause = ApiError::internal(format_args!("panicked: {}", words(&*panic)));
            Err(dialect.refuse(cause))
        }
        Err(_elapsed) => Err(dialect.refuse_code(Code::TimedOut)),
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}
