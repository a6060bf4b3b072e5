//! Whoever ordered a moment ago is not looked up again before they order: the order itself asks whether their session stands.

use std::time::Duration;

use domain::identity::Role;
use serde_json::json;

use crate::support::{Answer, Browser, PASSWORD, Way, World, eventually, scenarios};

scenarios!(on both ways:
    whoever_is_out_orders_nothing_however_often_they_ordered_before,
    whoever_came_back_orders_again,
);
scenarios!(on two nodes:
    whoever_is_out_orders_nothing_however_often_they_ordered_before,
);

const ORDERS: &str = "/api/v1/dashboard/orders";
/// More than there are nodes, so that each has seen the session.
const BEFORE: usize = 4;

/// A way in which a session ends.
#[derive(Debug, Clone, Copy)]
enum Exit {
    SignOut,
    Ban,
    NewPassword,
    Revoked,
}

const EXITS: [Exit; 4] = [Exit::SignOut, Exit::Ban, Exit::NewPassword, Exit::Revoked];

/// Somebody with money, whose session every node has seen.
async fn regular(world: &World, name: &str) -> (String, Browser) {
    let (user, browser) = world.join(name, Role::User).await;
    world.fund(user.id.as_str(), "100").await;
    for _ in 0..BEFORE {
        order(world, &browser).await.success(201, "ORDER_CREATED");
    }
    (user.id.as_str().to_owned(), browser)
}

async fn order(world: &World, browser: &Browser) -> Answer {
    let form = world.order_form("1012", "complete", 100);
    browser.post(ORDERS, form).await
}

/// Every order is done, and the books are right.
async fn end(world: World) {
    let database = world.database().await;
    let open = "SELECT COUNT(*) FROM orders WHERE state <> 'completed'";
    let are_done = async || (database.number(open).await == Ok(0)).then_some(());
    eventually(|| "every order is done".to_owned(), are_done).await;
    world.close().await;
}

async fn leave(world: &World, user: &str, email: &str, browser: &Browser, exit: Exit) {
    let about = json!({ "userId": user });
    let answer = match exit {
        Exit::SignOut => browser.post("/api/auth/sign-out", json!({})).await,
        Exit::Ban => world.admin.post("/api/auth/admin/ban-user", about).await,
        Exit::Revoked => {
            let path = "/api/auth/admin/revoke-user-sessions";
            world.admin.post(path, about).await
        }
        Exit::NewPassword => {
            let elsewhere = Browser::signed_in(&world.addresses(), email, PASSWORD).await;
            let form = json!({
                "currentPassword": PASSWORD,
                "newPassword": "another long passphrase",
                "revokeOtherSessions": true,
            });
            elsewhere.post("/api/auth/change-password", form).await
        }
    };
    assert_eq!(answer.status, 200, "{exit:?}: {}", answer.text);
}

async fn whoever_is_out_orders_nothing_however_often_they_ordered_before(way: Way) {
    let Some(world) = way.world().await else { return };
    let database = world.database().await;
    for exit in EXITS {
        let name = format!("{exit:?}").to_lowercase();
        let (user, browser) = regular(&world, &name).await;
        let theirs = format!("SELECT COUNT(*) FROM orders WHERE user_id = '{user}'");
        let before = database.number(&theirs).await;
        leave(&world, &user, &format!("{name}@example.com"), &browser, exit).await;
        for _ in 0..BEFORE {
            order(&world, &browser).await.failure(401, "Validation Error");
            // Nor does it hear what is wrong with its form.
            let nonsense = browser.post(ORDERS, json!({ "quantity": "many" })).await;
            nonsense.failure(401, "Validation Error");
        }
        assert_eq!(database.number(&theirs).await, before, "{exit:?}");
    }
    end(world).await;
}

async fn whoever_came_back_orders_again(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, browser) = regular(&world, "returning").await;
    let about = json!({ "userId": user });
    // What was wrong with an order is still said when the session was seen before.
    let form = json!({ "category": "any", "service": "1", "link": "https://a.example", "quantity": 0 });
    browser.post(ORDERS, form).await.failure(400, "VALIDATION_ERROR");
    let mut form = world.order_form("1012", "complete", 100);
    form["quantity"] = json!(100_000_000);
    browser
        .post(ORDERS, form)
        .await
        .failure(400, "QUANTITY_OUT_OF_RANGE");
    let ban = world.admin.post("/api/auth/admin/ban-user", about.clone()).await;
    assert_eq!(ban.status, 200, "{}", ban.text);
    order(&world, &browser).await.failure(401, "Validation Error");
    let unban = world.admin.post("/api/auth/admin/unban-user", about).await;
    assert_eq!(unban.status, 200, "{}", unban.text);
    let back = Browser::signed_in(&world.addresses(), "returning@example.com", PASSWORD).await;
    for _ in 0..BEFORE {
        order(&world, &back).await.success(201, "ORDER_CREATED");
    }
    end(world).await;
}

/// Looking a session up reads the rights of its user, too, so while nobody may read those, only who is not looked up is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_in_a_session_that_was_seen_before_is_all_that_the_database_is_asked() {
    let Some(world) = Way::Distributed.world().await else {
        return;
    };
    let database = world.database().await;
    let (_, browser) = regular(&world, "regular").await;
    let holding = "SELECT COUNT(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE relname = 'user_rights' AND mode = 'AccessExclusiveLock' AND granted";
    let is_held = async || database.number(holding).await == Ok(1);
    let hold = "BEGIN; LOCK TABLE user_rights IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600); COMMIT";
    let holder = world.database().await;
    let holder = tokio::spawn(async move { holder.execute(hold).await });
    eventually(
        || "the rights are locked".to_owned(),
        async || is_held().await.then_some(()),
    )
    .await;
    order(&world, &browser).await.success(201, "ORDER_CREATED");
    // Whoever is looked up waits.
    let wallet = tokio::time::timeout(Duration::from_secs(1), browser.get("/api/v1/dashboard/wallet")).await;
    assert!(wallet.is_err() || wallet.is_ok_and(|answer| answer.status == 503));
    assert!(is_held().await);
    let release =
        "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE relname = 'user_rights' AND mode = 'AccessExclusiveLock' AND granted";
    assert_eq!(database.number(release).await, Ok(1));
    assert!(holder.await.expect("it ends").is_err());
    end(world).await;
}
