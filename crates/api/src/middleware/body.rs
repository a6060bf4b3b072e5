//! Bodies are read, bounded and checked for syntax before anybody asks who sent them: that is the order in which the
//! web application expects its answers.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{Error, HttpMessage};
use futures::StreamExt;
use serde_json::json;

use super::sound::SoundJson;
use crate::codes::Code;
use crate::config::{BODY_MAX, MASS_BODY_MAX};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::routed;
use crate::v1::dashboard::MASS_ORDER_PATH;

/// Refuses a body that is too large, not JSON by its type, or not JSON by its syntax.
pub async fn guard_body(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let dialect = Dialect::of(routed(request.request()));
    let body = read(&mut request).await.map_err(|error| dialect.refuse(error))?;
    // Scripts send forms too, and carry no cookie that another site's page could use.
    let is_free = dialect == Dialect::Panel;
    if !body.is_empty() && changes_state(request.method()) && !is_free {
        check_type(request.content_type()).map_err(|error| dialect.refuse(error))?;
        check_syntax(&body).map_err(|error| dialect.refuse(error))?;
    }
    request.set_payload(Payload::from(body));
    next.call(request).await
}

fn changes_state(method: &Method) -> bool {
    !method.is_safe()
}

async fn read(request: &mut ServiceRequest) -> Result<Bytes, ApiError> {
    let max = Max::of(routed(request.request()));
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > max.bytes) {
        return Err(max.exceeded());
    }
    let mut payload = request.take_payload();
    let mut body = BytesMut::with_capacity(declared.unwrap_or_default());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(Code::Invalid, "The body could not be read."))?;
        if body.len().saturating_add(chunk.len()) > max.bytes {
            return Err(max.exceeded());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// How large a body may be.
struct Max {
    bytes: usize,
    told: &'static str,
}

impl Max {
    fn of(path: &str) -> Self {
        let (bytes, told) = match path {
            MASS_ORDER_PATH => (MASS_BODY_MAX, "1MB"),
            _ => (BODY_MAX, "100KB"),
        };
        Self { bytes, told }
    }

    fn exceeded(&self) -> ApiError {
        ApiError::from(Code::PayloadTooLarge).with_details(json!({ "maxSize": self.told }))
    }
}

fn check_type(content_type: &str) -> Result<(), ApiError> {
    if content_type.trim().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Code::UnsupportedMediaType.into())
    }
}

fn check_syntax(body: &[u8]) -> Result<(), ApiError> {
    let text = std::str::from_utf8(body).unwrap_or("no text");
    let hint = match serde_json::from_str::<SoundJson>(text) {
        Ok(SoundJson) => return Ok(()),
        Err(error) if error.is_data() => "Give each field once, and leave NUL characters out of texts",
        Err(_) => "Ensure your JSON is properly formatted",
    };
    Err(ApiError::from(Code::InvalidJson).with_details(json!({
        "action": "check_json_syntax",
        "hint": hint,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_json_in_utf8_passes() {
        assert!(check_syntax(br#"{"a":[1,"x",null]}"#).is_ok());
        for wrong in [
            &b"{"[..],
            b"{\"a\":\xff\"\"}",
            b"{} {}",
            b"a=1",
            b"{\"a\":1,}",
            b"{\"a\":1,\"a\":2}",
        ] {
            assert!(check_syntax(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn forms_and_text_are_refused_because_foreign_pages_can_send_them_unasked() {
        assert!(check_type("application/json").is_ok());
        assert!(check_type("Application/JSON").is_ok());
        for wrong in ["text/plain", "application/x-www-form-urlencoded", ""] {
            assert!(check_type(wrong).is_err(), "{wrong}");
        }
    }
}
