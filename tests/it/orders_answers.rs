//! Whatever an answer looks like: an order that the provider took is found and delivered, one that it did not take is
//! given back, and none is sent twice.

use sandbox::Lookup;
use serde_json::{Value, json};

use crate::support::{Scene, Way, World, money, scenarios};

scenarios!(on both ways:
    an_accepted_order_is_found_whatever_the_answer_looks_like,
    an_order_that_was_not_accepted_is_given_back_whatever_the_answer_looks_like,
    a_refusal_in_known_words_gives_the_money_back_at_once,
    an_id_that_another_order_has_is_not_believed,
    an_id_that_nobody_knows_ends_with_staff,
);

const PRICE_OF_100: i64 = 117_000;

async fn place_all(world: &World, scripts: &[&str]) -> Vec<i64> {
    let mut ids = Vec::new();
    for script in scripts {
        ids.push(world.place_of("1012", script, 100).await);
    }
    ids
}

async fn an_accepted_order_is_found_whatever_the_answer_looks_like(way: Way) {
    let scene = Scene {
        lookup: Lookup::LinkAndTime,
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let scripts = [
        "accept-http500",
        "accept-html",
        "accept-garbage",
        "accept-empty",
        "accept-cut-json",
        "accept-truncated",
        "accept-huge",
        "accept-gzip-bomb",
        "accept-redirect",
        "accept-reset",
        "accept-half-close",
        "accept-hang",
        "accept-late",
        "accept-order-zero",
        "accept-no-order",
        "both",
        "string-id",
    ];
    for id in place_all(&world, &scripts).await {
        let order = world.until(id, "completed").await;
        assert_eq!(order["attempts"].as_array().map(Vec::len), Some(1), "{order:#}");
    }
    assert_eq!(world.requests("add"), 17);
    assert_eq!(world.spent().await, 17 * PRICE_OF_100);
    world.close().await;
}

async fn an_order_that_was_not_accepted_is_given_back_whatever_the_answer_looks_like(way: Way) {
    let scene = Scene {
        lookup: Lookup::Reference,
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let scripts = [
        "http500",
        "html",
        "garbage",
        "empty",
        "cut-json",
        "truncated",
        "huge",
        "gzip-bomb",
        "redirect",
        "reset",
        "half-close",
        "hang",
        "order-null",
        "order-zero",
        "no-order",
        "unknown-error",
        "key-echo",
        // It may speak of this very order.
        "reject:active",
    ];
    for (script, id) in scripts.iter().zip(place_all(&world, &scripts).await) {
        let order = world.until(id, "voided").await;
        assert_eq!(order["attempts"].as_array().map(Vec::len), Some(1), "{order:#}");
        assert_eq!(order["attempts"][0]["proof"], "lookup:absent", "{order:#}");
        // What came back is kept for staff, word for word but for the key.
        let why = why_unknown(&order);
        assert_eq!(
            why.contains("it answered: <"),
            ["html", "http500"].contains(script),
            "{why}"
        );
    }
    assert_eq!(world.requests("add"), 18);
    assert_eq!(world.spent().await, 0);
    world.close().await;
}

fn why_unknown(order: &Value) -> String {
    let history = order["history"].as_array().unwrap();
    let unknown = history.iter().find(|event| event["event"] == "unknown").unwrap();
    unknown["details"]["why"].as_str().unwrap().to_owned()
}

async fn a_refusal_in_known_words_gives_the_money_back_at_once(way: Way) {
    let Some(world) = way.world().await else { return };
    // The last one says that our account is empty, and no order is sent for a while after it.
    for reason in ["link", "service", "disabled", "min", "max", "funds"] {
        let id = world.place(&format!("reject:{reason}")).await;
        let order = world.until(id, "voided").await;
        assert_eq!(order["attempts"][0]["outcome"], "not_placed", "{order:#}");
        assert_eq!(order["order"]["review"], Value::Null);
    }
    assert_eq!(world.requests("add"), 6);
    assert_eq!(world.spent().await, 0);

    let waiting = world.place("complete").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(world.order(waiting).await["order"]["state"], "held");
    assert_eq!(world.requests("add"), 6, "an empty account is left alone");
    let cancel = format!("/api/v1/dashboard/orders/{waiting}/cancel");
    world
        .customer
        .post(&cancel, json!({}))
        .await
        .success(200, "ORDER_CANCEL_REQUESTED");
    world.close().await;
}

async fn an_id_that_another_order_has_is_not_believed(way: Way) {
    let scene = Scene {
        lookup: Lookup::LinkAndTime,
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let first = world.place("complete").await;
    let first = world.until(first, "completed").await["order"].clone();
    let second = world.place("duplicate-ids,partial:50").await;
    let second = world.until(second, "partial").await["order"].clone();
    assert_ne!(first["providerOrderId"], second["providerOrderId"]);
    assert_eq!(world.requests("add"), 2);
    world.close().await;
}

async fn an_id_that_nobody_knows_ends_with_staff(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("wrong-id").await;
    let in_review = |order: &Value| order["order"]["review"].is_string();
    let order = world.until_it(id, "in review", in_review).await["order"].clone();
    assert_eq!(
        money(&order["refunded"]),
        0,
        "silence about an order moves no money"
    );
    let decision = json!({ "decision": "canceled", "note": "They never had it" });
    let path = format!("/api/v1/admin/orders/{id}/review");
    let decided = world
        .admin
        .post(&path, decision)
        .await
        .success(200, "ORDER_DECIDED");
    assert_eq!(decided["order"]["state"], "canceled");
    assert_eq!(world.spent().await, 0);
    world.close_but(&[id]).await;
}
