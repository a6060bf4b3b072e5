//! Staff act as a customer, to see what they see.

use serde_json::{Value, json};

use crate::support::{Answer, Browser, GET_SESSION, SESSION, Way, act, ask, millis, scenarios};

scenarios!(on both ways:
    staff_act_as_a_customer_and_come_back,
    nobody_becomes_more_than_they_are_by_acting,
);
scenarios!(on two nodes:
    staff_act_as_a_customer_and_come_back,
);

/// What the browser would send back.
fn jar(answer: &Answer) -> String {
    let pairs = answer.cookies();
    let pairs: Vec<&str> = pairs
        .iter()
        .filter_map(|cookie| cookie.split(';').next())
        .collect();
    pairs.join("; ")
}

async fn staff_act_as_a_customer_and_come_back(way: Way) {
    let Some(world) = way.world().await else { return };
    let target = json!({ "userId": world.user.id.as_str() });
    let answer = ask(&world.admin, "impersonate-user", target.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let own = world.admin.get(GET_SESSION).await.json();
    assert_eq!(body["session"]["impersonatedBy"], own["user"]["id"]);
    assert_eq!(body["user"]["email"], "customer@example.com");
    let life = millis(&body["session"]["expiresAt"]) - millis(&body["session"]["createdAt"]);
    assert_eq!(life, 3_600_000);
    let cookies = answer.cookies();
    assert!(
        cookies[0].starts_with("admin_session=") && cookies[0].contains("Max-Age=604800; Path=/; HttpOnly")
    );
    assert!(
        cookies[1].starts_with(SESSION) && !cookies[1].contains("Max-Age"),
        "{cookies:?}"
    );

    let mut acting = world.admin.stranger();
    acting.cookie = Some(jar(&answer));
    let session = acting.get(GET_SESSION).await.json();
    assert_eq!(session["user"]["email"], "customer@example.com");
    acting
        .get("/api/v1/admin/orders")
        .await
        .failure(401, "Validation Error");
    ask(&acting, "list-user-sessions", target.clone())
        .await
        .auth_failure(403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS");
    let listed = world.customer.get("/api/auth/list-sessions").await.json();
    assert_eq!(
        listed.as_array().map(Vec::len),
        Some(1),
        "staff are not in the customer's list"
    );
    let listed = act(&world.admin, "list-user-sessions", target.clone()).await;
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(2));

    let back = ask(&acting, "stop-impersonating", json!({})).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(back.json()["user"]["id"], own["user"]["id"]);
    assert!(
        back.cookies()
            .iter()
            .any(|cookie| cookie.starts_with("admin_session=; Max-Age=0"))
    );
    assert_eq!(
        acting.get(GET_SESSION).await.json(),
        Value::Null,
        "acting is over"
    );
    let mut restored = world.admin.stranger();
    restored.cookie = Some(back.session_cookie());
    assert_eq!(restored.get(GET_SESSION).await.json()["user"]["role"], "admin");

    world.close().await;
}

async fn nobody_becomes_more_than_they_are_by_acting(way: Way) {
    let Some(mut world) = way.world().await else {
        return;
    };
    let target = json!({ "userId": world.user.id.as_str() });
    let own = world.admin.get(GET_SESSION).await.json();
    let mut acting = world.admin.stranger();
    ask(&world.admin, "stop-impersonating", json!({}))
        .await
        .auth_failure(400, "YOU_ARE_NOT_IMPERSONATING_ANYONE");
    ask(
        &world.admin,
        "impersonate-user",
        json!({ "userId": own["user"]["id"] }),
    )
    .await
    .auth_failure(403, "YOU_CANNOT_IMPERSONATE_ADMINS");
    ask(&world.admin, "impersonate-user", json!({ "userId": "nobody" }))
        .await
        .auth_failure(404, "USER_NOT_FOUND");
    // Whoever has only the customer's half of the cookies does not become staff.
    let answer = ask(&world.admin, "impersonate-user", target).await;
    acting.cookie = Some(answer.session_cookie());
    ask(&acting, "stop-impersonating", json!({}))
        .await
        .auth_failure(400, "FAILED_TO_FIND_ADMIN_SESSION");
    // Signing out while acting ends both.
    acting.cookie = Some(jar(&answer));
    let out = acting.post("/api/auth/sign-out", json!({})).await;
    assert_eq!(out.status, 200);
    assert_eq!(world.admin.get(GET_SESSION).await.json(), Value::Null);
    world.admin = Browser::signed_in(&world.addresses(), "admin@example.com", "Correct-Horse-7").await;
    world.close().await;
}
