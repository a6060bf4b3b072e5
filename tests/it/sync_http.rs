//! Services that follow their provider's list, as staff and customers see them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Way, World, scenarios};

scenarios!(on both ways:
    services_follow_the_list_and_staff_see_what_was_found,
    an_order_keeps_the_price_that_it_was_placed_for,
    a_fixed_price_that_does_not_cover_its_cost_sells_nothing,
    what_staff_say_of_a_service_is_checked,
    rules_are_checked_and_a_paused_list_is_read_when_it_is_asked_for,
);
scenarios!(on two nodes: two_nodes_that_read_at_once_tell_every_change_once);

/// The rules that these tests begin with.
pub fn rules() -> Value {
    json!({ "everyMinutes": 10_080, "shrinkPercent": 50 })
}

pub async fn put(world: &World, path: &str, body: Value) -> Answer {
    let complete = |request: reqwest::RequestBuilder| request.json(&body);
    world.admin.send(Method::PUT, path, complete).await
}

pub async fn set_rules(world: &World, rules: Value) {
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    put(world, &path, rules).await.success(200, "SYNC_UPDATED");
}

pub async fn shown(world: &World) -> Value {
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    world.admin.get(&path).await.success(200, "SYNC_FETCHED")
}

/// Has the list read, and waits for what came of it.
pub async fn read_list(world: &World) -> Value {
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    let before = shown(world).await["begunAt"].clone();
    let asked = world.admin.post(&path, json!({})).await;
    asked.success(202, "SYNC_REQUESTED");
    let ended = async {
        loop {
            let sync = shown(world).await;
            let has_ended = sync["last"]["endedAt"].as_str() >= sync["begunAt"].as_str();
            if sync["requested"] == false && sync["begunAt"] != before && has_ended {
                return sync["last"].clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    ended.expect("the list is read in time")
}

/// What the provider lists.
pub async fn list(world: &World) -> Vec<Value> {
    let path = format!("/api/v1/admin/providers/services/{}", world.provider);
    let rows = world.admin.get(&path).await.success(200, "SERVICES_FETCHED");
    rows.as_array().expect("rows").clone()
}

/// The true list with the row of one service changed.
pub async fn listing_with(world: &World, upstream: &str, change: impl Fn(&mut Value)) -> Value {
    world.panel.set_listing(None);
    let mut rows = list(world).await;
    let row = rows.iter_mut().find(|row| row["service"] == upstream);
    change(row.expect("it is listed"));
    Value::Array(rows)
}

/// Our services by the provider's ids.
pub async fn ours(world: &World) -> Vec<Value> {
    let rows = world.admin.get("/api/v1/admin/services").await;
    let rows = rows.success(200, "SERVICES_FETCHED");
    rows.as_array().expect("rows").clone()
}

pub async fn service(world: &World, upstream: &str) -> Value {
    let rows = ours(world).await;
    let row = rows.into_iter().find(|row| row["service"] == upstream);
    row.expect("it is ours")
}

/// The whole feed above a number, and where it ends.
pub async fn feed(world: &World, since: &str) -> (Vec<Value>, String) {
    let (mut all, mut since) = (Vec::new(), since.to_owned());
    loop {
        let page = world
            .customer
            .get(&format!("/api/v1/services/changes?limit=100&since={since}"))
            .await
            .success(200, "CHANGES_FETCHED");
        all.extend(page["changes"].as_array().expect("changes").iter().cloned());
        page["next"].as_str().expect("a number").clone_into(&mut since);
        if page["hasMore"] == false {
            return (all, since);
        }
    }
}

fn told(changes: &[Value]) -> Vec<(i64, &str)> {
    let change = |it: &Value| it["service"].as_i64().expect("an id");
    changes
        .iter()
        .map(|it| (change(it), it["change"].as_str().expect("a word")))
        .collect()
}

/// One is dearer, one has another name and limit, one has vanished.
async fn changed_list(world: &World) -> Value {
    let mut rows = list(world).await;
    rows.retain(|row| row["service"] != "1141");
    for row in &mut rows {
        match row["service"].as_str() {
            Some("1012") => row["rate"] = json!("2.00"),
            Some("1017") => {
                row["max"] = json!(777);
                row["name"] = json!("Renamed");
            }
            _ => {}
        }
    }
    Value::Array(rows)
}

async fn services_follow_the_list_and_staff_see_what_was_found(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    world.admin.get(&path).await.failure(404, "SYNC_NOT_FOUND");
    world
        .admin
        .post(&path, json!({}))
        .await
        .failure(404, "SYNC_NOT_FOUND");
    set_rules(&world, rules()).await;
    let first = read_list(&world).await;
    assert_eq!(first["result"], "done", "{first}");
    let rows = list(&world).await.len();
    assert_eq!(first["listed"], rows);
    assert_eq!(first["counts"], json!({ "new": rows - 4 }), "{first}");
    let (_, since) = feed(&world, "0").await;

    world.panel.set_listing(Some(changed_list(&world).await));
    let second = read_list(&world).await;
    assert_eq!(second["result"], "done", "{second}");
    let counts = &second["counts"];
    for kind in ["cost", "price", "limits", "renamed", "vanished"] {
        assert_eq!(counts[kind], 1, "{kind}: {second}");
    }
    let priced = service(&world, "1012").await;
    assert_eq!(priced["rate"], 2.0);
    let renamed = service(&world, "1017").await;
    assert_eq!(
        (&renamed["name"], &renamed["max"]),
        (&json!("Renamed"), &json!(777))
    );
    let gone = service(&world, "1141").await;
    assert_eq!(
        (&gone["availability"], &gone["stopped"]),
        (&json!("disabled"), &json!("vanished"))
    );
    let (changes, since) = feed(&world, &since).await;
    let mut expected = vec![
        (world.service("1012"), "price"),
        (world.service("1017"), "limits"),
        (world.service("1017"), "name"),
        (world.service("1141"), "disabled"),
    ];
    expected.sort_unstable();
    let mut seen = told(&changes);
    seen.sort_unstable();
    assert_eq!(seen, expected);
    let price = changes
        .iter()
        .find(|it| it["change"] == "price")
        .expect("it was told");
    assert_eq!(price["after"]["price"], priced["price"]);
    assert_ne!(price["before"], price["after"]);

    // Another reading of the same list changes nothing, and what comes back is sold again.
    assert_eq!(read_list(&world).await["counts"]["price"], Value::Null);
    assert_eq!(feed(&world, &since).await.0, [Value::Null; 0]);
    world.panel.set_listing(None);
    assert_eq!(read_list(&world).await["counts"]["returned"], 1);
    let (changes, _) = feed(&world, &since).await;
    assert!(told(&changes).contains(&(world.service("1141"), "enabled")));
    world.close().await;
}

async fn an_order_keeps_the_price_that_it_was_placed_for(way: Way) {
    let Some(world) = way.world().await else { return };
    set_rules(&world, rules()).await;
    let placed = world.place("stuck").await;
    let before = world.order(placed).await["order"].clone();
    let dear = listing_with(&world, "1012", |row| row["rate"] = json!("9.00")).await;
    world.panel.set_listing(Some(dear));
    read_list(&world).await;
    let after = world.order(placed).await["order"].clone();
    for field in ["price", "cost"] {
        assert_eq!(before[field], after[field], "{field}");
        assert!(before[field].is_string(), "{before}");
    }
    let listed = service(&world, "1012").await;
    assert_eq!(listed["rate"], 9.0);
    let submitted = |order: &Value| order["order"]["providerOrderId"].is_string();
    let order = world.until_it(placed, "submitted", submitted).await;
    let theirs = order["order"]["providerOrderId"].as_str().expect("an id");
    let theirs = theirs.parse().expect("a number");
    world
        .panel
        .advance(theirs, sandbox::Status::Completed, 0)
        .expect("the panel has it");
    world.until(placed, "completed").await;
    world.close().await;
}

async fn a_fixed_price_that_does_not_cover_its_cost_sells_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let (admin, id) = (&world.admin, world.service("1012"));
    let path = format!("/api/v1/admin/services/{id}");
    let before = service(&world, "1012").await;
    let edit = |more: Value| {
        let mut form = json!({ "name": before["name"], "profit": 0.1, "category": before["category"] });
        for (name, value) in more.as_object().expect("fields") {
            form[name] = value.clone();
        }
        form
    };
    let order = || world.order_form("1012", "complete", 1_000);
    let orders = "/api/v1/dashboard/orders";

    let fixed = edit(json!({ "fixedPrice": "0.01", "description": "Cheap", "averageTime": "2 hours" }));
    admin.patch(&path, fixed).await.success(201, "SERVICE_ADDED");
    let row = service(&world, "1012").await;
    assert_eq!(row["price"], "0.01");
    assert!(row["profit"].as_f64().is_some_and(|profit| profit < 0.0), "{row}");
    let refused = world.customer.post(orders, order()).await;
    refused.failure(409, "SERVICE_NOT_OFFERED");
    let listing = world.customer.get("/api/v1/services").await;
    assert!(!listing.text.contains("Cheap"), "what is not sold is not listed");

    admin
        .patch(&path, edit(json!({ "fixedPrice": "0.01", "sellAtLoss": true })))
        .await
        .success(201, "SERVICE_ADDED");
    let listing = world.customer.get("/api/v1/services").await.text;
    assert!(
        listing.contains("Cheap") && listing.contains("2 hours"),
        "{listing}"
    );
    let placed = world.customer.post(orders, order()).await;
    let placed = placed.success(201, "ORDER_CREATED");
    assert_eq!(placed["order"]["price"], "0.01");
    world
        .until(placed["order"]["id"].as_i64().expect("an id"), "completed")
        .await;

    // The reading stops what loses, and what staff let lose it leaves alone.
    set_rules(&world, rules()).await;
    assert_eq!(read_list(&world).await["counts"]["loss"], Value::Null);
    admin
        .patch(
            &path,
            edit(json!({ "fixedPrice": "0.01", "sellAtLoss": false, "description": null })),
        )
        .await
        .success(201, "SERVICE_ADDED");
    assert_eq!(read_list(&world).await["counts"]["loss"], 1);
    assert_eq!(service(&world, "1012").await["stopped"], "loss");
    admin
        .patch(
            &path,
            edit(json!({ "fixedPrice": null, "availability": "active" })),
        )
        .await
        .success(201, "SERVICE_ADDED");
    let row = service(&world, "1012").await;
    assert_eq!(
        (
            &row["stopped"],
            &row["fixedPrice"],
            &row["profit"],
            &row["description"]
        ),
        (&Value::Null, &Value::Null, &json!(0.1), &Value::Null)
    );
    world.close().await;
}

async fn what_staff_say_of_a_service_is_checked(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = format!("/api/v1/admin/services/{}", world.service("1012"));
    let before = service(&world, "1012").await;
    let form = json!({ "name": before["name"], "profit": 0.1, "category": before["category"] });
    for (field, value) in [
        ("fixedPrice", json!("-1")),
        ("fixedPrice", json!("much")),
        ("availability", json!("archived")),
        ("description", json!("x".repeat(4_001))),
        ("averageTime", json!("x".repeat(65))),
        ("sellAtLoss", json!("yes")),
    ] {
        let mut wrong = form.clone();
        wrong[field] = value;
        world
            .admin
            .patch(&path, wrong)
            .await
            .failure(400, "VALIDATION_ERROR");
    }
    assert_eq!(service(&world, "1012").await, before);
    world.close().await;
}

async fn rules_are_checked_and_a_paused_list_is_read_when_it_is_asked_for(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    for wrong in [
        json!({ "everyMinutes": 4 }),
        json!({ "everyMinutes": 10_081 }),
        json!({ "marginPercent": "-1" }),
        json!({ "marginFixed": "one" }),
        json!({ "roundTo": "-0.01" }),
        json!({ "floorPercent": "1.234" }),
        json!({ "shrinkPercent": 101 }),
        json!({ "dropPercent": -1 }),
        json!({ "unknown": true }),
        json!({ "importNew": "yes", "marginPercent": "10" }),
        json!({ "importNew": "active" }),
    ] {
        put(&world, &path, wrong).await.failure(400, "VALIDATION_ERROR");
    }
    let missing = put(&world, "/api/v1/admin/providers/999999/sync", json!({})).await;
    missing.failure(404, "PROVIDER_NOT_FOUND");
    let whole = json!({
        "paused": true, "everyMinutes": 5, "marginPercent": "25", "marginFixed": "0.05", "roundTo": "0.01",
        "floorPercent": "5", "stopAtLoss": false, "stopVanished": false, "shrinkPercent": 0, "dropPercent": 50,
    });
    set_rules(&world, whole).await;
    let sync = shown(&world).await;
    let expected = json!({
        "paused": true, "everyMinutes": 5, "marginPercent": "25.00", "marginFixed": "0.05", "roundTo": "0.01",
        "floorPercent": "5.00", "stopAtLoss": false, "stopVanished": false, "shrinkPercent": 0, "dropPercent": 50,
        "importNew": "off", "categories": {}, "requested": false, "dueAt": sync["dueAt"], "begunAt": null, "last": null,
    });
    assert_eq!(sync, expected);
    let run = read_list(&world).await;
    assert_eq!(run["result"], "done");
    // 0.90 and a quarter and 0.05 is 1.175, rounded up.
    let row = service(&world, "1012").await;
    let cost = row["rate"].as_f64().expect("a number");
    let price: f64 = row["price"].as_str().expect("text").parse().expect("a number");
    assert!(
        price >= cost * 1.25 + 0.05 && price < cost * 1.25 + 0.0601,
        "{row}"
    );
    world.close().await;
}

async fn two_nodes_that_read_at_once_tell_every_change_once(way: Way) {
    let Some(world) = way.world().await else { return };
    set_rules(&world, rules()).await;
    let (_, since) = feed(&world, "0").await;
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    for round in 1..=5 {
        let rate = format!("{round}.00");
        let dear = listing_with(&world, "1012", |row| row["rate"] = json!(rate)).await;
        world.panel.set_listing(Some(dear));
        let asked = (0..6).map(|_| world.admin.post(&path, json!({})));
        for answer in futures::future::join_all(asked).await {
            answer.success(202, "SYNC_REQUESTED");
        }
        read_list(&world).await;
        let listed = service(&world, "1012").await;
        assert_eq!(listed["rate"], f64::from(round), "the last list counts");
    }
    let (changes, _) = feed(&world, &since).await;
    let prices: Vec<&Value> = changes.iter().filter(|it| it["change"] == "price").collect();
    assert_eq!(prices.len(), 5, "{changes:#?}");
    for pair in prices.windows(2) {
        assert_eq!(pair[0]["after"], pair[1]["before"]);
    }
    world.close().await;
}
