//! Staff administer users, in the client library's words.

use domain::identity::Role;
use futures::future::join;
use serde_json::{Value, json};

use crate::support::{
    ADMIN, Browser, GET_SESSION, WALLET, Way, act, ask, fields, millis, scenarios, sign_in,
};

scenarios!(on both ways:
    users_are_created_with_a_wallet,
    users_are_listed_and_found,
    only_whoever_has_the_right_administers_users,
    a_ban_is_replaced_lifted_and_for_somebody_else,
    a_ban_lasts_as_long_as_the_application_means_and_ends_every_session,
    a_removed_user_leaves_orders_and_money_and_frees_the_address,
    an_administrator_is_always_left,
);
scenarios!(on two nodes:
    a_ban_lasts_as_long_as_the_application_means_and_ends_every_session,
    an_administrator_is_always_left,
);

const DAY_MILLIS: i64 = 86_400_000;

async fn users_are_created_with_a_wallet(way: Way) {
    let Some(world) = way.world().await else { return };
    let form = json!({
        "name": "Alice Doe", "email": "Alice@Example.com", "password": "Correct-Horse-1", "role": "user",
        "data": { "banned": true, "emailVerified": true },
    });
    let created = act(&world.admin, "create-user", form.clone()).await["user"].clone();
    let expected = [
        "banExpires",
        "banReason",
        "banned",
        "createdAt",
        "email",
        "emailVerified",
        "id",
        "image",
        "name",
        "role",
        "twoFactorEnabled",
        "updatedAt",
    ];
    assert_eq!(fields(&created), expected);
    assert_eq!(
        (
            &created["email"],
            &created["role"],
            &created["banned"],
            &created["emailVerified"]
        ),
        (
            &json!("alice@example.com"),
            &json!("user"),
            &Value::Null,
            &json!(false)
        )
    );
    ask(&world.admin, "create-user", form)
        .await
        .auth_failure(400, "USER_ALREADY_EXISTS");
    for (field, value, code) in [
        ("password", "short", "PASSWORD_TOO_SHORT"),
        ("email", "no address", "INVALID_EMAIL"),
        ("role", "root", "VALIDATION_ERROR"),
    ] {
        let mut form = json!({ "name": "New", "email": "new@example.com", "password": "Correct-Horse-1" });
        form[field] = json!(value);
        ask(&world.admin, "create-user", form)
            .await
            .auth_failure(400, code);
    }
    let alice = Browser::signed_in(&world.addresses(), "alice@example.com", "Correct-Horse-1").await;
    let wallet = alice.get(WALLET).await.success(200, "USER_BALANCE");
    assert_eq!(wallet["balance"], "0.00", "whoever is created has a wallet");

    world.close().await;
}

async fn users_are_listed_and_found(way: Way) {
    let Some(world) = way.world().await else { return };
    let form = json!({ "name": "Alice Doe", "email": "alice@example.com", "password": "Correct-Horse-1" });
    let created = act(&world.admin, "create-user", form).await["user"].clone();
    let list = async |query: &str| {
        let answer = world.admin.get(&format!("{ADMIN}/list-users{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        answer.json()
    };
    let page = list("?limit=20").await;
    assert_eq!((&page["total"], &page["limit"]), (&json!(3), &json!(20)));
    assert!(page.get("offset").is_none());
    assert_eq!(page["users"][0], created, "the newest comes first");
    let names = async |query: &str| {
        let users = list(query).await["users"].clone();
        let users = users.as_array().expect("users").clone();
        users
            .iter()
            .map(|user| user["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("?sortBy=name&sortDirection=asc&limit=2&offset=1").await,
        ["admin", "customer"]
    );
    assert_eq!(names("?searchValue=ALICE").await, ["Alice Doe"]);
    assert_eq!(
        names("?searchValue=doe&searchField=name&searchOperator=ends_with").await,
        ["Alice Doe"]
    );
    assert_eq!(names("?filterField=role&filterValue=admin").await, ["admin"]);
    let wrong = world
        .admin
        .get(&format!("{ADMIN}/list-users?sortBy=password"))
        .await;
    assert_eq!(
        wrong.auth_failure(400, "VALIDATION_ERROR"),
        "Invalid query parameters"
    );

    world.close().await;
}

async fn only_whoever_has_the_right_administers_users(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let refused = nobody.get("/api/v1/auth/admin/list-users").await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    let refused = world.customer.get(&format!("{ADMIN}/list-users")).await;
    refused.auth_failure(403, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS");
    let (_, moderator) = world.join("moderator", Role::Moderator).await;
    ask(
        &moderator,
        "ban-user",
        json!({ "userId": world.user.id.as_str() }),
    )
    .await
    .auth_failure(403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS");
    moderator
        .get("/api/v1/admin/orders")
        .await
        .failure(403, "FORBIDDEN");
    let unknown = world.admin.post(&format!("{ADMIN}/nowhere"), json!({})).await;
    assert_eq!((unknown.status, unknown.text.as_str()), (404, ""));
    world.close().await;
}

async fn a_ban_lasts_as_long_as_the_application_means_and_ends_every_session(way: Way) {
    let Some(world) = way.world().await else { return };
    let (mallory, browser) = world.join("mallory", Role::User).await;
    let second = Browser::signed_in(&world.addresses(), "mallory@example.com", "Correct-Horse-7").await;
    let id = mallory.id.as_str();
    let ban = async |body: Value| act(&world.admin, "ban-user", body).await["user"].clone();

    let banned = ban(json!({ "userId": id, "banReason": "Fraud", "banExpiresIn": 7 * DAY_MILLIS })).await;
    assert_eq!(
        (&banned["banned"], &banned["banReason"]),
        (&json!(true), &json!("Fraud"))
    );
    let length = millis(&banned["banExpires"]) - millis(&banned["updatedAt"]);
    assert_eq!(length, 7 * DAY_MILLIS, "the application sends milliseconds");
    for node in 0..4 {
        let browser = if node % 2 == 0 { &browser } else { &second };
        assert_eq!(browser.get(GET_SESSION).await.json(), Value::Null);
        browser.get(WALLET).await.failure(401, "Validation Error");
        let order = world.order_form("1012", "complete", 100);
        browser
            .post("/api/v1/dashboard/orders", order)
            .await
            .failure(401, "Validation Error");
    }
    sign_in(&browser, "mallory@example.com", "Correct-Horse-7")
        .await
        .auth_failure(403, "BANNED_USER");

    world.close().await;
}

async fn a_ban_is_replaced_lifted_and_for_somebody_else(way: Way) {
    let Some(world) = way.world().await else { return };
    let (mallory, browser) = world.join("mallory", Role::User).await;
    let id = mallory.id.as_str();
    let ban = async |body: Value| act(&world.admin, "ban-user", body).await["user"].clone();
    let banned = ban(json!({ "userId": id, "banExpiresIn": 3600 })).await;
    assert_eq!(
        millis(&banned["banExpires"]) - millis(&banned["updatedAt"]),
        3_600_000,
        "in seconds"
    );
    let banned = ban(json!({ "userId": id })).await;
    assert_eq!(
        (&banned["banExpires"], &banned["banReason"]),
        (&Value::Null, &json!("No reason")),
        "a new ban without an end has none"
    );
    let free = act(&world.admin, "unban-user", json!({ "userId": id })).await["user"].clone();
    assert_eq!(
        (&free["banned"], &free["banReason"], &free["banExpires"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    assert_eq!(
        browser.get(GET_SESSION).await.json(),
        Value::Null,
        "an ended session stays so"
    );
    assert_eq!(
        sign_in(&browser, "mallory@example.com", "Correct-Horse-7")
            .await
            .status,
        200
    );

    let admin = world.admin.get(GET_SESSION).await.json()["user"]["id"].clone();
    ask(&world.admin, "ban-user", json!({ "userId": admin }))
        .await
        .auth_failure(400, "YOU_CANNOT_BAN_YOURSELF");
    for nobody in [json!({ "userId": "nobody" }), json!({})] {
        for path in ["ban-user", "unban-user"] {
            assert_eq!(
                act(&world.admin, path, nobody.clone()).await,
                json!({ "user": null })
            );
        }
    }
    let wrong = json!({ "userId": id, "banExpiresIn": -1 });
    ask(&world.admin, "ban-user", wrong)
        .await
        .auth_failure(400, "VALIDATION_ERROR");
    world.close().await;
}

async fn a_removed_user_leaves_orders_and_money_and_frees_the_address(way: Way) {
    let Some(world) = way.world().await else { return };
    let (leaver, browser) = world.join("leaver", Role::User).await;
    world.fund(leaver.id.as_str(), "5").await;
    let order = world.order_form("1012", "complete", 100);
    let order = browser.post("/api/v1/dashboard/orders", order).await;
    let order = order.success(201, "ORDER_CREATED")["order"]["id"]
        .as_i64()
        .expect("an id");
    let id = leaver.id.as_str();
    ask(&world.admin, "remove-user", json!({ "userId": id }))
        .await
        .auth_failure(409, "WALLET_NOT_EMPTY");
    assert!(
        browser.get(GET_SESSION).await.json().is_object(),
        "nothing happened"
    );
    for _ in 0..2 {
        let gone = act(
            &world.admin,
            "remove-user",
            json!({ "userId": id, "force": true }),
        )
        .await;
        assert_eq!(gone, json!({ "success": true }), "removing twice is fine");
    }
    assert_eq!(browser.get(GET_SESSION).await.json(), Value::Null);
    sign_in(&browser, "leaver@example.com", "Correct-Horse-7")
        .await
        .auth_failure(401, "INVALID_EMAIL_OR_PASSWORD");
    let list = world.admin.get(&format!("{ADMIN}/list-users")).await;
    assert!(!list.text.contains(leaver.id.as_str()), "{}", list.text);
    let done = world.until(order, "completed").await;
    assert_eq!(
        done["order"]["userId"],
        leaver.id.as_str(),
        "the order goes on under the same id"
    );

    let form = json!({ "name": "Leaver", "email": "leaver@example.com", "password": "Correct-Horse-8" });
    let again = browser.stranger().post("/api/auth/sign-up/email", form).await;
    assert_eq!(again.status, 200, "the address is free: {}", again.text);
    assert_ne!(again.json()["user"]["id"], leaver.id.as_str());
    world.close().await;
}

async fn an_administrator_is_always_left(way: Way) {
    let Some(world) = way.world().await else { return };
    let own = world.admin.get(GET_SESSION).await.json()["user"]["id"].clone();
    let demotion = |id: &Value| json!({ "userId": id, "role": "user" });
    ask(&world.admin, "set-role", demotion(&own))
        .await
        .auth_failure(409, "LAST_ADMIN");
    ask(&world.admin, "remove-user", json!({ "userId": own }))
        .await
        .auth_failure(409, "LAST_ADMIN");
    let (other, second) = world.join("second", Role::User).await;
    let promotion = json!({ "userId": other.id.as_str(), "role": ["user", "admin"] });
    let promoted = act(&world.admin, "set-role", promotion).await["user"].clone();
    assert_eq!(promoted["role"], "admin");
    assert_eq!(
        second.get(GET_SESSION).await.json(),
        Value::Null,
        "another role, another session"
    );
    let second = Browser::signed_in(&world.addresses(), "second@example.com", "Correct-Horse-7").await;

    // Each bans the other at the same time.
    let bans = (json!({ "userId": other.id.as_str() }), json!({ "userId": own }));
    let (first, other) = join(
        ask(&world.admin, "ban-user", bans.0),
        ask(&second, "ban-user", bans.1),
    )
    .await;
    let statuses = [first.status, other.status];
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(
        statuses.iter().any(|status| matches!(status, 401 | 409)),
        "nobody is left: {statuses:?} {} {}",
        first.text,
        other.text
    );
    let (winner, loser) = if first.status == 200 {
        (&world.admin, &second)
    } else {
        (&second, &world.admin)
    };
    assert_eq!(winner.get(GET_SESSION).await.json()["user"]["role"], "admin");
    assert_eq!(loser.get(GET_SESSION).await.json(), Value::Null);
    // The end of the test asks as the first one.
    if first.status != 200 {
        act(winner, "unban-user", json!({ "userId": own })).await;
    }
    let mut world = world;
    world.admin = Browser::signed_in(&world.addresses(), "admin@example.com", "Correct-Horse-7").await;
    world.close().await;
}
