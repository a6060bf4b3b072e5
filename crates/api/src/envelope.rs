//! The shape of every success under `/api/v1`.

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::error::ApiError;

/// Where the text of an answer begins to grow: half a list. From nothing it would be moved half a dozen times.
const BODY_BYTES: usize = 4_096;

/// A success.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// Always true.
    #[schema(example = true)]
    pub success: bool,
    /// What happened, as one word.
    pub name: &'static str,
    /// What happened, for people.
    pub message: &'static str,
    /// The answer.
    pub result: T,
}

/// No answer beyond that it was done: null.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Nothing;

impl utoipa::PartialSchema for Nothing {
    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        null.description(Some("No answer beyond that it was done: null."))
            .into()
    }
}

impl ToSchema for Nothing {}

/// A failure. Told apart from a success by its status and by `success`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({ "success": false, "name": "VALIDATION_ERROR", "message": "name is required", "result": null }))]
pub struct Failure<'a> {
    /// Always false.
    pub success: bool,
    /// One of the codes in `docs/ERRORS.md`.
    pub name: &'a str,
    /// What went wrong, for people.
    pub message: &'a str,
    /// Always null.
    #[schema(value_type = Nothing)]
    pub result: (),
    /// What exactly went wrong, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<&'a serde_json::Value>,
    /// What clients of the panel API look for; at its addresses only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
}

/// A failure of the auth dialect.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthFailure<'a> {
    /// One of the codes in `docs/ERRORS.md`.
    #[schema(example = "INVALID_EMAIL_OR_PASSWORD")]
    pub code: &'a str,
    /// What went wrong, for people.
    #[schema(example = "Invalid credentials")]
    pub message: &'a str,
    /// Seconds to wait, when there were too many attempts or the server is busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// The name and the message of a success.
#[derive(Debug, Clone, Copy)]
pub struct Said(pub &'static str, pub &'static str);

impl Said {
    /// 200 with `result`.
    pub fn ok<T: Serialize>(self, result: T) -> HttpResponse {
        self.with(StatusCode::OK, result)
    }

    /// 202 with `result`.
    pub fn accepted<T: Serialize>(self, result: T) -> HttpResponse {
        self.with(StatusCode::ACCEPTED, result)
    }

    /// 201 with `result`.
    pub fn created<T: Serialize>(self, result: T) -> HttpResponse {
        self.with(StatusCode::CREATED, result)
    }

    /// The body alone, for an answer that is given more than once.
    pub fn written<T: Serialize>(self, result: T) -> Result<Bytes, ApiError> {
        let mut body = Vec::with_capacity(BODY_BYTES);
        let written = serde_json::to_writer(&mut body, &self.envelope(result));
        written.map(|()| Bytes::from(body)).map_err(ApiError::internal)
    }

    fn with<T: Serialize>(self, status: StatusCode, result: T) -> HttpResponse {
        match self.written(result) {
            Ok(body) => HttpResponse::build(status)
                .content_type(ContentType::json())
                .body(body),
            Err(error) => error.error_response(),
        }
    }

    fn envelope<T>(self, result: T) -> Envelope<T> {
        let Self(name, message) = self;
        Envelope {
            success: true,
            name,
            message,
            result,
        }
    }
}
