//! Signing up, in and out.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::server::{PASSWORD, TestServer, start};

const SIGN_UP: &str = "/api/auth/sign-up/email";
const SIGN_IN: &str = "/api/auth/sign-in/email";
const GET_SESSION: &str = "/api/auth/get-session";

async fn post(server: &TestServer, path: &str, body: Value) -> Answer {
    server.request("POST", path).json(&body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_signs_up_is_signed_in_and_has_an_empty_wallet() {
    let server = start().await;
    let form = json!({
        "name": " Ann Doe ", "email": "Ann@Example.COM", "password": PASSWORD, "callbackURL": "/dashboard",
    });
    let answer = post(&server, "/api/v1/auth/sign-up/email", form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["token"].as_str().unwrap().len(), 32);
    assert_eq!(body["user"]["email"], "ann@example.com");
    assert_eq!(body["user"]["name"], "Ann Doe");
    assert_eq!(body["user"].as_object().unwrap().len(), 7);

    let cookies = answer.cookies();
    let session = server.get(GET_SESSION, &cookies).await.json();
    assert_eq!(session["user"]["role"], "user");
    assert_eq!(session["user"]["banned"], Value::Null);
    assert_eq!(session["session"]["token"], session["session"]["id"]);
    assert_ne!(
        session["session"]["token"], body["token"],
        "scripts must not learn the token"
    );
    let wallet = server.get("/api/v1/dashboard/wallet", &cookies).await.json();
    assert_eq!(wallet["name"], "USER_BALANCE");
    assert_eq!(wallet["result"]["balance"], "0.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_sign_up_is_told_plainly() {
    let server = start().await;
    server.customer().await;
    let form = |email: &str, password: &str| json!({ "name": "Ann", "email": email, "password": password });
    let long = "x".repeat(129);
    for (body, status, code) in [
        (form("new@example.com", "1234567"), 400, "PASSWORD_TOO_SHORT"),
        (form("new@example.com", &long), 400, "PASSWORD_TOO_LONG"),
        (form("new@example.com", "Password1"), 400, "PASSWORD_COMPROMISED"),
        (
            form("new@example.com", "New@Example.com"),
            400,
            "PASSWORD_COMPROMISED",
        ),
        (form("no address", PASSWORD), 400, "INVALID_EMAIL"),
        (form("ANN@example.com", PASSWORD), 422, "USER_ALREADY_EXISTS"),
        (
            json!({ "email": "new@example.com", "password": PASSWORD }),
            400,
            "VALIDATION_ERROR",
        ),
        (json!([]), 400, "VALIDATION_ERROR"),
    ] {
        let answer = post(&server, SIGN_UP, body).await;
        assert_eq!(answer.error(), (status, code.to_owned()));
        assert!(answer.header("set-cookie").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let server = start().await;
    server.customer().await;
    let wrong = post(
        &server,
        SIGN_IN,
        json!({ "email": "ann@example.com", "password": "wrong password" }),
    )
    .await;
    let unknown = post(
        &server,
        SIGN_IN,
        json!({ "email": "bob@example.com", "password": PASSWORD }),
    )
    .await;
    assert_eq!(wrong.status, 401);
    assert_eq!(
        wrong.json(),
        json!({ "code": "INVALID_EMAIL_OR_PASSWORD", "message": "Invalid credentials" })
    );
    assert_eq!((wrong.status, &wrong.text), (unknown.status, &unknown.text));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_sent_on_only_to_a_page_of_ours() {
    let server = start().await;
    server.customer().await;
    let form = |to: &str| json!({ "email": "ann@example.com", "password": PASSWORD, "callbackURL": to });
    let answer = post(&server, SIGN_IN, form("/dashboard")).await;
    assert_eq!(answer.json()["redirect"], true);
    assert_eq!(answer.json()["url"], "/dashboard");
    let answer = post(&server, SIGN_IN, form("//evil.example")).await;
    assert_eq!(answer.error(), (403, "INVALID_CALLBACKURL".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_its_user_signs_out_and_nowhere_else() {
    let server = start().await;
    let (_, first) = server.customer().await;
    let form = json!({ "email": "ann@example.com", "password": PASSWORD });
    let second = post(&server, SIGN_IN, form).await.cookies();

    let answer = server
        .send("POST", "/api/auth/sign-out", &first, &json!({}))
        .await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "success": true })));
    assert_eq!(
        answer.header("set-cookie"),
        Some("better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict")
    );

    let gone = server.get(GET_SESSION, &first).await;
    assert_eq!((gone.status, gone.json()), (200, Value::Null));
    assert!(
        gone.header("set-cookie").unwrap().contains("Max-Age=0"),
        "a dead cookie is taken back"
    );
    assert_eq!(server.get("/api/v1/dashboard/wallet", &first).await.status, 401);
    assert_eq!(server.get("/api/v1/dashboard/wallet", &second).await.status, 200);

    let again = server
        .send("POST", "/api/auth/sign-out", &first, &json!({}))
        .await;
    assert_eq!(again.status, 200, "signing out twice is fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_without_a_session_is_nobody_and_keeps_their_cookies() {
    let server = start().await;
    for cookie in ["", "better-auth.session_token=forged.AAAA", "theme=dark"] {
        let answer = server
            .request("GET", GET_SESSION)
            .header("Content-Type", "application/json")
            .cookie(cookie)
            .send()
            .await;
        assert_eq!((answer.status, answer.json()), (200, Value::Null), "{cookie}");
        assert!(answer.header("set-cookie").is_none(), "{cookie}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_not_to_remember_gets_cookies_without_an_age() {
    let server = start().await;
    server.customer().await;
    let form = json!({ "email": "ann@example.com", "password": PASSWORD, "rememberMe": false });
    let answer = post(&server, SIGN_IN, form).await;
    let cookies: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .collect();
    assert_eq!(cookies.len(), 2);
    assert!(cookies.iter().all(|(_, value)| !value.contains("Max-Age")));
    assert!(cookies[1].1.starts_with("better-auth.dont_remember=true."));

    let session = server.get(GET_SESSION, &answer.cookies()).await;
    assert!(session.json().is_object());
    assert!(
        session.header("set-cookie").is_none(),
        "its cookie must not begin to last"
    );
}
