//! The head of a request has limits too.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::sound::is_sound_address;
use crate::codes::Code;
use crate::config::{HEADERS_MAX, URI_MAX};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::routed;

/// Refuses an address or headers that are too long.
pub async fn guard_head(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let uri = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
        .sum();
    let is_sound = request
        .uri()
        .path_and_query()
        .is_none_or(|it| is_sound_address(it.as_str()));
    let refusal = if uri > URI_MAX {
        Some(Code::UriTooLong)
    } else if headers > HEADERS_MAX {
        Some(Code::HeadersTooLarge)
    } else {
        None
    };
    match refusal {
        Some(code) => Err(Dialect::of(routed(request.request())).refuse_code(code)),
        None if !is_sound => {
            let message = "The address must be UTF-8 without NUL characters, percent-encoded.";
            Err(Dialect::of(routed(request.request())).refuse(ApiError::new(Code::Invalid, message)))
        }
        None => next.call(request).await,
    }
}
