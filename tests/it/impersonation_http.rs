//! Staff act as a customer, to see what they see.

use domain::identity::Role;
use serde_json::{Value, json};

use crate::support::{
    Answer, Browser, GET_SESSION, PASSWORD, SESSION, WALLET, Way, World, act, ask, millis, scenarios,
};

scenarios!(on both ways:
    staff_act_as_a_customer_and_come_back,
    nobody_becomes_more_than_they_are_by_acting,
    whoever_acts_orders_nothing_however_often_they_were_seen,
    whoever_acts_changes_nothing_that_the_customer_comes_in_with,
);
scenarios!(on two nodes:
    staff_act_as_a_customer_and_come_back,
    whoever_acts_orders_nothing_however_often_they_were_seen,
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

/// Whoever acts looks, and leaves the customer's money alone.
async fn spends_nothing(acting: &Browser, world: &World) {
    let order = world.order_form("1012", "complete", 100);
    acting
        .post("/api/v1/dashboard/orders", order.clone())
        .await
        .failure(403, "FORBIDDEN");
    acting
        .post("/api/v1/dashboard/orders/mass", json!({ "orders": [order] }))
        .await
        .failure(403, "FORBIDDEN");
    let id = world.place("complete").await;
    acting
        .post(&format!("/api/v1/dashboard/orders/{id}/cancel"), json!({}))
        .await
        .failure(403, "FORBIDDEN");
    world.until(id, "completed").await;
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

    spends_nothing(&acting, &world).await;

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

/// Whoever was seen before is not looked up before they order, if the service was ordered before.
async fn whoever_acts_orders_nothing_however_often_they_were_seen(way: Way) {
    /// More than there are nodes, so that each has seen all of it.
    const TIMES: usize = 4;
    let Some(world) = way.world().await else { return };
    let mut placed = Vec::new();
    for _ in 0..TIMES {
        placed.push(world.place("complete").await);
    }
    let target = json!({ "userId": world.user.id.as_str() });
    let answer = ask(&world.admin, "impersonate-user", target).await;
    let mut acting = world.admin.stranger();
    acting.cookie = Some(answer.session_cookie());
    for _ in 0..TIMES {
        acting.get(WALLET).await.success(200, "USER_BALANCE");
    }
    for _ in 0..TIMES {
        let form = world.order_form("1012", "complete", 100);
        acting
            .post("/api/v1/dashboard/orders", form)
            .await
            .failure(403, "FORBIDDEN");
    }
    for id in placed {
        world.until(id, "completed").await;
    }
    world.close().await;
}

/// Also if they know the password: whoever may look at an account does not take it.
async fn whoever_acts_changes_nothing_that_the_customer_comes_in_with(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, browser) = world.join("ann", Role::User).await;
    let target = json!({ "userId": user.id.as_str() });
    let answer = ask(&world.admin, "impersonate-user", target).await;
    let mut acting = world.admin.stranger();
    acting.cookie = Some(answer.session_cookie());
    let database = world.database().await;
    let mails = "SELECT COUNT(*) FROM mails";
    let before = database.number(mails).await;
    let password = json!({ "password": PASSWORD });
    let code = json!({ "code": "123456" });
    let other = "another long passphrase";
    for (path, form) in [
        ("change-email", json!({ "newEmail": "staff@example.com" })),
        (
            "change-password",
            json!({ "currentPassword": PASSWORD, "newPassword": other, "revokeOtherSessions": true }),
        ),
        ("delete-user", password.clone()),
        ("delete-user", json!({ "token": "any" })),
        ("reauthenticate", password.clone()),
        ("two-factor/enable", password.clone()),
        ("two-factor/disable", password.clone()),
        ("two-factor/get-totp-uri", password.clone()),
        ("two-factor/generate-backup-codes", password.clone()),
        ("two-factor/view-backup-codes", password),
        ("two-factor/verify-totp", code.clone()),
        ("two-factor/verify-otp", code.clone()),
        ("two-factor/verify-backup-code", code),
        ("two-factor/send-otp", json!({})),
    ] {
        let answer = acting.post(&format!("/api/auth/{path}"), form).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
        answer.auth_failure(403, "FORBIDDEN");
        assert_eq!(answer.cookies(), [""; 0], "{path}");
    }
    let link = "/api/auth/delete-user/callback?token=any";
    acting.get(link).await.auth_failure(403, "FORBIDDEN");
    assert_eq!(database.number(mails).await, before, "nobody is mailed anything");
    assert!(browser.get(GET_SESSION).await.json().is_object());
    Browser::signed_in(&world.addresses(), "ann@example.com", PASSWORD).await;
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
