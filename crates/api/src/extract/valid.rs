//! Bodies with the right shape.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::json;
use validator::{Validate, ValidationErrors};

use crate::codes::Code;
use crate::dialect::Dialect;
use crate::error::ApiError;

/// A JSON body that was read as `T` and keeps `T`'s rules of shape. What it means is checked by the handler.
pub struct Valid<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Valid<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let dialect = Dialect::of(request.path());
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let body = body.await?;
            parse(&body).map(Self).map_err(|error| dialect.refuse(error))
        })
    }
}

fn parse<T: DeserializeOwned + Validate>(body: &[u8]) -> Result<T, ApiError> {
    let value: T = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    value.validate().map_err(|errors| broken_rules(&errors))?;
    Ok(value)
}

/// A validation error about one field.
#[must_use]
pub fn field_error(field: &str, problem: impl std::fmt::Display) -> ApiError {
    let problem = problem.to_string();
    ApiError::new(Code::Invalid, format!("{field} {problem}"))
        .with_details(json!({ "issues": [{ "path": [field], "message": problem }] }))
}

/// What serde says, without the values that were sent: one of them may be a password.
fn unreadable(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let names_a_field = ["missing field", "unknown field", "duplicate field"]
        .iter()
        .any(|start| text.starts_with(start));
    let message = if names_a_field {
        text.replace('`', "\"")
    } else {
        "a field of the request body has the wrong type".to_owned()
    };
    ApiError::new(Code::Invalid, message.clone())
        .with_details(json!({ "issues": [{ "path": [], "message": message }] }))
}

/// The rules that were broken, without the values that broke them.
fn broken_rules(errors: &ValidationErrors) -> ApiError {
    let mut issues: Vec<(String, String)> = errors
        .field_errors()
        .iter()
        .flat_map(|(field, broken)| {
            broken.iter().map(|rule| {
                let message = rule.message.clone().unwrap_or_else(|| rule.code.clone());
                (field.to_string(), message.into_owned())
            })
        })
        .collect();
    issues.sort();
    let message = issues
        .iter()
        .map(|(field, message)| format!("{field} {message}"))
        .collect::<Vec<_>>()
        .join("; ");
    let issues: Vec<_> = issues
        .iter()
        .map(|(field, message)| json!({ "path": [field], "message": message }))
        .collect();
    ApiError::new(Code::Invalid, message).with_details(json!({ "issues": issues }))
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;
    use actix_web::body::to_bytes;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, Validate)]
    struct Body {
        #[validate(length(min = 2, message = "must be at least 2 characters"))]
        name: String,
        #[serde(default)]
        count: u8,
    }

    async fn refused(body: &str) -> serde_json::Value {
        let error = parse::<Body>(body.as_bytes()).unwrap_err();
        let bytes = to_bytes(error.error_response().into_body()).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[actix_web::test]
    async fn a_broken_rule_is_told_with_its_field() {
        let body = refused(r#"{"name":"x"}"#).await;
        assert_eq!(body["name"], "VALIDATION_ERROR");
        assert_eq!(body["message"], "name must be at least 2 characters");
        assert_eq!(body["details"]["issues"][0]["path"][0], "name");
    }

    #[actix_web::test]
    async fn a_missing_field_is_named_and_a_sent_value_is_never_repeated() {
        assert_eq!(refused("{}").await["message"], "missing field \"name\"");
        let body = refused(r#"{"name":"xx","count":"hunter2"}"#).await;
        assert!(!body.to_string().contains("hunter2"));
    }

    #[test]
    fn a_sound_body_is_read() {
        let body: Body = parse(br#"{"name":"xx","more":1}"#).unwrap();
        assert_eq!((body.name.as_str(), body.count), ("xx", 0));
    }
}
