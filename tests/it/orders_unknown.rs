//! Orders whose answer was lost: found again, decided by staff, never placed twice.

use std::time::Duration;

use domain::Money;
use domain::identity::Role;
use sandbox::Lookup;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Scene, Way, World, money, scenarios};

scenarios!(on both ways:
    a_lost_answer_is_found_again_by_link_and_time,
    a_lost_answer_is_found_again_by_reference,
    an_order_that_never_arrived_is_given_back_once_its_absence_is_proven,
    staff_say_that_an_order_was_placed,
    staff_say_that_an_order_was_not_placed_but_not_before_that_can_be_known,
    two_members_of_staff_decide_about_much_money,
    an_answer_that_proves_nothing_leaves_the_order_unknown,
    a_wish_to_cancel_is_kept_until_the_order_is_found,
);
scenarios!(on two nodes: a_lost_answer_is_found_again_by_link_and_time);

/// 1000 followers at 0.90 plus 30 %.
const PRICE: i64 = 1_170_000;

async fn a_lost_answer_is_found_again_by_link_and_time(way: Way) {
    found_again(way, Lookup::LinkAndTime).await;
}

async fn a_lost_answer_is_found_again_by_reference(way: Way) {
    found_again(way, Lookup::Reference).await;
}

async fn found_again(way: Way, lookup: Lookup) {
    let scene = Scene {
        lookup,
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let lost = world.place("accept-hang").await;
    let answered = world.place("complete").await;
    world.until(answered, "completed").await;
    let order = world.until(lost, "completed").await;
    let words = events(&order);
    assert!(words.contains(&"unknown"), "the answer was lost: {words:?}");
    assert_eq!(
        order["attempts"].as_array().map(Vec::len),
        Some(1),
        "it was sent once"
    );
    assert_eq!(world.requests("add"), 2);
    assert!(world.requests("orders") >= 1);
    assert_eq!(world.spent().await, 2 * PRICE);
    world.close().await;
}

fn events(order: &Value) -> Vec<&str> {
    let history = order["history"].as_array().expect("a history").iter();
    history.filter_map(|event| event["event"].as_str()).collect()
}

async fn an_order_that_never_arrived_is_given_back_once_its_absence_is_proven(way: Way) {
    let scene = Scene {
        lookup: Lookup::Reference,
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let id = world.place("hang").await;
    let order = world.until(id, "voided").await;
    assert_eq!(
        order["attempts"].as_array().map(Vec::len),
        Some(1),
        "it was sent once"
    );
    assert_eq!(order["attempts"][0]["outcome"], "not_placed");
    assert_eq!(order["attempts"][0]["proof"], "lookup:absent");
    assert_eq!(world.requests("add"), 1);
    assert_eq!(world.spent().await, 0);
    world.close().await;
}

async fn staff_say_that_an_order_was_placed(way: Way) {
    let Some(world) = way.world().await else { return };
    let other = world.place("complete").await;
    let other = world.until(other, "completed").await["order"].clone();
    let id = world.place("accept-hang").await;
    world.until(id, "unknown").await;
    assert_eq!(
        world.wallet().await.1,
        PRICE,
        "the money is held as long as nobody knows"
    );
    let queue = world.admin.get("/api/v1/admin/orders/unknown").await;
    assert_eq!(queue.success(200, "ORDERS_FETCHED")["orders"][0]["id"], id);

    let admin = &world.admin;
    let nameless = json!({ "decision": "placed", "note": "Seen" });
    decide(admin, id, nameless).await.failure(400, "VALIDATION_ERROR");
    let contradictory = json!({ "decision": "not_placed", "providerOrderId": "7", "note": "Seen" });
    decide(admin, id, contradictory)
        .await
        .failure(400, "VALIDATION_ERROR");
    for nobodys in ["23,501", "23 501", "0", "-1", "null", ""] {
        decide(admin, id, placed_as(nobodys))
            .await
            .failure(400, "VALIDATION_ERROR");
    }
    let taken = placed_as(other["providerOrderId"].as_str().expect("an id"));
    decide(admin, id, taken)
        .await
        .failure(409, "PROVIDER_ORDER_ID_TAKEN");

    let theirs = at_the_panel(&world, id).await;
    let decided = decide(admin, id, placed_as(&format!(" 0{theirs} ")))
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(decided["decision"], "done");
    assert_eq!(decided["order"]["state"], "submitted");
    assert_eq!(decided["order"]["providerOrderId"], theirs);
    decide(admin, id, placed_as(&theirs))
        .await
        .failure(409, "DECISION_REFUSED");
    let order = world.until(id, "completed").await;
    assert!(events(&order).contains(&"decision"));
    assert_eq!(world.requests("add"), 2);
    assert_eq!(world.spent().await, 2 * PRICE);
    world.close().await;
}

pub(crate) async fn decide(staff: &Browser, id: i64, form: Value) -> Answer {
    staff
        .post(&format!("/api/v1/admin/orders/{id}/decision"), form)
        .await
}

pub(crate) fn placed_as(provider_order_id: &str) -> Value {
    json!({ "decision": "placed", "providerOrderId": provider_order_id, "note": "Seen in their list" })
}

/// What a member of staff would see at the provider: its id of our order.
pub(crate) async fn at_the_panel(world: &World, id: i64) -> String {
    let link = world.order(id).await["order"]["link"].clone();
    let placed = world.panel.orders().into_iter().find(|order| link == order.link);
    placed.expect("the panel has the order").id.to_string()
}

async fn staff_say_that_an_order_was_not_placed_but_not_before_that_can_be_known(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("hang").await;
    world.until(id, "unknown").await;
    let not_placed = json!({ "decision": "not_placed", "note": "Their support says so" });
    let early = decide(&world.admin, id, not_placed.clone())
        .await
        .failure(409, "DECISION_REFUSED");
    assert!(early["details"]["allowedAt"].is_string(), "{early:#}");
    assert_eq!(world.wallet().await.1, PRICE);

    // Lease and quarantine of the test's policy.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let decided = decide(&world.admin, id, not_placed)
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(decided["order"]["state"], "voided");
    assert_eq!(world.spent().await, 0);
    assert_eq!(world.requests("add"), 1);
    world.close().await;
}

async fn two_members_of_staff_decide_about_much_money(way: Way) {
    let scene = Scene {
        second_approver_from: Money::from_micros(PRICE),
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let (_, second) = world.join("second", Role::Admin).await;
    let id = world.place("accept-hang").await;
    world.until(id, "unknown").await;
    let theirs = at_the_panel(&world, id).await;
    for staff in [&world.admin, &world.admin] {
        let decided = decide(staff, id, placed_as(&theirs))
            .await
            .success(200, "ORDER_DECIDED");
        assert_eq!(
            decided["decision"], "awaits_second",
            "nobody agrees with themselves"
        );
        assert_eq!(decided["order"], Value::Null);
    }
    let other = decide(&second, id, placed_as("4711"))
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(
        other["decision"], "awaits_second",
        "something else is no agreement"
    );
    assert_eq!(world.order(id).await["order"]["state"], "unknown");
    let again = decide(&second, id, placed_as(&theirs))
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(
        again["decision"], "awaits_second",
        "the last word counts, not the one before"
    );
    let agreed = decide(&world.admin, id, placed_as(&theirs))
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(agreed["decision"], "done");
    world.until(id, "completed").await;
    assert_eq!(money(&world.order(id).await["order"]["refunded"]), 0);
    world.close().await;
}

async fn an_answer_that_proves_nothing_leaves_the_order_unknown(way: Way) {
    let Some(world) = way.world().await else { return };
    let scripts = [
        "accept-http500",
        "accept-html",
        "accept-empty",
        "accept-cut-json",
        "accept-reset",
        "accept-order-null",
        // Its error text repeats our key: no page may show it.
        "accept-key-echo",
    ];
    let mut ids = Vec::new();
    for script in scripts {
        ids.push(world.place_of("1012", script, 100).await);
    }
    for id in &ids {
        world.until(*id, "unknown").await;
        let theirs = at_the_panel(&world, *id).await;
        decide(&world.admin, *id, placed_as(&theirs))
            .await
            .success(200, "ORDER_DECIDED");
    }
    for id in ids {
        let order = world.until(id, "completed").await;
        assert_eq!(order["attempts"].as_array().map(Vec::len), Some(1), "{order:#}");
    }
    assert_eq!(world.requests("add"), 7);
    assert_eq!(world.spent().await, 7 * 117_000);
    world.close().await;
}

async fn a_wish_to_cancel_is_kept_until_the_order_is_found(way: Way) {
    let scene = Scene {
        lookup: Lookup::LinkAndTime,
        pace: Duration::from_secs(600),
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let id = world.place("accept-hang").await;
    world
        .until_it(id, "under way", |order| order["order"]["state"] != "held")
        .await;
    let path = format!("/api/v1/dashboard/orders/{id}/cancel");
    let wished = world.customer.post(&path, json!({})).await;
    let wished = wished.success(200, "ORDER_CANCEL_REQUESTED");
    assert_eq!(
        wished["order"]["status"], "Pending",
        "nobody knows yet whether there is something to cancel"
    );
    let order = world.until(id, "canceled").await;
    let words = events(&order);
    let at = |word: &str| {
        words
            .iter()
            .position(|it| *it == word)
            .unwrap_or_else(|| panic!("{word} in {words:?}"))
    };
    assert!(
        at("cancel_requested") < at("submitted") && at("submitted") < at("cancel_sent"),
        "{words:?}"
    );
    assert_eq!((world.requests("add"), world.requests("cancel")), (1, 1));
    assert_eq!(world.spent().await, 0);
    world.close().await;
}
