//! What a refusal looks like. An example is made of the first code that its description names, so that no route writes one.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::codes::{AuthCode, Code};
use crate::dialect::Dialect;
use crate::envelope::{AuthFailure, Failure};
use crate::panel::PanelFailure;

/// An answer with this status and this description; `None` if it is no refusal, or names no code.
pub(super) fn of(dialect: Dialect, status: &str, description: &str) -> Option<Value> {
    let status = StatusCode::from_bytes(status.as_bytes()).ok()?;
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let mut words = named(description);
    match dialect {
        Dialect::Envelope => words.find_map(|word| envelope(code(word, status)?, None)),
        Dialect::Auth => words.find_map(|word| auth(word, status)),
        // The old handler speaks of codes; at the other addresses a text is all there is.
        Dialect::Panel => words
            .find_map(|word| {
                let code = code(word, status)?;
                envelope(code, Some(code.message()))
            })
            .or_else(|| text(status)),
    }
}

/// The words of a description that are marked as such; codes are among them.
pub(super) fn named(description: &str) -> impl Iterator<Item = &str> {
    description.split('`').skip(1).step_by(2)
}

/// The code with this word, if it goes with this status.
pub(super) fn code(word: &str, status: StatusCode) -> Option<Code> {
    let mut codes = Code::ALL.iter().copied();
    codes.find(|code| code.word() == word && code.status() == status)
}

/// The same of `/api/auth`, which has some words more than once.
pub(super) fn auth_code(word: &str, status: StatusCode) -> Option<AuthCode> {
    let mut codes = AuthCode::ALL.iter().copied();
    codes.find(|code| code.word() == word && code.status() == status)
}

fn envelope(code: Code, error: Option<&str>) -> Option<Value> {
    let failure = Failure {
        success: false,
        name: code.word(),
        message: code.message(),
        result: (),
        details: None,
        error,
    };
    serde_json::to_value(failure).ok()
}

fn auth(word: &str, status: StatusCode) -> Option<Value> {
    let message = match auth_code(word, status) {
        Some(code) => code.message(),
        None => code(word, status)?.message(),
    };
    let failure = AuthFailure {
        code: word,
        message,
        retry_after: (status == StatusCode::TOO_MANY_REQUESTS).then_some(30),
    };
    serde_json::to_value(failure).ok()
}

/// What is refused before the panel API is asked is refused for the same reasons as everywhere.
fn text(status: StatusCode) -> Option<Value> {
    let reasons = [
        Code::Invalid,
        Code::ForeignOrigin,
        Code::PayloadTooLarge,
        Code::UriTooLong,
        Code::TooManyRequests,
        Code::HeadersTooLarge,
        Code::Internal,
        Code::Unavailable,
    ];
    let code = reasons.into_iter().find(|code| code.status() == status)?;
    let failure = PanelFailure {
        error: code.message(),
    };
    Some(json!(failure))
}
