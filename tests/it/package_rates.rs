//! What a provider's rate of a package is the price of: one, unless staff say a thousand.

use serde_json::{Value, json};

use crate::support::{Browser, Way, World, scenarios};
use crate::sync_http::{feed, list, listing_with, read_list, service, set_rules};

scenarios!(on both ways:
    packages_are_priced_as_staff_say_that_they_are_listed,
    a_price_that_does_not_cover_what_staff_say_sells_nothing,
    an_import_that_was_shown_at_other_costs_is_not_done,
);

const PACKAGE: &str = "9001";
const ORDERS: &str = "/api/v1/dashboard/orders";

async fn import(world: &World, more: Value) -> crate::support::Answer {
    let path = format!("/api/v1/admin/providers/{}/import", world.provider);
    let mut form = json!({ "services": [PACKAGE], "profitPercent": "25" });
    for (name, value) in more.as_object().expect("fields") {
        form[name] = value.clone();
    }
    world.admin.post(&path, form).await
}

/// A package that is billed at 3.40, of a provider who lists the price of a thousand.
async fn sold(world: &World) {
    let listing = listing_with(world, PACKAGE, |row| row["rate"] = json!("3400")).await;
    world.panel.set_listing(Some(listing));
    let done = import(world, json!({})).await.success(200, "SERVICES_IMPORTED");
    assert_eq!(done["added"], 1, "{done}");
    assert_eq!(costs(world).await, (json!(3_400.0), json!("4250.00")));
}

async fn costs(world: &World) -> (Value, Value) {
    let row = service(world, PACKAGE).await;
    (row["rate"].clone(), row["price"].clone())
}

async fn say(world: &World, what: &str) {
    world.set_provider("packageRate", json!(what)).await;
}

/// What the public list shows of it.
async fn listed(world: &World) -> Option<Value> {
    let row = service(world, PACKAGE).await;
    let nobody = Browser::anonymous(&world.addresses());
    let listing = nobody.get("/api/v1/services?types=all").await;
    let listing = listing.success(200, "SERVICES_FETCHED");
    let categories = listing["services"].as_array().expect("categories").clone();
    let mut services = categories
        .iter()
        .flat_map(|category| category["services"].as_array().cloned().unwrap_or_default());
    services.find(|it| it["id"] == row["id"])
}

fn form(world: &World, row: &Value) -> Value {
    json!({ "category": "any", "service": row["id"].to_string(), "link": world.link("complete"), "quantity": 1 })
}

async fn packages_are_priced_as_staff_say_that_they_are_listed(way: Way) {
    let Some(world) = way.world().await else { return };
    sold(&world).await;
    let others = service(&world, "1012").await;
    let (_, since) = feed(&world, "0").await;

    say(&world, "thousand").await;
    assert_eq!(
        costs(&world).await,
        (json!(3.4), json!("853.40")),
        "its cost is right at once, and its profit is as it was"
    );
    let offered = list(&world).await;
    let offered = offered.iter().find(|row| row["service"] == PACKAGE);
    assert_eq!(offered.expect("it is offered")["rate"], "3.40");
    assert_eq!(service(&world, "1012").await["rate"], others["rate"]);

    // The next reading takes the cost for no fall, and prices by the rules.
    set_rules(
        &world,
        json!({ "everyMinutes": 10_080, "shrinkPercent": 50, "marginPercent": "25" }),
    )
    .await;
    let run = read_list(&world).await;
    assert_eq!(
        (&run["counts"]["suspicious"], &run["counts"]["cost"]),
        (&Value::Null, &Value::Null),
        "{run}"
    );
    assert_eq!(costs(&world).await, (json!(3.4), json!("4.25")));
    let row = service(&world, PACKAGE).await;
    let placed = world.customer.post(ORDERS, form(&world, &row)).await;
    let placed = placed.success(201, "ORDER_CREATED");
    assert_eq!(placed["order"]["price"], "4.25", "{placed}");
    let id = placed["order"]["id"].as_i64().expect("an id");
    world.until(id, "completed").await;

    say(&world, "one").await;
    let (cost, price) = costs(&world).await;
    assert_eq!(
        (cost, price),
        (json!(3_400.0), json!("3400.85")),
        "never below its cost"
    );
    read_list(&world).await;
    assert_eq!(costs(&world).await, (json!(3_400.0), json!("4250.00")));
    let (changes, _) = feed(&world, &since).await;
    let id = &row["id"];
    let prices: Vec<&Value> = changes
        .iter()
        .filter(|it| it["service"] == *id)
        .map(|it| &it["after"]["price"])
        .collect();
    assert_eq!(prices, ["853.40", "4.25", "3400.85", "4250.00"]);

    let audit = world.admin.get("/api/v1/admin/audit?action=provider.edit").await;
    let audit = audit.success(200, "AUDIT_FETCHED");
    let details = &audit["lines"][0]["details"];
    assert_eq!(
        (&details["package_rate_before"], &details["package_rate"]),
        (&json!("thousand"), &json!("one"))
    );
    world.close().await;
}

async fn a_price_that_does_not_cover_what_staff_say_sells_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    say(&world, "thousand").await;
    let done = import(&world, json!({})).await;
    assert_eq!(done.success(200, "SERVICES_IMPORTED")["added"], 1);
    let row = service(&world, PACKAGE).await;
    assert_eq!((&row["rate"], &row["price"]), (&json!(0.0034), &json!("0.00425")));
    let path = format!("/api/v1/admin/services/{}", row["id"]);
    let fixed =
        json!({ "name": row["name"], "profit": 0.1, "category": row["category"], "fixedPrice": "0.01" });
    world
        .admin
        .patch(&path, fixed)
        .await
        .success(201, "SERVICE_ADDED");
    assert_eq!(listed(&world).await.expect("it is sold")["price"], "0.01");

    say(&world, "one").await;
    assert_eq!(costs(&world).await, (json!(3.4), json!("0.01")));
    assert_eq!(listed(&world).await, None);
    let refused = world.customer.post(ORDERS, form(&world, &row)).await;
    refused.failure(409, "SERVICE_NOT_OFFERED");
    say(&world, "thousand").await;
    assert_eq!(listed(&world).await.expect("it is sold again")["price"], "0.01");
    world.close().await;
}

async fn an_import_that_was_shown_at_other_costs_is_not_done(way: Way) {
    let Some(world) = way.world().await else { return };
    let shown = import(&world, json!({ "dryRun": true })).await;
    let shown = shown.success(200, "IMPORT_PLANNED");
    assert_eq!(shown["rows"][0]["planned"]["cost"], "3.40", "{shown}");
    say(&world, "thousand").await;
    let refused = import(&world, json!({ "plan": shown["plan"] })).await;
    refused.failure(409, "IMPORT_PLAN_CHANGED");
    let shown = import(&world, json!({ "dryRun": true })).await;
    let shown = shown.success(200, "IMPORT_PLANNED");
    assert_eq!(shown["rows"][0]["planned"]["cost"], "0.0034", "{shown}");
    let done = import(&world, json!({ "plan": shown["plan"] })).await;
    assert_eq!(done.success(200, "SERVICES_IMPORTED")["added"], 1);
    world.close().await;
}
