//! What is no token, and what tokens are not for.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, ORIGIN};
use serde_json::json;

use super::{EMAIL, REFRESH, SHOW, TOKEN, WALLET, program, refresh, text};
use crate::support::{Browser, PASSWORD, Way, scenarios};

scenarios!(on both ways:
    a_token_that_was_not_given_out_lets_nobody_in,
    guessing_by_tokens_counts_as_guessing,
    a_cookie_and_a_token_together_are_refused,
    what_hands_out_cookies_is_not_for_programs,
);

async fn a_token_that_was_not_given_out_lets_nobody_in(way: Way) {
    let Some(world) = way.world().await else { return };
    let (good, tokens) = program(&world, EMAIL).await;
    let (token, refresh_token) = (text(&tokens, "accessToken"), text(&tokens, "refreshToken"));
    let parts: Vec<&str> = token.split('.').collect();
    // The header {"alg":"none"} and the payload as it was.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let mut flipped = token.to_owned();
    let last = if token.ends_with('A') { 'B' } else { 'A' };
    flipped.truncate(token.len() - 3);
    flipped.push(last);
    let session = text(&tokens, "sessionId");
    for wrong in [
        "",
        "x",
        "..",
        &unsigned,
        &flipped,
        &token[..token.len() - 1],
        &format!("{token}x"),
        refresh_token,
        session,
        parts[1],
    ] {
        let mut thief = good.stranger();
        thief.bearer = Some(wrong.to_owned());
        for path in [WALLET, "/api/v1/admin/users", "/api/v1/dashboard/orders"] {
            thief.get(path).await.failure(401, "ACCESS_TOKEN_INVALID");
        }
        thief.get(SHOW).await.auth_failure(401, "ACCESS_TOKEN_INVALID");
    }
    for wrong in [
        "",
        "smmr_",
        token,
        session,
        &refresh_token[..40],
        &format!("{refresh_token}0"),
    ] {
        let form = json!({ "refreshToken": wrong });
        good.post(REFRESH, form)
            .await
            .auth_failure(401, "REFRESH_TOKEN_INVALID");
    }
    for wrong in [
        json!({}),
        json!({ "refreshToken": 1 }),
        json!({ "refreshToken": null }),
        json!([]),
    ] {
        good.post(REFRESH, wrong)
            .await
            .auth_failure(400, "VALIDATION_ERROR");
    }
    // A token of another scheme is somebody else's, and two are nobody's.
    let basic = |request: reqwest::RequestBuilder| request.header(AUTHORIZATION, "Basic YTpi");
    let answer = good.stranger().send(Method::GET, WALLET, basic).await;
    answer.failure(401, "Validation Error");
    let twice = |request: reqwest::RequestBuilder| request.bearer_auth(token);
    let answer = good.send(Method::GET, WALLET, twice).await;
    answer.failure(401, "ACCESS_TOKEN_INVALID");
    // Nothing of that harmed the real one.
    good.get(WALLET).await.success(200, "USER_BALANCE");
    assert_eq!(refresh(&good, &tokens, None).await.status, 200);
    world.close().await;
}

async fn guessing_by_tokens_counts_as_guessing(way: Way) {
    let Some(world) = way.world().await else { return };
    let browser = Browser::anonymous(&world.addresses());
    for guess in 0..5 {
        let form = json!({ "email": EMAIL, "password": format!("Wrong-Horse-{guess}") });
        let path = if guess % 2 == 0 {
            TOKEN
        } else {
            "/api/auth/sign-in/email"
        };
        browser
            .post(path, form)
            .await
            .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    let form = json!({ "email": EMAIL, "password": PASSWORD });
    for path in [TOKEN, "/api/auth/token", "/api/auth/sign-in/email"] {
        browser
            .post(path, form.clone())
            .await
            .auth_failure(429, "TOO_MANY_REQUESTS");
    }
    let unknown = json!({ "email": "nobody@example.com", "password": PASSWORD });
    browser
        .post(TOKEN, unknown)
        .await
        .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    world.close().await;
}

async fn a_cookie_and_a_token_together_are_refused(way: Way) {
    let Some(world) = way.world().await else { return };
    let (program, tokens) = program(&world, EMAIL).await;
    let both = |request: reqwest::RequestBuilder| request.bearer_auth(text(&tokens, "accessToken"));
    let answer = world.customer.send(Method::GET, WALLET, both).await;
    answer.failure(400, "TWO_CREDENTIALS");
    let path = "/api/auth/list-sessions";
    let answer = world.customer.send(Method::GET, path, both).await;
    answer.auth_failure(400, "TWO_CREDENTIALS");
    // Not even a worthless token makes another site's page welcome with the visitor's cookie.
    let foreign = |request: reqwest::RequestBuilder| {
        let order = world.order_form("1012", "complete", 100);
        let request = request.header(ORIGIN, "https://evil.example").bearer_auth("x");
        request.json(&order)
    };
    let orders = "/api/v1/dashboard/orders";
    let answer = world.customer.send(Method::POST, orders, foreign).await;
    answer.failure(403, "INVALID_ORIGIN");
    // A program has no cookie that a page could abuse, so no page has to be ours.
    let elsewhere = |request: reqwest::RequestBuilder| {
        let request = request.header(ORIGIN, "https://tools.example");
        request.json(&json!({ "time_zone": "Europe/Berlin" }))
    };
    let answer = program
        .send(Method::PATCH, "/api/v1/dashboard/settings", elsewhere)
        .await;
    assert_ne!(answer.status, 403, "{}", answer.text);
    world.close().await;
}

async fn what_hands_out_cookies_is_not_for_programs(way: Way) {
    let Some(world) = way.world().await else { return };
    let (program, _) = program(&world, "admin@example.com").await;
    for (path, form) in [
        ("/api/auth/reauthenticate", json!({ "password": PASSWORD })),
        (
            "/api/auth/change-password",
            json!({ "currentPassword": PASSWORD, "newPassword": "Another-Horse-8" }),
        ),
        (
            "/api/auth/admin/impersonate-user",
            json!({ "userId": world.user.id.as_str() }),
        ),
    ] {
        let answer = program.post(path, form).await;
        assert_eq!((answer.status, answer.cookies()), (401, Vec::new()), "{path}");
    }
    world.close().await;
}
