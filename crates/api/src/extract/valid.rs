//! Bodies with the right shape.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment};
use validator::{Validate, ValidationErrors};

use super::client::routed;
use super::lenient::{NEGATIVE, NO_TEXT, NOT_WHOLE};
use crate::codes::Code;
use crate::dialect::Dialect;
use crate::error::ApiError;

/// What is said of a field of which nothing better can be said.
const WRONG_TYPE: &str = "has the wrong type";

/// A JSON body that was read as `T` and keeps `T`'s rules of shape. What it means is checked by the handler.
pub struct Valid<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Valid<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let dialect = Dialect::of(routed(request));
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let body = body.await?;
            parse(&body).map(Self).map_err(|error| dialect.refuse(error))
        })
    }
}

fn parse<T: DeserializeOwned + Validate>(body: &[u8]) -> Result<T, ApiError> {
    let value: T = serde_json::from_slice(body).map_err(|_| unreadable::<T>(body))?;
    value.validate().map_err(|errors| broken_rules(&errors))?;
    Ok(value)
}

/// A validation error about one field.
#[must_use]
pub fn field_error(field: &str, problem: impl std::fmt::Display) -> ApiError {
    let problem = problem.to_string();
    issue(format!("{field} {problem}"), &[field.into()], &problem)
}

/// One that says `message`, with `problem` about what is at `path`.
fn issue(message: String, path: &[Value], problem: &str) -> ApiError {
    ApiError::new(Code::Invalid, message)
        .with_details(json!({ "issues": [{ "path": path, "message": problem }] }))
}

/// Which field serde stopped at, and why, without the values that were sent: one of them may be a password. The body is
/// read once more for it, so that nobody pays whose body is sound.
fn unreadable<T: DeserializeOwned>(body: &[u8]) -> ApiError {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let error = serde_path_to_error::deserialize::<_, T>(&mut reader).err();
    let text = error.as_ref().map(|error| error.inner().to_string());
    let text = text.unwrap_or_default();
    let text = text.split(" at line ").next().unwrap_or_default();
    let path = error
        .as_ref()
        .map(|error| steps(error.path()))
        .unwrap_or_default();
    let names_a_field = ["missing field", "unknown field", "duplicate field"]
        .iter()
        .any(|start| text.starts_with(start));
    if names_a_field {
        let message = text.replace('`', "\"");
        return issue(message.clone(), &path, &message);
    }
    match error.filter(|_| !path.is_empty()) {
        Some(error) => {
            let problem = problem(text);
            issue(format!("{} {problem}", error.path()), &path, problem)
        }
        // Whatever it is, it has no name.
        None => {
            let message = format!("a field of the request body {WRONG_TYPE}");
            issue(message.clone(), &path, &message)
        }
    }
}

/// Names of fields, and places in lists.
fn steps(path: &Path) -> Vec<Value> {
    let known = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(json!(index)),
        Segment::Map { key: name } | Segment::Enum { variant: name } => Some(json!(name)),
        Segment::Unknown => None,
    });
    known.collect()
}

/// What is wrong with a field, by what serde says of it. Nothing of that is repeated, because it tells what was sent.
fn problem(text: &str) -> &'static str {
    if let Some(own) = [NOT_WHOLE, NEGATIVE, NO_TEXT]
        .into_iter()
        .find(|own| *own == text)
    {
        return own;
    }
    if text.starts_with("unknown variant") {
        return "is none of the values that it may have";
    }
    if text.starts_with("invalid value: integer") {
        return "is out of range";
    }
    // The last one is serde's own: a text that was sent stands before it.
    match text
        .rsplit_once(", expected ")
        .map_or("", |(_, expected)| expected)
    {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => NOT_WHOLE,
        "a boolean" => "must be true or false",
        "a string" => "must be a text",
        "a sequence" => "must be a list",
        _ => WRONG_TYPE,
    }
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

    use super::super::whole_number;
    use super::*;

    #[derive(Debug, Deserialize, Validate)]
    struct Body {
        #[validate(length(min = 2, message = "must be at least 2 characters"))]
        name: String,
        #[serde(default)]
        count: u8,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    struct Line {
        #[serde(deserialize_with = "whole_number")]
        quantity: u64,
    }

    async fn refused(body: &str) -> Value {
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

    #[actix_web::test]
    async fn a_field_that_cannot_be_read_is_named_with_what_it_must_be() {
        for (body, message, path) in [
            (r#"{"name":7}"#, "name must be a text", json!(["name"])),
            (
                r#"{"name":"xx","count":"1"}"#,
                "count must be a whole number",
                json!(["count"]),
            ),
            (
                r#"{"name":"xx","count":1.5}"#,
                "count must be a whole number",
                json!(["count"]),
            ),
            (
                r#"{"name":"xx","count":300}"#,
                "count is out of range",
                json!(["count"]),
            ),
            (
                r#"{"name":"xx","lines":{}}"#,
                "lines must be a list",
                json!(["lines"]),
            ),
            (
                r#"{"name":"xx","lines":[{"quantity":1},{"quantity":1.5}]}"#,
                "lines[1].quantity must be a whole number",
                json!(["lines", 1, "quantity"]),
            ),
            (
                r#"{"name":"xx","lines":[{"quantity":null}]}"#,
                "lines[0].quantity must be a whole number",
                json!(["lines", 0, "quantity"]),
            ),
            (
                r#"{"name":"xx","lines":[{"quantity":"-1"}]}"#,
                "lines[0].quantity must not be negative",
                json!(["lines", 0, "quantity"]),
            ),
            (
                r#"{"name":"xx","lines":[{}]}"#,
                "missing field \"quantity\"",
                json!(["lines", 0]),
            ),
            ("7", "a field of the request body has the wrong type", json!([])),
            ("", "a field of the request body has the wrong type", json!([])),
        ] {
            let refused = refused(body).await;
            assert_eq!(refused["message"], message, "{body}");
            assert_eq!(refused["details"]["issues"][0]["path"], path, "{body}");
        }
    }

    #[actix_web::test]
    async fn a_text_that_looks_like_serdes_words_is_not_repeated_either() {
        let body = r#"{"name":"xx","count":"1, expected hunter2 at line 1"}"#;
        let told = refused(body).await;
        assert!(!told.to_string().contains("hunter2"), "{told}");
        assert_eq!(told["details"]["issues"][0]["path"], json!(["count"]));
    }

    #[test]
    fn a_sound_body_is_read() {
        let body: Body = parse(br#"{"name":"xx","more":1,"lines":[{"quantity":"7"}]}"#).unwrap();
        assert_eq!(body.lines.first().map(|line| line.quantity), Some(7));
        assert_eq!((body.name.as_str(), body.count), ("xx", 0));
    }
}
