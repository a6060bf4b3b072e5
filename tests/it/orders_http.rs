//! Orders from a wallet to a provider and to their end, over HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Scene, Way, World, eventually, money, scenarios};

scenarios!(on both ways:
    a_delivered_order_costs_what_was_quoted,
    a_partial_delivery_is_refunded_to_the_micro_unit,
    an_order_that_the_provider_cancels_is_refunded_in_full,
    a_refused_order_gives_the_money_back,
    a_provider_that_is_down_gets_the_order_once_when_it_is_back,
    an_order_of_a_switched_off_provider_waits_and_can_be_canceled,
    a_cancellation_at_the_provider_refunds_when_the_provider_says_so,
    an_order_that_is_missing_from_a_batch_is_left_alone,
    an_order_for_a_link_in_use_is_given_back_at_once,
    an_unknown_status_word_waits_for_staff,
    an_order_that_its_provider_forgot_is_flagged_and_settled,
);
scenarios!(on two nodes:
    a_delivered_order_costs_what_was_quoted,
    many_orders_at_once_are_each_placed_once,
);

/// 1000 followers at 0.90 plus 30 %.
const PRICE: i64 = 1_170_000;

async fn a_delivered_order_costs_what_was_quoted(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("complete").await;
    let order = world.until(id, "completed").await;
    assert_eq!(money(&order["order"]["price"]), PRICE);
    assert_eq!(money(&order["order"]["cost"]), 900_000);
    assert_eq!(order["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.spent().await, PRICE);

    let path = format!("/api/v1/dashboard/orders/{id}");
    let own = world.customer.get(&path).await.success(200, "ORDER_FETCHED");
    assert_eq!(own["order"]["status"], "Completed");
    assert_eq!(own["order"]["price"], 1.17);
    let history = own["history"].as_array().expect("a history").iter();
    let words: Vec<&str> = history.filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(words, ["placed", "submitted", "completed"]);
    world.close().await;
}

async fn a_partial_delivery_is_refunded_to_the_micro_unit(way: Way) {
    let Some(world) = way.world().await else { return };
    // 777 at 0.040625 for 1000 are 31,565.625 micro-units, rounded up; 37 % are 288 pieces, rounded up.
    let id = world.place_of("1141", "partial:37", 777).await;
    let order = world.until(id, "partial").await["order"].clone();
    assert_eq!(money(&order["price"]), 31_566);
    assert_eq!(money(&order["cost"]), 24_282);
    assert_eq!(order["remains"], 288);
    // 31,566 × 288 / 777 is 11,700.14, rounded down.
    assert_eq!(money(&order["refunded"]), 11_700);
    assert_eq!(world.spent().await, 31_566 - 11_700);
    world.close().await;
}

async fn an_order_that_the_provider_cancels_is_refunded_in_full(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("cancel").await;
    let order = world.until(id, "canceled").await["order"].clone();
    assert_eq!(money(&order["refunded"]), PRICE);
    assert_eq!(order["status"], "Canceled");
    assert_eq!(world.spent().await, 0);
    world.close().await;
}

async fn a_refused_order_gives_the_money_back(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("reject:link").await;
    let order = world.until(id, "voided").await;
    assert_eq!(order["order"]["hold"], "voided");
    assert_eq!(order["order"]["providerOrderId"], Value::Null);
    assert_eq!(order["attempts"][0]["outcome"], "not_placed");
    assert_eq!(world.spent().await, 0);
    assert_eq!(world.requests("add"), 1);
    world.close().await;
}

async fn a_provider_that_is_down_gets_the_order_once_when_it_is_back(way: Way) {
    let Some(world) = way.world().await else { return };
    world.panel.set_faults("down".parse().expect("a fault"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let id = world.place("complete").await;
    world
        .until_it(id, "held after an attempt", held_after_an_attempt)
        .await;
    world.panel.set_faults("".parse().expect("no faults"));
    let order = world.until(id, "completed").await;
    let attempts = order["attempts"].as_array().expect("attempts");
    assert!(
        attempts.len() >= 2,
        "it was tried while the provider was down: {attempts:#?}"
    );
    let outcomes: Vec<&str> = attempts.iter().filter_map(|it| it["outcome"].as_str()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "placed").count(), 1);
    assert_eq!(world.requests("add"), 1);
    assert_eq!(world.spent().await, PRICE);
    world.close().await;
}

async fn an_order_of_a_switched_off_provider_waits_and_can_be_canceled(way: Way) {
    let Some(world) = way.world().await else { return };
    // Held back while the provider cannot be reached, and then switched off: nothing may send it any more.
    world.panel.set_faults("down".parse().expect("a fault"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let id = world.place("complete").await;
    world
        .until_it(id, "held after an attempt", held_after_an_attempt)
        .await;
    world.set_provider("availability", json!("disabled")).await;
    world.panel.set_faults("".parse().expect("no faults"));

    let refused = world.order_form("1012", "complete", 1_000);
    let refused = world.customer.post("/api/v1/dashboard/orders", refused).await;
    refused.failure(409, "SERVICE_NOT_OFFERED");

    let path = format!("/api/v1/dashboard/orders/{id}/cancel");
    let canceled = world.customer.post(&path, json!({})).await;
    let canceled = canceled.success(200, "ORDER_CANCEL_REQUESTED");
    assert_eq!(canceled["order"]["status"], "Canceled");
    assert_eq!(world.spent().await, 0);
    world
        .customer
        .post(&path, json!({}))
        .await
        .failure(409, "CANCEL_REFUSED");
    assert_eq!(world.requests("add"), 0);
    world.close().await;
}

fn held_after_an_attempt(order: &Value) -> bool {
    order["order"]["state"] == "held" && order["order"]["attempts"] == 1
}

async fn a_cancellation_at_the_provider_refunds_when_the_provider_says_so(way: Way) {
    let Some(world) = way.world_with(ENDLESS).await else {
        return;
    };
    let not_cancelable = world.place_of("1017", "complete", 100).await;
    let id = world.place("complete").await;
    world.until_it(id, "submitted", is_submitted).await;
    world.until_it(not_cancelable, "submitted", is_submitted).await;
    let path = format!("/api/v1/dashboard/orders/{not_cancelable}/cancel");
    world
        .customer
        .post(&path, json!({}))
        .await
        .failure(409, "CANCEL_REFUSED");

    let path = format!("/api/v1/dashboard/orders/{id}/cancel");
    let wished = world
        .customer
        .post(&path, json!({}))
        .await
        .success(200, "ORDER_CANCEL_REQUESTED");
    assert_eq!(
        wished["order"]["status"], "In progress",
        "money moves only when the provider says so"
    );
    assert!(wished["order"]["cancelRequestedAt"].is_string());
    world
        .customer
        .post(&path, json!({}))
        .await
        .failure(409, "CANCEL_REFUSED");
    world.until(id, "canceled").await;
    assert_eq!(world.requests("cancel"), 1);

    deliver(&world, not_cancelable).await;
    world.until(not_cancelable, "completed").await;
    world.close().await;
}

async fn an_order_that_is_missing_from_a_batch_is_left_alone(way: Way) {
    let Some(world) = way.world_with(ENDLESS).await else {
        return;
    };
    let missing = world.place("missing-in-batch").await;
    let others = [world.place("complete").await, world.place("complete").await];
    let id = panel_id(&world.until_it(missing, "submitted", is_submitted).await);
    eventually(
        || "a batch that asks about the order".to_owned(),
        async || {
            let log = world.panel.log();
            let batches = log.iter().filter_map(|entry| entry.fields.get("orders"));
            let asking = batches.filter(|ids| ids.split(',').any(|asked| asked == id.to_string()));
            (asking.count() >= 2).then_some(())
        },
    )
    .await;
    let order = world.order(missing).await["order"].clone();
    assert_eq!(order["status"], "In progress");
    assert_eq!(order["review"], Value::Null, "no answer is no news");
    assert_eq!(money(&order["refunded"]), 0);

    for order in others {
        deliver(&world, order).await;
        world.until(order, "completed").await;
    }
    // Now it is asked about alone, and answered.
    deliver(&world, missing).await;
    world.until(missing, "completed").await;
    world.close().await;
}

/// Orders end only when the test says so.
const ENDLESS: Scene = Scene {
    lookup: sandbox::Lookup::None,
    second_approver_from: domain::Money::from_micros(50_000_000),
    pace: Duration::from_secs(600),
};

fn is_submitted(order: &Value) -> bool {
    order["order"]["providerOrderId"].is_string()
}

fn panel_id(order: &Value) -> u64 {
    let id = order["order"]["providerOrderId"].as_str();
    id.expect("it was submitted")
        .parse()
        .expect("the panel's ids are numbers")
}

/// Ends an order at the panel.
async fn deliver(world: &World, id: i64) {
    let order = world.until_it(id, "submitted", is_submitted).await;
    let advanced = world
        .panel
        .advance(panel_id(&order), sandbox::Status::Completed, 0);
    advanced.expect("the panel has it");
}

async fn an_order_for_a_link_in_use_is_given_back_at_once(way: Way) {
    let Some(world) = way.world_with(ENDLESS).await else {
        return;
    };
    let place = async |form: &Value| {
        let answer = world.customer.post("/api/v1/dashboard/orders", form.clone());
        let placed = answer.await.success(201, "ORDER_CREATED");
        placed["order"]["id"].as_i64().expect("an id")
    };
    let mut form = world.order_form("1012", "one-per-link", 1_000);
    let first = place(&form).await;
    world.until_it(first, "submitted", is_submitted).await;
    form["quantity"] = json!(500);
    let second = place(&form).await;
    let order = world.until(second, "voided").await;
    let proof = order["attempts"][0]["proof"].as_str().expect("a proof");
    assert!(proof.starts_with("refused:You have active order"), "{proof}");
    assert_eq!(order["attempts"].as_array().map(Vec::len), Some(1), "{order:#}");

    deliver(&world, first).await;
    world.until(first, "completed").await;
    // The link is free now.
    form["quantity"] = json!(400);
    let third = place(&form).await;
    deliver(&world, third).await;
    world.until(third, "completed").await;
    assert_eq!(world.requests("add"), 3);
    assert_eq!(world.spent().await, 1_170_000 + 468_000);
    world.close().await;
}

async fn an_unknown_status_word_waits_for_staff(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("word:Awaiting%20moderation").await;
    let other = world.place("word:Frozen").await;
    let in_review = |order: &Value| order["order"]["review"].is_string();
    let order = world.until_it(id, "in review", in_review).await["order"].clone();
    world.until_it(other, "in review", in_review).await;
    assert_eq!(order["review"], "unknown status word: Awaiting moderation");
    assert_eq!(order["status"], "In progress", "the customer sees nothing of it");

    let queue = world
        .admin
        .get("/api/v1/admin/orders/review")
        .await
        .success(200, "ORDERS_FETCHED");
    assert_eq!(queue["orders"].as_array().map(Vec::len), Some(2), "{queue:#}");
    let overview = world.admin.get("/api/v1/admin/orders/overview").await;
    assert_eq!(overview.success(200, "ORDERS_OVERVIEW")["inReview"], 2);

    let path = format!("/api/v1/admin/orders/{id}/review");
    let wrong = json!({ "decision": "partial", "note": "Support says so" });
    world
        .admin
        .post(&path, wrong)
        .await
        .failure(400, "VALIDATION_ERROR");
    let too_much = json!({ "decision": "partial", "remains": 1_001, "note": "Support says so" });
    world
        .admin
        .post(&path, too_much)
        .await
        .failure(409, "DECISION_REFUSED");
    let partial = json!({ "decision": "partial", "remains": 250, "note": "Support says so" });
    let decided = world
        .admin
        .post(&path, partial.clone())
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(decided["order"]["state"], "partial");
    assert_eq!(money(&decided["order"]["refunded"]), PRICE / 4);
    assert_eq!(decided["order"]["remains"], 250);
    world
        .admin
        .post(&path, partial)
        .await
        .failure(409, "DECISION_REFUSED");

    let path = format!("/api/v1/admin/orders/{other}/review");
    let completed = json!({ "decision": "completed", "note": "Seen on the page" });
    world
        .admin
        .post(&path, completed)
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(world.spent().await, 2 * PRICE - PRICE / 4);
    world.close_but(&[id, other]).await;
}

async fn an_order_that_its_provider_forgot_is_flagged_and_settled(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("stuck").await;
    world.until(id, "submitted").await;
    let flag = json!({ "decision": "flag", "note": "The provider has forgotten it" });
    let path = format!("/api/v1/admin/orders/{id}/review");
    let flagged = world.admin.post(&path, flag.clone()).await;
    assert_eq!(
        flagged.success(200, "ORDER_DECIDED")["order"]["state"],
        "submitted"
    );
    let in_review = |order: &Value| order["order"]["review"].is_string();
    world.until_it(id, "in review", in_review).await;
    let again = world.admin.post(&path, flag).await;
    again.failure(409, "DECISION_REFUSED");

    let canceled = json!({ "decision": "canceled", "note": "It will not come" });
    let canceled = world.admin.post(&path, canceled).await;
    let canceled = canceled.success(200, "ORDER_DECIDED")["order"].clone();
    assert_eq!(
        (money(&canceled["refunded"]), &canceled["remains"]),
        (PRICE, &json!(1_000))
    );
    assert_eq!(world.spent().await, 0);
    world.close_but(&[id]).await;
}

async fn many_orders_at_once_are_each_placed_once(way: Way) {
    let Some(world) = way.world().await else { return };
    const ORDERS: usize = 40;
    let mut ids = Vec::new();
    for number in 0..ORDERS {
        let script = ["complete", "partial:50", "cancel", "reject:link"][number % 4];
        ids.push(world.place_of("1012", script, 100).await);
    }
    for (number, id) in ids.into_iter().enumerate() {
        let end = ["completed", "partial", "canceled", "voided"][number % 4];
        world.until(id, end).await;
    }
    // A quarter is delivered and a quarter half delivered, at 0.117 each.
    assert_eq!(world.spent().await, 10 * 117_000 + 10 * 58_500);
    assert_eq!(world.requests("add"), 40);
    world.close().await;
}
