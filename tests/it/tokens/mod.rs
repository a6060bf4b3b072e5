//! Programs sign in with tokens instead of cookies.

mod ends;
mod life;
mod refused;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, PASSWORD, World};

pub const TOKEN: &str = "/api/v1/auth/token";
pub const REFRESH: &str = "/api/v1/auth/token/refresh";
pub const REVOKE: &str = "/api/v1/auth/token/revoke";
pub const SHOW: &str = "/api/v1/auth/token/session";
pub const WALLET: &str = "/api/v1/dashboard/wallet";
pub const EMAIL: &str = "customer@example.com";

pub fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {body}"))
}

/// A program that has signed in, and what it was given.
pub async fn program(world: &World, email: &str) -> (Browser, Value) {
    let mut program = Browser::anonymous(&world.addresses());
    let answer = program
        .post(TOKEN, json!({ "email": email, "password": PASSWORD }))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.cookies(), [""; 0]);
    let body = answer.json();
    program.bearer = Some(text(&body, "accessToken").to_owned());
    (program, body)
}

pub async fn refresh(program: &Browser, tokens: &Value, key: Option<&str>) -> Answer {
    let form = json!({ "refreshToken": text(tokens, "refreshToken") });
    let complete = |request: reqwest::RequestBuilder| match key {
        Some(key) => request.header("Idempotency-Key", key).json(&form),
        None => request.json(&form),
    };
    program.send(Method::POST, REFRESH, complete).await
}

/// The program is not let in any more, neither way.
pub async fn is_out(program: &Browser, tokens: &Value, why: &str) {
    let answer = program.get(WALLET).await;
    answer.failure(401, "ACCESS_TOKEN_INVALID");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge, Some("Bearer error=\"invalid_token\""), "{why}");
    let answer = refresh(program, tokens, None).await;
    answer.auth_failure(401, "REFRESH_TOKEN_INVALID");
}
