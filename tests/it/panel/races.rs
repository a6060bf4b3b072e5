//! Scripts that ask many things at once.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{PANELS, Script};
use crate::support::{Way, World, money, scenarios};

scenarios!(on both ways:
    of_parallel_orders_exactly_those_are_placed_that_the_wallet_pays,
    of_parallel_orders_exactly_those_are_placed_that_the_spend_cap_allows,
    parallel_repetitions_of_one_request_id_are_one_order,
    of_keys_that_are_made_at_once_no_more_are_made_than_may_be,
);
scenarios!(on two nodes:
    of_parallel_orders_exactly_those_are_placed_that_the_wallet_pays,
    of_parallel_orders_exactly_those_are_placed_that_the_spend_cap_allows,
    parallel_repetitions_of_one_request_id_are_one_order,
);

/// What 1000 followers cost, in micro-units.
const PRICE: i64 = 1_170_000;

/// Sends as many orders at once as there are links; what each is answered.
async fn at_once(world: &World, script: &Script, orders: usize) -> Vec<Value> {
    let service = world.service("1012").to_string();
    let asked = (0..orders).map(|_| {
        let link = world.link("complete");
        let service = service.clone();
        async move {
            let fields = [
                ("service", service.as_str()),
                ("link", link.as_str()),
                ("quantity", "1000"),
            ];
            script.told("add", &fields).await
        }
    });
    join_all(asked).await
}

/// The orders among the answers, all of which are in the end; everything else has to be told so.
async fn placed(world: &World, answers: &[Value], refusal: &str) -> usize {
    let mut placed = 0;
    for answer in answers {
        match answer["order"].as_i64() {
            Some(order) => {
                world.until(order, "completed").await;
                placed += 1;
            }
            None => {
                let told = answer["error"].as_str().expect("an error");
                assert!(told.starts_with(refusal), "{told}");
            }
        }
    }
    placed
}

async fn of_parallel_orders_exactly_those_are_placed_that_the_wallet_pays(way: Way) {
    let Some(world) = way.world().await else { return };
    let (owner, browser) = world.join("poor", domain::identity::Role::User).await;
    // Seven orders and a little.
    world.fund(owner.id.as_str(), "8.20").await;
    let script = Script::of_owner(&browser, json!({})).await;
    let answers = at_once(&world, &script, 25).await;
    assert_eq!(placed(&world, &answers, "Not enough funds on balance").await, 7);
    let balance = script.told("balance", &[]).await;
    assert_eq!(money(&balance["balance"]), 8_200_000 - 7 * PRICE);
    world.close().await;
}

async fn of_parallel_orders_exactly_those_are_placed_that_the_spend_cap_allows(way: Way) {
    let Some(world) = way.world().await else { return };
    for period in ["day", "total"] {
        // Exactly five orders.
        let cap = json!({ "spendCap": { "amount": "5.85", "period": period } });
        let script = Script::of(&world, cap).await;
        let answers = at_once(&world, &script, 20).await;
        let refusal = "Not enough funds on balance: the spend cap of the API key leaves 0.00";
        assert_eq!(placed(&world, &answers, refusal).await, 5, "{period}");
        let keys = world
            .customer
            .get(super::MANAGED)
            .await
            .success(200, "API_KEYS_FETCHED");
        let keys = keys["apiKeys"].as_array().expect("keys").clone();
        let key = keys
            .iter()
            .find(|key| key["id"] == script.id.as_str())
            .expect("it is listed");
        let expected =
            json!({ "amount": "5.85", "currency": "USD", "period": period, "spent": "5.85", "left": "0.00" });
        assert_eq!(key["spendCap"], expected);
        // More is allowed at once, and a repetition costs nothing.
        let path = format!("{}/{}", super::MANAGED, script.id);
        let more = json!({ "spendCap": { "amount": "7.03", "period": period } });
        world
            .customer
            .patch(&path, more)
            .await
            .success(200, "API_KEY_UPDATED");
        let answers = at_once(&world, &script, 5).await;
        let refusal = "Not enough funds on balance: the spend cap of the API key leaves 0.01";
        assert_eq!(placed(&world, &answers, refusal).await, 1, "{period}");
    }
    world.close().await;
}

async fn parallel_repetitions_of_one_request_id_are_one_order(way: Way) {
    let Some(world) = way.world().await else { return };
    for powers in [
        json!({}),
        json!({ "spendCap": { "amount": "1.17", "period": "total" } }),
    ] {
        let script = Script::of(&world, powers.clone()).await;
        let link = world.link("complete");
        let (service, id) = (world.service("1012").to_string(), format!("race-{}", script.id));
        let asked = (0..20).map(|n| {
            let form = vec![
                ("key", script.key.clone()),
                ("action", "add".to_owned()),
                ("service", service.clone()),
                ("link", link.clone()),
                ("quantity", "1000".to_owned()),
                ("request_id", id.clone()),
            ];
            let path = PANELS[n % PANELS.len()];
            let browser = &script.browser;
            async move { browser.send(Method::POST, path, |it| it.form(&form)).await }
        });
        let answers = join_all(asked).await;
        let first = answers.first().expect("twenty").json();
        let order = first["order"].as_i64().unwrap_or_else(|| panic!("{first}"));
        for answer in &answers {
            assert_eq!(answer.json(), json!({ "order": order }), "{powers}");
        }
        let replayed = answers
            .iter()
            .filter(|it| it.header("idempotent-replayed").is_some());
        assert_eq!(replayed.count(), 19, "{powers}");
        world.until(order, "completed").await;
    }
    let (balance, held) = world.wallet().await;
    assert_eq!((balance, held), (100_000_000 - 2 * PRICE, 0));
    world.close().await;
}

async fn of_keys_that_are_made_at_once_no_more_are_made_than_may_be(way: Way) {
    let Some(world) = way.world().await else { return };
    let made = (0..25).map(|n| {
        let customer = &world.customer;
        async move {
            customer
                .post("/v2/api-key", json!({ "name": format!("key {n}") }))
                .await
        }
    });
    let answers = join_all(made).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (20, 5));
    for answer in refused {
        answer.failure(409, "API_KEY_LIMIT");
    }
    let listed = world
        .customer
        .get("/v2/api-key")
        .await
        .success(200, "API_KEYS_FETCHED");
    assert_eq!(listed.as_array().map(Vec::len), Some(20));
    world.close().await;
}
