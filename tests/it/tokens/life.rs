//! Programs sign in, work, refresh and sign out.

use std::time::Duration;

use domain::Timestamp;
use domain::identity::Role;
use serde_json::{Value, json};

use super::{EMAIL, REVOKE, SHOW, WALLET, is_out, program, refresh, text};
use crate::support::{Way, is_date, scenarios};

scenarios!(on both ways:
    a_program_signs_in_orders_refreshes_and_signs_out,
    an_access_token_ends_and_says_so,
    sessions_of_programs_are_listed_and_ended_by_name,
    staff_work_with_tokens_within_their_rights,
);
scenarios!(on two nodes:
    a_program_signs_in_orders_refreshes_and_signs_out,
);

async fn a_program_signs_in_orders_refreshes_and_signs_out(way: Way) {
    let Some(world) = way.world().await else { return };
    let (mut program, first) = program(&world, EMAIL).await;
    assert_eq!(first["tokenType"], "Bearer");
    assert_eq!(
        (&first["expiresIn"], &first["refreshExpiresIn"]),
        (&json!(900), &json!(604_800))
    );
    assert!(is_date(text(&first, "expiresAt")) && is_date(text(&first, "refreshExpiresAt")));
    assert!(text(&first, "refreshToken").starts_with("smmr_"));
    assert_eq!(first["user"]["email"], EMAIL);

    let wallet = program.get(WALLET).await.success(200, "USER_BALANCE");
    assert_eq!(wallet["balance"], "100.00");
    let form = world.order_form("1012", "complete", 1_000);
    let placed = program.post("/api/v1/dashboard/orders", form).await;
    let order = placed.success(201, "ORDER_CREATED")["order"]["id"]
        .as_i64()
        .expect("an id");
    let shown = program.get(SHOW).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert_eq!(shown.json()["session"]["id"], first["sessionId"]);
    assert_eq!(shown.json()["session"]["kind"], "program");

    let second = refresh(&program, &first, None).await.json();
    assert_ne!(first["refreshToken"], second["refreshToken"]);
    assert_ne!(first["accessToken"], second["accessToken"]);
    assert_eq!(first["sessionId"], second["sessionId"]);
    // The access token of before counts until its time is over.
    program.get(WALLET).await.success(200, "USER_BALANCE");
    program.bearer = Some(text(&second, "accessToken").to_owned());
    program.get(WALLET).await.success(200, "USER_BALANCE");

    let out = program.post(REVOKE, json!({})).await;
    assert_eq!((out.status, out.json()), (200, json!({ "status": true })));
    is_out(&program, &second, "it signed out").await;
    let again = json!({ "refreshToken": text(&second, "refreshToken") });
    assert_eq!(program.post(REVOKE, again).await.status, 200, "twice is no error");
    assert_eq!(program.post(REVOKE, json!({})).await.status, 200);
    let nothing = program.stranger().post(REVOKE, json!({})).await;
    nothing.auth_failure(400, "VALIDATION_ERROR");
    world.customer.get(WALLET).await.success(200, "USER_BALANCE");
    world.until(order, "completed").await;
    world.close().await;
}

async fn an_access_token_ends_and_says_so(way: Way) {
    let Some(world) = way.world().await else { return };
    let (mut program, tokens) = program(&world, EMAIL).await;
    let ports = world.system().adapters();
    let token = text(&tokens, "accessToken");
    let mut claims = ports.access.verify(token, ports.clock.now()).expect("it is good");
    let shift = |at: Timestamp| at.minus(Duration::from_mins(15));
    (claims.issued_at, claims.expires_at) = (shift(claims.issued_at), shift(claims.expires_at));
    program.bearer = Some(ports.access.sign(&claims).reveal().to_owned());
    let answer = program.get(WALLET).await;
    answer.failure(401, "ACCESS_TOKEN_EXPIRED");
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("expired"), "{challenge}");
    // The refresh token is still good for a week.
    let next = refresh(&program, &tokens, None).await.json();
    program.bearer = Some(text(&next, "accessToken").to_owned());
    program.get(WALLET).await.success(200, "USER_BALANCE");
    // A token for a session of somebody else is none, although we signed it.
    let (_, others) = super::program(&world, "admin@example.com").await;
    let mut forged = ports
        .access
        .verify(text(&next, "accessToken"), ports.clock.now())
        .expect("good");
    forged.session = domain::SessionId::new(text(&others, "sessionId"));
    program.bearer = Some(ports.access.sign(&forged).reveal().to_owned());
    program
        .get("/api/v1/admin/users")
        .await
        .failure(401, "ACCESS_TOKEN_INVALID");
    world.close().await;
}

async fn sessions_of_programs_are_listed_and_ended_by_name(way: Way) {
    let Some(world) = way.world().await else { return };
    let (program_a, tokens_a) = program(&world, EMAIL).await;
    let (program_b, tokens_b) = program(&world, EMAIL).await;
    let list = world.customer.get("/api/auth/list-sessions").await.json();
    let kinds: Vec<&Value> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["kind"])
        .collect();
    assert_eq!(kinds, [&json!("program"), &json!("program"), &Value::Null]);
    assert_eq!(program_a.get("/api/auth/list-sessions").await.json(), list);
    for secret in ["accessToken", "refreshToken"] {
        assert!(!list.to_string().contains(text(&tokens_a, secret)), "{secret}");
    }
    let form = json!({ "token": text(&tokens_a, "sessionId") });
    let ended = program_b.post("/api/auth/revoke-session", form).await;
    assert_eq!(ended.status, 200, "{}", ended.text);
    is_out(&program_a, &tokens_a, "its session was ended by name").await;
    // A name is no token, whoever knows it.
    let mut thief = program_a.stranger();
    thief.cookie = Some(format!(
        "better-auth.session_token={}",
        text(&tokens_b, "sessionId")
    ));
    thief.get(WALLET).await.failure(401, "Validation Error");

    let all = world.customer.post("/api/auth/token/revoke-all", json!({})).await;
    assert_eq!(all.json(), json!({ "revoked": 1 }));
    is_out(&program_b, &tokens_b, "all programs were signed out").await;
    world.customer.get(WALLET).await.success(200, "USER_BALANCE");
    world.close().await;
}

async fn staff_work_with_tokens_within_their_rights(way: Way) {
    let Some(world) = way.world().await else { return };
    let (boss, _) = program(&world, "admin@example.com").await;
    boss.get("/api/v1/admin/orders")
        .await
        .success(200, "ORDERS_FETCHED");
    let (customer, _) = program(&world, EMAIL).await;
    customer
        .get("/api/v1/admin/orders")
        .await
        .failure(401, "Validation Error");
    let (_, browser) = world.join("mo", Role::Moderator).await;
    let (moderator, tokens) = program(&world, "mo@example.com").await;
    assert_eq!(
        tokens["refreshExpiresIn"], 1_800,
        "as short as a session of staff"
    );
    moderator
        .get("/api/v1/admin/orders")
        .await
        .failure(403, "FORBIDDEN");
    drop(browser);
    // The password that was sent with the first request proves for five minutes, and a refreshed token nothing more.
    let credit = format!("/api/v1/admin/users/{}/wallet/credit", world.user.id);
    let form = json!({ "amount": "1", "reason": "a gift" });
    boss.post(&credit, form).await.success(201, "WALLET_CREDITED");
    world.close().await;
}
