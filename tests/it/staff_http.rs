//! What only staff may do, and what they do with wallets and orders.

use domain::identity::Role;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Browser, Way, money, scenarios};

scenarios!(on both ways:
    every_route_is_closed_to_whoever_it_is_not_for,
    a_credit_with_a_key_is_made_once,
    orders_are_paged_and_filtered,
);

const PROVIDERS: &str = "/api/v1/admin/providers";
const ORDERS: &str = "/api/v1/dashboard/orders";

async fn every_route_is_closed_to_whoever_it_is_not_for(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let document = nobody.get("/api/openapi.json").await.json();
    let mut walked = (0, 0);
    for (template, item) in document["paths"].as_object().expect("paths") {
        let path = template.replace("{id}", "1");
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_none() {
                continue;
            }
            let method: Method = method.to_uppercase().parse().expect("a method");
            let send = async |browser: &Browser| {
                let complete = |request: reqwest::RequestBuilder| match method {
                    Method::GET | Method::DELETE => request,
                    _ => request.json(&json!({})),
                };
                browser.send(method.clone(), &path, complete).await
            };
            if path.starts_with("/api/v1/admin") {
                for (browser, received) in [(&nobody, "unauthenticated"), (&world.customer, "user")] {
                    let refused = send(browser).await.failure(401, "Validation Error");
                    assert_eq!(
                        refused["details"]["requiredPermission"], "admin",
                        "{method} {path}"
                    );
                    assert_eq!(
                        refused["details"]["receivedPermission"], received,
                        "{method} {path}"
                    );
                }
                walked.0 += 1;
            } else if path.starts_with("/api/v1/dashboard") {
                let refused = send(&nobody).await.failure(401, "Validation Error");
                assert_eq!(
                    refused["details"]["requiredPermission"], "user",
                    "{method} {path}"
                );
                walked.1 += 1;
            }
        }
    }
    assert!(walked.0 >= 25 && walked.1 >= 6, "{walked:?}");
    let providers = world.admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    assert_eq!(
        providers.as_array().map(Vec::len),
        Some(1),
        "nothing has happened"
    );
    assert_eq!(world.wallet().await, (100_000_000, 0));
    world.close().await;
}

async fn a_credit_with_a_key_is_made_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = format!("/api/v1/admin/users/{}/wallet/credit", world.user.id);
    let credit = async |path: &str, amount: Value, reason: &str| {
        let form = json!({ "amount": amount, "reason": reason });
        let complete =
            |request: reqwest::RequestBuilder| request.header("Idempotency-Key", "transfer-4711").json(&form);
        world.admin.send(Method::POST, path, complete).await
    };
    let racers = (0..6).map(|_| credit(&path, json!("0.000001"), "Bank transfer 4711"));
    let answers = join_all(racers).await;
    let bodies: Vec<Value> = answers
        .iter()
        .map(|it| it.success(201, "WALLET_CREDITED"))
        .collect();
    assert_eq!(
        bodies.iter().filter(|body| body["replayed"] == false).count(),
        1,
        "{bodies:#?}"
    );
    assert_eq!(world.wallet().await, (100_000_001, 0));
    let other = credit(&path, json!("2"), "Bank transfer 4711").await;
    other.failure(422, "IDEMPOTENCY_KEY_REUSED");

    let nobody = "/api/v1/admin/users/nobody/wallet/credit";
    credit(nobody, json!(1), "Bank transfer")
        .await
        .failure(404, "USER_NOT_FOUND");
    for amount in [
        json!(0),
        json!(-5),
        json!("0.0000001"),
        json!("1e3"),
        json!("1_0"),
        json!(null),
        json!(""),
    ] {
        let form = json!({ "amount": amount, "reason": "Bank transfer" });
        world
            .admin
            .post(&path, form)
            .await
            .failure(400, "VALIDATION_ERROR");
    }
    let reasonless = json!({ "amount": "1", "reason": "" });
    world
        .admin
        .post(&path, reasonless)
        .await
        .failure(400, "VALIDATION_ERROR");
    assert_eq!(world.wallet().await, (100_000_001, 0));

    let entries = world.customer.get("/api/v1/dashboard/wallet/transactions").await;
    let entries = entries.success(200, "TRANSACTIONS_FETCHED")["transactions"].clone();
    assert_eq!(entries.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&entries[0]["amount"], &entries[0]["note"]),
        (&json!("0.000001"), &json!("Bank transfer 4711"))
    );
    assert_eq!(money(&entries[1]["amount"]), 100_000_000);
    world.close().await;
}

async fn orders_are_paged_and_filtered(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ids = Vec::new();
    for number in 0..5 {
        let script = if number % 2 == 0 { "complete" } else { "cancel" };
        ids.push(world.place_of("1012", script, 100).await);
    }
    for (number, id) in ids.iter().enumerate() {
        world
            .until(*id, if number % 2 == 0 { "completed" } else { "canceled" })
            .await;
    }
    ids.reverse();
    let list = async |browser: &Browser, path: String, name: &str| {
        let page = browser.get(&path).await.success(200, name);
        let orders = page["orders"].as_array().expect("orders").iter();
        let ids: Vec<i64> = orders.filter_map(|order| order["id"].as_i64()).collect();
        (ids, page["nextCursor"].as_str().map(str::to_owned))
    };
    for (browser, base, name) in [
        (&world.customer, ORDERS, "ORDER_FETCHED"),
        (&world.admin, "/api/v1/admin/orders", "ORDERS_FETCHED"),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let after = cursor
                .map(|cursor| format!("&cursor={cursor}"))
                .unwrap_or_default();
            let (page, next) = list(browser, format!("{base}?limit=2{after}"), name).await;
            assert!(page.len() <= 2);
            seen.extend(page);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids, "every order once, the newest first");
        let (canceled, _) = list(browser, format!("{base}?status=Canceled"), name).await;
        assert_eq!(canceled, [ids[1], ids[3]]);
        let (found, _) = list(browser, format!("{base}?search=CANCEL"), name).await;
        assert_eq!(found, [ids[1], ids[3]]);
        for wrong in ["limit=0", "limit=101", "limit=x", "status=Lost"] {
            browser
                .get(&format!("{base}?{wrong}"))
                .await
                .failure(400, "VALIDATION_ERROR");
        }
        browser
            .get(&format!("{base}?cursor=nonsense"))
            .await
            .failure(400, "INVALID_CURSOR");
    }
    let staff = "/api/v1/admin/orders";
    let (completed, _) = list(&world.admin, format!("{staff}?state=completed"), "ORDERS_FETCHED").await;
    assert_eq!(completed, [ids[0], ids[2], ids[4]]);
    let (_, other) = world.join("other", Role::Admin).await;
    let theirs = format!("{staff}?userId={}", world.user.id);
    assert_eq!(list(&other, theirs, "ORDERS_FETCHED").await.0, ids);
    let nobodys = list(&other, format!("{staff}?userId=nobody"), "ORDERS_FETCHED").await;
    assert_eq!(nobodys, (Vec::new(), None));
    world.close().await;
}
