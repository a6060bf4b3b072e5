//! The paths of `/api/auth` that many tests ask, and what they ask there.

use serde_json::{Value, json};

use super::client::{Answer, Browser};

/// What staff do with users.
pub const ADMIN: &str = "/api/auth/admin";
pub const SIGN_UP: &str = "/api/auth/sign-up/email";
pub const SIGN_IN: &str = "/api/auth/sign-in/email";
pub const SIGN_OUT: &str = "/api/auth/sign-out";
pub const GET_SESSION: &str = "/api/auth/get-session";
/// What every customer may see, and nobody else.
pub const WALLET: &str = "/api/v1/dashboard/wallet";

/// What staff ask for.
pub async fn ask(browser: &Browser, name: &str, body: Value) -> Answer {
    browser.post(&format!("{ADMIN}/{name}"), body).await
}

/// What staff do, which has to work.
pub async fn act(browser: &Browser, name: &str, body: Value) -> Value {
    let answer = ask(browser, name, body).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.text);
    answer.json()
}

/// Another browser on the same nodes tries to sign in.
pub async fn sign_in(browser: &Browser, email: &str, password: &str) -> Answer {
    let form = json!({ "email": email, "password": password });
    browser.stranger().post(SIGN_IN, form).await
}
