//! Errors on their way to the wire.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use ports::StoreError;
use serde::Serialize;
use serde_json::{Value, json};

use crate::codes::{AuthCode, Code};
use crate::envelope::{AuthFailure, Failure};
use crate::panel::PanelFailure;

/// How long to wait before asking a busy server again.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// An error of the envelope dialect.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: Code,
    message: Cow<'static, str>,
    details: Option<Value>,
    retry_after: Option<Duration>,
    /// The text that clients of the panel API look for.
    panel: Option<PanelText>,
}

/// Where the text for clients of the panel API stands.
#[derive(Debug, Clone)]
enum PanelText {
    /// Alone.
    Only(String),
    /// In the envelope.
    Beside(String),
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self {
            code,
            message: Cow::Borrowed(code.message()),
            details: None,
            retry_after: None,
            panel: None,
        }
    }
}

impl ApiError {
    /// An error with words of its own.
    #[must_use]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            ..code.into()
        }
    }

    /// Somebody acts as a user whose own act this has to be.
    #[must_use]
    pub fn not_the_owner() -> Self {
        Self::new(Code::Forbidden, "Only the owner of the account does this.")
    }

    /// Something that is no fault of the caller's and none of their business. The cause is logged here, once.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(error = %cause, "a request failed");
        Code::Internal.into()
    }

    /// Adds machine-readable details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Says when to try again.
    #[must_use]
    pub const fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }

    /// What went wrong, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// As the panel API says it: a text in `error`, and nothing else.
    #[must_use]
    pub fn only_error(mut self, text: String) -> Self {
        self.panel = Some(PanelText::Only(text));
        self
    }

    /// With the text of the panel API in `error` beside everything else.
    #[must_use]
    pub fn beside_error(mut self, text: String) -> Self {
        self.panel = Some(PanelText::Beside(text));
        self
    }

    /// The error as a part of another answer.
    #[must_use]
    pub fn told(&self) -> Value {
        json!({ "name": self.code.word(), "message": self.message, "details": self.details })
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Contended | StoreError::Unavailable(_) => {
                tracing::error!(error = %error, "the database could not serve a request");
                Self::from(Code::Unavailable).retry_after(BUSY_RETRY_AFTER)
            }
            StoreError::Poisoned | StoreError::Conflict { .. } => Self::internal(error),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.word())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        if let Some(PanelText::Only(text)) = &self.panel {
            let body = PanelFailure { error: text };
            return respond(self.status_code(), self.code.word(), self.retry_after, &body);
        }
        let error = match &self.panel {
            Some(PanelText::Beside(text)) => Some(text.as_str()),
            Some(PanelText::Only(_)) | None => None,
        };
        let body = Failure {
            success: false,
            name: self.code.word(),
            message: &self.message,
            result: (),
            details: self.details.as_ref(),
            error,
        };
        respond(self.status_code(), self.code.word(), self.retry_after, &body)
    }
}

/// An error of the auth dialect.
#[derive(Debug, Clone)]
pub struct AuthError {
    status: StatusCode,
    word: &'static str,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl From<AuthCode> for AuthError {
    fn from(code: AuthCode) -> Self {
        Self {
            status: code.status(),
            word: code.word(),
            message: Cow::Borrowed(code.message()),
            retry_after: None,
        }
    }
}

/// The codes that both dialects know.
impl From<ApiError> for AuthError {
    fn from(error: ApiError) -> Self {
        if matches!(error.code, Code::InvalidJson | Code::Invalid) {
            return AuthCode::InvalidBody.into();
        }
        Self {
            status: error.code.status(),
            word: error.code.word(),
            message: error.message,
            retry_after: error.retry_after,
        }
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl AuthError {
    /// Whoever acts as somebody else asks for what only the owner of the account does.
    #[must_use]
    pub fn not_the_owner() -> Self {
        ApiError::not_the_owner().into()
    }

    /// Nobody is signed in. The client library expects no body then.
    #[must_use]
    pub const fn signed_out() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            word: "UNAUTHORIZED",
            message: Cow::Borrowed(""),
            retry_after: None,
        }
    }

    /// Says when to try again.
    #[must_use]
    pub const fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

impl ResponseError for AuthError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        if self.message.is_empty() {
            return HttpResponse::build(self.status)
                .content_type(ContentType::json())
                .finish();
        }
        let body = AuthFailure {
            code: self.word,
            message: &self.message,
            retry_after: self.retry_after.map(whole_seconds),
        };
        respond(self.status, self.word, self.retry_after, &body)
    }
}

fn respond(
    status: StatusCode,
    word: &str,
    retry_after: Option<Duration>,
    body: &impl Serialize,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if let Some(pause) = retry_after {
        response.insert_header((RETRY_AFTER, whole_seconds(pause)));
    }
    if let Some(challenge) = challenge(word) {
        response.insert_header((WWW_AUTHENTICATE, challenge));
    }
    response.json(body)
}

/// What the standard for access tokens wants a refusal of one to say.
fn challenge(word: &str) -> Option<&'static str> {
    if word == Code::AccessTokenExpired.word() {
        Some("Bearer error=\"invalid_token\", error_description=\"expired\"")
    } else if word == Code::AccessTokenInvalid.word() {
        Some("Bearer error=\"invalid_token\"")
    } else {
        None
    }
}

/// Rounded up: whoever comes back after so many seconds is not too early.
pub fn whole_seconds(pause: Duration) -> u64 {
    pause
        .as_secs()
        .saturating_add(u64::from(pause.subsec_nanos() > 0))
        .max(1)
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::json;

    use super::*;

    async fn rendered(error: impl ResponseError) -> (StatusCode, Value) {
        let response = error.error_response();
        let status = response.status();
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[actix_web::test]
    async fn an_envelope_error_always_has_name_message_and_an_empty_result() {
        let (status, body) = rendered(ApiError::from(Code::OrderNotFound)).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(
            body,
            json!({"success": false, "name": "ORDER_NOT_FOUND", "message": "Order not found", "result": null})
        );
    }

    #[actix_web::test]
    async fn the_text_of_a_database_error_never_reaches_the_caller() {
        let secret = "password authentication failed for user postgres";
        let (status, body) = rendered(ApiError::from(StoreError::Unavailable(secret.to_owned()))).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!body.to_string().contains("postgres"));
    }

    #[actix_web::test]
    async fn a_malformed_body_is_told_in_the_words_of_the_auth_dialect() {
        let (status, body) = rendered(AuthError::from(ApiError::from(Code::InvalidJson))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            body,
            json!({"code": "VALIDATION_ERROR", "message": "Invalid body parameters"})
        );
    }

    #[test]
    fn a_pause_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(2001)), 3);
        assert_eq!(whole_seconds(Duration::ZERO), 1);
    }
}
