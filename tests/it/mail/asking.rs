//! Asking for mails: what is refused, and what the answers do not tell.

use serde_json::json;

use super::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_an_answer_tells_whether_anybody_has_the_address() {
    let site = Site::open(&[("MAIL_METHOD", "log")]).await;
    site.sign_up("ann@example.com").await;
    for path in [
        "forget-password",
        "request-password-reset",
        "send-verification-email",
    ] {
        let mut answers = Vec::new();
        for email in ["ann@example.com", "nobody@example.com"] {
            let form = json!({ "email": email });
            let answer = site.anybody().post(&format!("/api/auth/{path}"), form).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            answers.push((answer.text.clone(), answer.headers.len()));
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_many_mails_has_to_wait_whether_anybody_has_the_address_or_not() {
    let site = Site::open(&[("MAIL_METHOD", "log")]).await;
    site.sign_up("ann@example.com").await;
    for email in ["ann@example.com", "nobody@example.com"] {
        let form = json!({ "email": email });
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let answer = site
                .anybody()
                .post("/api/auth/forget-password", form.clone())
                .await;
            statuses.push(answer.status);
            assert_eq!(answer.header("retry-after").is_some(), answer.status == 429);
        }
        assert_eq!(statuses, [200, 200, 200, 429], "{email}");
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_pages_of_ours_only() {
    let site = Site::open(&[("MAIL_METHOD", "log")]).await;
    let somebody = site.anybody();
    let evil = "https://evil.example/x";
    let post = async |path: &str, field: &str| {
        let form =
            json!({ "email": "ann@example.com", "name": "Ann", "password": "a long password", field: evil });
        somebody.post(&format!("/api/auth/{path}"), form).await
    };
    post("forget-password", "redirectTo")
        .await
        .auth_failure(403, "INVALID_REDIRECTURL");
    post("request-password-reset", "redirectTo")
        .await
        .auth_failure(403, "INVALID_REDIRECTURL");
    post("send-verification-email", "callbackURL")
        .await
        .auth_failure(403, "INVALID_CALLBACKURL");
    post("sign-up/email", "callbackURL")
        .await
        .auth_failure(403, "INVALID_CALLBACKURL");
    let follow = async |query: &str| {
        somebody
            .get(&format!("/api/auth/reset-password/abc{query}"))
            .await
    };
    follow("").await.auth_failure(400, "VALIDATION_ERROR");
    follow("?callbackURL=https%3A%2F%2Fevil.example")
        .await
        .auth_failure(403, "INVALID_CALLBACKURL");
    let led = follow("?callbackURL=/reset-password").await;
    assert_eq!(led.status, 302);
    let page = led.header("location");
    assert_eq!(
        page,
        Some("http://panel.example/reset-password?error=INVALID_TOKEN")
    );
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_needs_a_token_and_a_password_that_may_be_chosen() {
    let site = Site::open(&[("MAIL_METHOD", "log")]).await;
    let reset = async |form| site.anybody().post("/api/auth/reset-password", form).await;
    let good = "a long password";
    reset(json!({ "newPassword": good }))
        .await
        .auth_failure(400, "INVALID_TOKEN");
    reset(json!({ "newPassword": good, "token": "made-up" }))
        .await
        .auth_failure(400, "INVALID_TOKEN");
    reset(json!({ "newPassword": "1234567", "token": "x" }))
        .await
        .auth_failure(400, "PASSWORD_TOO_SHORT");
    let long = "x".repeat(129);
    reset(json!({ "newPassword": long, "token": "x" }))
        .await
        .auth_failure(400, "PASSWORD_TOO_LONG");
    reset(json!({ "token": "x" }))
        .await
        .auth_failure(400, "VALIDATION_ERROR");
    site.close().await;
}
