//! Orders that are not taken, and orders that are sent twice by mistake.

use domain::identity::Role;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Way, scenarios};

scenarios!(on both ways:
    raced_requests_with_one_key_place_one_order,
    the_same_order_again_without_a_key_is_taken_for_an_accident,
    an_order_that_breaks_a_rule_costs_nothing,
    an_order_without_the_money_for_it_is_refused,
    a_frozen_wallet_pays_for_nothing,
    nobody_sees_or_cancels_the_order_of_somebody_else,
);
scenarios!(on two nodes: raced_requests_with_one_key_place_one_order);

const ORDERS: &str = "/api/v1/dashboard/orders";

async fn order_with_key(browser: &Browser, key: &str, form: &Value) -> Answer {
    let complete = |request: reqwest::RequestBuilder| request.header("Idempotency-Key", key).json(form);
    browser.send(Method::POST, ORDERS, complete).await
}

async fn raced_requests_with_one_key_place_one_order(way: Way) {
    let Some(world) = way.world().await else { return };
    let form = world.order_form("1012", "complete", 1_000);
    let racers = (0..8).map(|_| order_with_key(&world.customer, "a-key-of-the-page", &form));
    let answers = join_all(racers).await;
    let first = answers[0].success(201, "ORDER_CREATED");
    for answer in &answers {
        assert_eq!(
            answer.success(201, "ORDER_CREATED"),
            first,
            "a replay says the same"
        );
    }
    let replays = answers
        .iter()
        .filter(|it| it.header("idempotent-replayed") == Some("true"));
    assert_eq!(replays.count(), 7);

    let id = first["order"]["id"].as_i64().expect("an id");
    world.until(id, "completed").await;
    let late = order_with_key(&world.customer, "a-key-of-the-page", &form).await;
    assert_eq!(
        late.success(201, "ORDER_CREATED"),
        first,
        "a replay says the same even later"
    );
    let mut other = form.clone();
    other["quantity"] = json!(2_000);
    let other = order_with_key(&world.customer, "a-key-of-the-page", &other).await;
    other.failure(422, "IDEMPOTENCY_KEY_REUSED");
    for wrong in ["", "with blank", &"x".repeat(256)] {
        let answer = order_with_key(&world.customer, wrong, &form).await;
        answer.failure(400, "IDEMPOTENCY_KEY_INVALID");
    }
    assert_eq!(world.spent().await, 1_170_000);
    assert_eq!(world.requests("add"), 1);

    // The key is the customer's own: somebody else's request with it is another order.
    let (user, second) = world.join("second", Role::User).await;
    world.fund(user.id.as_str(), "5").await;
    let theirs = world.order_form("1012", "complete", 100);
    let theirs = order_with_key(&second, "a-key-of-the-page", &theirs).await;
    let theirs = theirs.success(201, "ORDER_CREATED")["order"]["id"].clone();
    world.until(theirs.as_i64().expect("an id"), "completed").await;
    world.close().await;
}

async fn the_same_order_again_without_a_key_is_taken_for_an_accident(way: Way) {
    let Some(world) = way.world().await else { return };
    let form = world.order_form("1017", "stuck", 100);
    let first = world
        .customer
        .post(ORDERS, form.clone())
        .await
        .success(201, "ORDER_CREATED");
    let twin = world
        .customer
        .post(ORDERS, form.clone())
        .await
        .failure(409, "DUPLICATE_ORDER");
    assert_eq!(twin["details"]["orderId"], first["order"]["id"]);
    let mut other = form.clone();
    other["quantity"] = json!(101);
    let other = world
        .customer
        .post(ORDERS, other)
        .await
        .success(201, "ORDER_CREATED");
    let meant = order_with_key(&world.customer, "meant-twice", &form).await;
    let meant = meant.success(201, "ORDER_CREATED");

    for placed in [first, other, meant] {
        let id = placed["order"]["id"].as_i64().expect("an id");
        let submitted = |order: &Value| order["order"]["providerOrderId"].is_string();
        let order = world.until_it(id, "submitted", submitted).await;
        let theirs = order["order"]["providerOrderId"].as_str().expect("an id");
        let theirs = theirs.parse().expect("a number");
        world
            .panel
            .advance(theirs, sandbox::Status::Completed, 0)
            .expect("the panel has it");
        world.until(id, "completed").await;
    }
    assert_eq!(world.requests("add"), 3);
    world.close().await;
}

async fn an_order_that_breaks_a_rule_costs_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let comments = world.service("1160").to_string();
    let table = [
        ("quantity", json!(49), 400, "QUANTITY_OUT_OF_RANGE"),
        ("quantity", json!(100_001), 400, "QUANTITY_OUT_OF_RANGE"),
        ("quantity", json!("49"), 400, "QUANTITY_OUT_OF_RANGE"),
        ("quantity", json!(0), 400, "VALIDATION_ERROR"),
        ("quantity", json!(-1_000), 400, "VALIDATION_ERROR"),
        ("quantity", json!(100.5), 400, "VALIDATION_ERROR"),
        ("quantity", json!("1e3"), 400, "VALIDATION_ERROR"),
        ("quantity", json!(1e30), 400, "VALIDATION_ERROR"),
        ("quantity", Value::Null, 400, "VALIDATION_ERROR"),
        ("link", json!("javascript:alert(1)"), 400, "VALIDATION_ERROR"),
        ("link", json!("ftp://example.com/x"), 400, "VALIDATION_ERROR"),
        ("link", json!("instagram.com/x"), 400, "VALIDATION_ERROR"),
        ("link", json!(""), 400, "VALIDATION_ERROR"),
        (
            "link",
            json!(format!("https://example.com/{}", "x".repeat(2_048))),
            400,
            "VALIDATION_ERROR",
        ),
        ("category", json!(""), 400, "VALIDATION_ERROR"),
        ("service", json!(""), 400, "VALIDATION_ERROR"),
        ("service", json!("999999"), 404, "SERVICE_NOT_FOUND"),
        ("service", json!("1 OR 1=1"), 404, "SERVICE_NOT_FOUND"),
        ("service", json!(comments), 400, "VALIDATION_ERROR"),
    ];
    for (field, value, status, name) in table {
        let mut form = world.order_form("1012", "complete", 500);
        form[field] = value.clone();
        let answer = world.customer.post(ORDERS, form).await;
        assert_eq!(answer.status, status, "{field} = {value}: {}", answer.text);
        answer.failure(status, name);
    }
    let range = world.order_form("1012", "complete", 1);
    let range = world
        .customer
        .post(ORDERS, range)
        .await
        .failure(400, "QUANTITY_OUT_OF_RANGE");
    assert_eq!(range["details"], json!({ "min": 50, "max": 100_000 }));

    let archived = format!("/api/v1/admin/services/{}", world.service("1017"));
    world
        .admin
        .delete(&archived)
        .await
        .success(200, "SERVICES_DELETED");
    let form = world.order_form("1017", "complete", 500);
    let answer = world.customer.post(ORDERS, form).await;
    assert!([404, 409].contains(&answer.status), "{}", answer.text);

    assert_eq!(world.wallet().await, (100_000_000, 0));
    let orders = world.customer.get(ORDERS).await.success(200, "ORDER_FETCHED");
    assert_eq!(orders["orders"], json!([]));
    assert_eq!(world.requests("add"), 0);
    world.close().await;
}

async fn an_order_without_the_money_for_it_is_refused(way: Way) {
    let Some(world) = way.world().await else { return };
    // 100,000 cost 117.
    let form = world.order_form("1012", "complete", 100_000);
    let answer = world.customer.post(ORDERS, form.clone()).await;
    let refused = answer.failure(402, "INSUFFICIENT_BALANCE");
    assert_eq!(
        refused["details"],
        json!({ "price": "117.00", "available": "100.00", "currency": "USD" })
    );
    assert_eq!(world.wallet().await, (100_000_000, 0));

    // The refusal is not remembered: with the money there, the same request goes through.
    let user = world.user.id.to_string();
    world.fund(&user, "17").await;
    let placed = world
        .customer
        .post(ORDERS, form)
        .await
        .success(201, "ORDER_CREATED");
    world
        .until(placed["order"]["id"].as_i64().expect("an id"), "completed")
        .await;
    assert_eq!(world.wallet().await, (0, 0), "to the last micro-unit");
    let form = world.order_form("1141", "complete", 50);
    world
        .customer
        .post(ORDERS, form)
        .await
        .failure(402, "INSUFFICIENT_BALANCE");
    world.close().await;
}

async fn a_frozen_wallet_pays_for_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = format!("/api/v1/admin/users/{}/wallet/status", world.user.id);
    let frozen = json!({ "status": "frozen", "reason": "Chargeback under investigation" });
    world
        .admin
        .post(&path, frozen)
        .await
        .success(200, "WALLET_STATUS_SET");
    let form = world.order_form("1012", "complete", 100);
    world
        .customer
        .post(ORDERS, form.clone())
        .await
        .failure(403, "WALLET_FROZEN");
    let wallet = world.customer.get("/api/v1/dashboard/wallet").await;
    assert_eq!(wallet.success(200, "USER_BALANCE")["status"], "frozen");

    let active = json!({ "status": "active", "reason": "Cleared" });
    world
        .admin
        .post(&path, active)
        .await
        .success(200, "WALLET_STATUS_SET");
    let placed = world
        .customer
        .post(ORDERS, form)
        .await
        .success(201, "ORDER_CREATED");
    world
        .until(placed["order"]["id"].as_i64().expect("an id"), "completed")
        .await;
    world.close().await;
}

async fn nobody_sees_or_cancels_the_order_of_somebody_else(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("complete").await;
    let (_, other) = world.join("other", Role::User).await;
    let path = format!("{ORDERS}/{id}");
    other.get(&path).await.failure(404, "ORDER_NOT_FOUND");
    let cancel = format!("{path}/cancel");
    other
        .post(&cancel, json!({}))
        .await
        .failure(404, "ORDER_NOT_FOUND");
    let orders = other.get(ORDERS).await.success(200, "ORDER_FETCHED");
    assert_eq!(orders["orders"], json!([]));
    let entries = other.get("/api/v1/dashboard/wallet/transactions").await;
    assert_eq!(
        entries.success(200, "TRANSACTIONS_FETCHED")["transactions"],
        json!([])
    );
    world.customer.get(&path).await.success(200, "ORDER_FETCHED");
    other
        .get(&format!("{ORDERS}/999999"))
        .await
        .failure(404, "ORDER_NOT_FOUND");
    world.until(id, "completed").await;
    world.close().await;
}
