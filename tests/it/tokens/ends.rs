//! What ends a session ends its tokens, and a token that two have ends the session.

use domain::identity::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{EMAIL, TOKEN, WALLET, is_out, program, refresh, text};
use crate::support::{Answer, Browser, PASSWORD, Way, scenarios};

scenarios!(on both ways:
    whatever_ends_a_session_ends_its_tokens_at_once,
    a_used_refresh_token_ends_the_session,
    a_lost_answer_is_asked_for_again_by_its_key,
);
scenarios!(on two nodes:
    whatever_ends_a_session_ends_its_tokens_at_once,
    a_used_refresh_token_ends_the_session,
    a_lost_answer_is_asked_for_again_by_its_key,
);

async fn whatever_ends_a_session_ends_its_tokens_at_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = async |path: &str, body: Value| {
        let answer = world.admin.post(&format!("/api/auth/admin/{path}"), body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    };
    let (user, browser) = world.join("mallory", Role::User).await;
    let (id, email) = (user.id.as_str(), user.email.as_str());

    let (program_a, tokens) = program(&world, email).await;
    admin("ban-user", json!({ "userId": id })).await;
    is_out(&program_a, &tokens, "a ban").await;
    let form = json!({ "email": email, "password": PASSWORD });
    browser
        .stranger()
        .post(TOKEN, form)
        .await
        .auth_failure(403, "BANNED_USER");
    admin("unban-user", json!({ "userId": id })).await;
    is_out(&program_a, &tokens, "the ban was lifted").await;

    let (program_b, tokens) = program(&world, email).await;
    admin("set-role", json!({ "userId": id, "role": "moderator" })).await;
    is_out(&program_b, &tokens, "another role").await;
    admin("set-role", json!({ "userId": id, "role": "user" })).await;

    let (program_c, tokens) = program(&world, email).await;
    admin("revoke-user-sessions", json!({ "userId": id })).await;
    is_out(&program_c, &tokens, "staff ended the sessions").await;

    let (program_d, tokens) = program(&world, email).await;
    admin(
        "revoke-user-session",
        json!({ "sessionToken": text(&tokens, "sessionId") }),
    )
    .await;
    is_out(&program_d, &tokens, "staff ended the session").await;

    let (program_e, tokens) = program(&world, email).await;
    let browser = Browser::signed_in(&world.addresses(), email, PASSWORD).await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "Another-Horse-8" });
    let changed = browser.post("/api/auth/change-password", change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    is_out(&program_e, &tokens, "another password").await;

    admin(
        "set-user-password",
        json!({ "userId": id, "newPassword": PASSWORD }),
    )
    .await;
    let (program_f, tokens) = program(&world, email).await;
    admin(
        "set-user-password",
        json!({ "userId": id, "newPassword": PASSWORD }),
    )
    .await;
    is_out(&program_f, &tokens, "staff set the password").await;

    let (program_g, tokens) = program(&world, email).await;
    admin("remove-user", json!({ "userId": id })).await;
    is_out(&program_g, &tokens, "the user was removed").await;
    world.close().await;
}

async fn a_used_refresh_token_ends_the_session(way: Way) {
    let Some(world) = way.world().await else { return };
    let (mut program, first) = program(&world, EMAIL).await;
    let second = refresh(&program, &first, None).await.json();
    program.bearer = Some(text(&second, "accessToken").to_owned());
    program.get(WALLET).await.success(200, "USER_BALANCE");
    let thief = refresh(&program.stranger(), &first, None).await;
    thief.auth_failure(401, "REFRESH_TOKEN_REUSED");
    is_out(&program, &second, "a thief was seen").await;
    let lines = world.admin.get("/api/v1/admin/audit?action=token.reuse").await;
    let lines = lines.success(200, "AUDIT_FETCHED");
    assert_eq!(lines["lines"].as_array().map(Vec::len), Some(1), "{lines}");
    world.close().await;
}

async fn a_lost_answer_is_asked_for_again_by_its_key(way: Way) {
    let Some(world) = way.world().await else { return };
    let (mut program, first) = program(&world, EMAIL).await;
    // One program asks four times at once, of all nodes.
    let asks = (0..4).map(|_| refresh(&program, &first, Some("a-key")));
    let answers = futures::future::join_all(asks).await;
    let tokens: Vec<Value> = answers.iter().map(Answer::json).collect();
    for (answer, token) in answers.iter().zip(&tokens) {
        assert_eq!(answer.status, StatusCode::OK.as_u16(), "{}", answer.text);
        assert_eq!(token["refreshToken"], tokens[0]["refreshToken"]);
    }
    program.bearer = Some(text(&tokens[3], "accessToken").to_owned());
    program.get(WALLET).await.success(200, "USER_BALANCE");
    let other = refresh(&program, &first, Some("another-key")).await;
    other.auth_failure(401, "REFRESH_TOKEN_REUSED");
    is_out(&program, &tokens[0], "somebody without the key").await;
    refresh(&program, &first, Some(" "))
        .await
        .auth_failure(400, "IDEMPOTENCY_KEY_INVALID");
    world.close().await;
}
