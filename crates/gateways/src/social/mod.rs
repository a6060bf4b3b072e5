//! Signing in with accounts elsewhere. A provider is one file: its addresses, and how it says who somebody is.

mod github;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use ports::social::SocialError;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::http::{ANSWER_MAX_BYTES, Body, CallError, exchange, reason};
use crate::json;

pub use github::{GithubConfig, GithubProvider};

/// The longest token that is read, in bytes.
const TOKEN_MAX_BYTES: usize = 4_096;

/// What the provider is shown of a verifier at first: whoever sees it cannot tell the verifier (RFC 7636, S256).
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.reveal().as_bytes()))
}

/// Asks for JSON; the status and the value. The errors quote nothing of what was sent or came back.
async fn ask(client: &Client, request: RequestBuilder) -> Result<(u16, Value), SocialError> {
    let request = request.build().map_err(|error| SocialError(reason(&error)))?;
    let answer = exchange(client, request, ANSWER_MAX_BYTES).await;
    let answer = answer.map_err(|error| match error {
        CallError::Forbidden(refused) => SocialError(refused.to_string()),
        CallError::NotSent(why) | CallError::Broken(why) => SocialError(why),
    })?;
    let text = match answer.body {
        Body::Whole(bytes) => String::from_utf8(bytes).map_err(|_| "not UTF-8"),
        Body::TooLarge(_) => Err("too large"),
        Body::Compressed => Err("compressed"),
    };
    let value = text.and_then(|text| json::parse(&text));
    let value =
        value.map_err(|flaw| SocialError(format!("the answer with status {} is {flaw}", answer.status)))?;
    Ok((answer.status, value))
}

/// The token in an answer, unless it is an error.
fn token(status: u16, answer: &Value) -> Result<Secret, SocialError> {
    let token = answer.get("access_token").and_then(Value::as_str);
    let token = token.filter(|it| !it.is_empty() && it.len() <= TOKEN_MAX_BYTES);
    match token {
        Some(token) if status == 200 && answer.get("error").is_none() => Ok(Secret::new(token)),
        _ => Err(SocialError(format!("no token, with status {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_the_standard() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn only_a_success_without_an_error_is_a_token() {
        let good =
            json!({ "access_token": "gho_1", "token_type": "bearer", "scope": "read:user,user:email" });
        assert_eq!(token(200, &good).unwrap().reveal(), "gho_1");
        for (status, answer) in [
            (500, good),
            (200, json!({ "error": "bad_verification_code" })),
            (200, json!({ "error": "x", "access_token": "gho_1" })),
            (200, json!({ "access_token": "" })),
            (200, json!({ "access_token": 7 })),
            (200, json!({ "access_token": "x".repeat(TOKEN_MAX_BYTES + 1) })),
            (200, json!([])),
        ] {
            assert!(token(status, &answer).is_err(), "{status} {answer}");
        }
    }
}
