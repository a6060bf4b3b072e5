//! What costs next to nothing still costs, and an id that a provider gives twice moves no money.

use std::time::Duration;

use domain::identity::Role;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::panel::Script;
use crate::support::{Way, World, money, scenarios};

scenarios!(on both ways:
    an_order_that_rounds_to_nothing_costs_a_micro_unit,
    an_id_that_a_provider_gives_twice_waits_for_staff_and_moves_no_money,
);
scenarios!(on two nodes:
    an_id_that_a_provider_gives_twice_waits_for_staff_and_moves_no_money,
);

const ORDERS: &str = "/api/v1/dashboard/orders";
/// What 1000 followers cost, in micro-units.
const PRICE: i64 = 1_170_000;

/// Sells what costs a billionth of a dollar for a thousand; its id.
async fn next_to_nothing(world: &World) -> i64 {
    let row = json!({
        "service": "1013", "name": "Next to nothing", "type": "Default", "category": "Any", "rate": "0.000000001",
        "min": 100, "max": 500_000, "refill": false, "cancel": false, "dripfeed": false,
    });
    let path = format!("/api/v1/admin/services?provider-id={}", world.provider);
    world.admin.post(&path, row).await.success(201, "SERVICE_ADDED");
    let listed = world.admin.get("/api/v1/admin/services").await;
    let listed = listed.success(200, "SERVICES_FETCHED");
    let listed = listed.as_array().expect("services").iter();
    let mut found = listed.filter(|row| row["service"] == "1013");
    found.next().expect("it is listed")["id"].as_i64().expect("an id")
}

async fn an_order_that_rounds_to_nothing_costs_a_micro_unit(way: Way) {
    let Some(world) = way.world().await else { return };
    let service = next_to_nothing(&world).await.to_string();
    let (owner, poor) = world.join("poor", Role::User).await;
    world.fund(owner.id.as_str(), "0.000005").await;
    let script = Script::of_owner(&poor, json!({})).await;
    let by_page = (0..8).map(|_| {
        let (poor, link) = (&poor, world.link("complete"));
        let form = json!({ "category": "any", "service": service, "link": link, "quantity": 100 });
        async move {
            let answer = poor.post(ORDERS, form).await;
            match answer.status {
                201 => {
                    let order = answer.success(201, "ORDER_CREATED")["order"].clone();
                    assert_eq!(money(&order["price"]), 1, "{order}");
                    order["id"].as_i64()
                }
                _ => {
                    answer.failure(402, "INSUFFICIENT_BALANCE");
                    None
                }
            }
        }
    });
    let by_script = (0..8).map(|_| {
        let (script, service, link) = (&script, &service, world.link("complete"));
        async move {
            let fields = [
                ("service", service.as_str()),
                ("link", link.as_str()),
                ("quantity", "100"),
            ];
            script.told("add", &fields).await["order"].as_i64()
        }
    });
    let (by_page, by_script) = futures::future::join(join_all(by_page), join_all(by_script)).await;
    let placed: Vec<i64> = by_page.into_iter().chain(by_script).flatten().collect();
    assert_eq!(placed.len(), 5, "five micro-units pay five orders");
    for id in &placed {
        let order = world.until(*id, "completed").await["order"].clone();
        assert_eq!((money(&order["price"]), money(&order["refunded"])), (1, 0));
    }
    let wallet = poor
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    assert_eq!((money(&wallet["balance"]), money(&wallet["held"])), (0, 0));
    // The panel asks its own price, which staff have not told us.
    world.close_but(&placed).await;
}

async fn decide(world: &World, id: i64, decision: Value) -> crate::support::Answer {
    let path = format!("/api/v1/admin/orders/{id}/decision");
    world.admin.post(&path, decision).await
}

/// What the panel calls our order.
fn theirs(world: &World, order: &Value) -> String {
    let link = order["order"]["link"].as_str().expect("a link");
    let orders = world.panel.orders();
    let found = orders.iter().find(|it| it.link == link);
    found.expect("the panel has it").id.to_string()
}

async fn an_id_that_a_provider_gives_twice_waits_for_staff_and_moves_no_money(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let mut pairs = Vec::new();
    for n in 0..3 {
        let good = world.place("complete").await;
        let good = world.until(good, "completed").await["order"].clone();
        let doubtful = match n {
            0 => world.place("duplicate-ids").await,
            _ => script.add(&world, "duplicate-ids", 1_000).await,
        };
        world.until(doubtful, "unknown").await;
        pairs.push((
            good["providerOrderId"].as_str().expect("an id").to_owned(),
            doubtful,
        ));
    }
    assert_eq!(world.wallet().await, (100_000_000 - 6 * PRICE, 3 * PRICE));
    let queue = world.admin.get("/api/v1/admin/orders/unknown").await;
    let queue = queue.success(200, "ORDERS_FETCHED");
    assert_eq!(queue["orders"].as_array().map(Vec::len), Some(3), "{queue}");
    for (taken, id) in &pairs {
        let order = world.order(*id).await;
        let says = order["attempts"].to_string();
        assert!(says.contains("belongs to another order"), "{says}");
        assert_eq!(order["order"]["providerOrderId"], Value::Null);
        let shown = world.customer.get(&format!("{ORDERS}/{id}")).await;
        assert_eq!(shown.success(200, "ORDER_FETCHED")["order"]["status"], "Pending");
        let told = script.told("status", &[("order", &id.to_string())]).await;
        assert_eq!(told["status"], "Pending", "{told}");
        // Staff cannot give it the other order's id either.
        let same = json!({ "decision": "placed", "providerOrderId": taken, "note": "It says so" });
        decide(&world, *id, same)
            .await
            .failure(409, "PROVIDER_ORDER_ID_TAKEN");
    }
    assert_eq!(world.requests("add"), 6, "nothing was sent again");

    // One of them was placed after all, under an id that is its own.
    let (_, placed) = pairs[0];
    let own = theirs(&world, &world.order(placed).await);
    let own = json!({ "decision": "placed", "providerOrderId": own, "note": "Found in their panel" });
    decide(&world, placed, own).await.success(200, "ORDER_DECIDED");
    world.until(placed, "completed").await;
    // Lease and quarantine of the test's policy. Then one is given up by several clicks at once.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (_, given_up) = pairs[1];
    let not_placed = json!({ "decision": "not_placed", "note": "They refuse to deliver it" });
    let clicks = (0..6).map(|_| decide(&world, given_up, not_placed.clone()));
    let answers = join_all(clicks).await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(taken, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.failure(409, "DECISION_REFUSED");
    }
    assert_eq!(world.wallet().await, (100_000_000 - 5 * PRICE, PRICE));
    let (_, left) = pairs[2];
    assert_eq!(world.order(left).await["order"]["state"], "unknown");
    assert_eq!(world.requests("add"), 6);
    world.leave().await;
}
