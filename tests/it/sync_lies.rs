//! Lists that lie: nothing is stopped and nothing is sold too cheap because of them.

use serde_json::{Value, json};

use crate::support::{Way, World, scenarios};
use crate::sync_http::{feed, list, listing_with, ours, put, read_list, rules, service, set_rules};

scenarios!(on both ways:
    a_list_that_is_not_whole_stops_nothing,
    a_provider_that_gives_no_list_changes_nothing,
    absurd_prices_and_rows_are_not_believed,
    five_thousand_rows_are_imported_and_followed,
);

async fn sold(world: &World) -> Vec<Value> {
    let rows = ours(world).await.into_iter();
    rows.filter(|row| row["availability"] == "active").collect()
}

async fn a_list_that_is_not_whole_stops_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    set_rules(&world, json!({ "everyMinutes": 10_080 })).await;
    let before = sold(&world).await;
    let rows = list(&world).await;
    let mut twice = rows.clone();
    twice.retain(|row| row["service"] != "1141");
    twice.push(rows[0].clone());
    let mut odd = rows.clone();
    odd.retain(|row| row["service"] != "1141");
    odd.push(json!({ "service": "9999", "name": "No price" }));
    let few: Vec<Value> = rows
        .iter()
        .filter(|row| row["service"] == "1012")
        .cloned()
        .collect();
    for (why, listing) in [
        ("empty", json!([])),
        ("duplicates", Value::Array(twice)),
        ("unreadable rows", Value::Array(odd)),
        ("most of it is missing", Value::Array(few)),
    ] {
        world.panel.set_listing(Some(listing));
        let run = read_list(&world).await;
        assert_eq!(run["result"], "distrusted", "{why}: {run}");
        assert!(run["reason"].is_string(), "{why}: {run}");
        assert_eq!(sold(&world).await, before, "{why}");
    }
    world.close().await;
}

async fn a_provider_that_gives_no_list_changes_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    set_rules(&world, rules()).await;
    let before = ours(&world).await;
    let key = crate::support::PANEL_KEY;
    for listing in [
        json!({ "error": format!("your key {key} is wrong") }),
        json!("<html><body>502 Bad Gateway</body></html>"),
        json!({}),
        json!({ "services": 7 }),
        json!(null),
    ] {
        world.panel.set_listing(Some(listing.clone()));
        // The answer is searched for the key by whoever reads it.
        let run = read_list(&world).await;
        assert_eq!(run["result"], "failed", "{listing}: {run}");
        assert!(run["reason"].is_string(), "{run}");
    }
    world.panel.set_listing(None);
    for fault in ["html", "http500", "truncated"] {
        let faults = format!("services:{fault}").parse();
        world.panel.set_faults(faults.expect("a fault of the panel"));
        let run = read_list(&world).await;
        assert_eq!(run["result"], "failed", "{fault}: {run}");
    }
    world.panel.set_faults(sandbox::Faults::none());
    assert_eq!(ours(&world).await, before);
    assert_eq!(read_list(&world).await["result"], "done");
    world.close().await;
}

async fn absurd_prices_and_rows_are_not_believed(way: Way) {
    let Some(world) = way.world().await else { return };
    set_rules(&world, rules()).await;
    let before = service(&world, "1012").await;
    for (rate, found) in [
        (json!("0"), "suspicious"),
        (json!(0.000_000_1), "suspicious"),
        (json!("9223372036.854775807"), "too_large"),
    ] {
        let listing = listing_with(&world, "1012", |row| row["rate"] = rate.clone()).await;
        world.panel.set_listing(Some(listing));
        let run = read_list(&world).await;
        assert_eq!(run["counts"][found], 1, "{rate}: {run}");
        let after = service(&world, "1012").await;
        assert_eq!(
            (&after["rate"], &after["price"]),
            (&before["rate"], &before["price"]),
            "{rate}"
        );
    }
    // Prices that are none make the row unreadable, and nothing is stopped because of it.
    for rate in [json!(-1), json!("free"), json!(null), json!("1e999")] {
        let listing = listing_with(&world, "1012", |row| row["rate"] = rate.clone()).await;
        world.panel.set_listing(Some(listing));
        let run = read_list(&world).await;
        assert_eq!(run["result"], "distrusted", "{rate}: {run}");
        assert_eq!(service(&world, "1012").await, before, "{rate}");
    }
    let typed = listing_with(&world, "1012", |row| row["type"] = json!("Mentions Hashtag")).await;
    world.panel.set_listing(Some(typed));
    let run = read_list(&world).await;
    assert_eq!(run["counts"]["type"], 1, "{run}");
    let form = world.order_form("1012", "complete", 1_000);
    let refused = world.customer.post("/api/v1/dashboard/orders", form).await;
    refused.failure(400, "UNSUPPORTED_SERVICE_TYPE");
    world.close().await;
}

async fn five_thousand_rows_are_imported_and_followed(way: Way) {
    const ROWS: usize = 5_000;
    let Some(world) = way.world().await else { return };
    let rows = |rate: &str| -> Value {
        let row = |n: usize| {
            json!({
                "service": 50_000 + n, "name": format!("Bulk {n}"), "type": "Default", "rate": rate, "min": 1,
                "max": 1_000, "category": format!("Bulk {}", n % 20), "refill": false, "cancel": false,
            })
        };
        (0..ROWS).map(row).collect()
    };
    world.panel.set_listing(Some(rows("1.00")));
    let import = format!("/api/v1/admin/providers/{}/import", world.provider);
    let report = world.admin.post(&import, json!({ "profitPercent": "10" })).await;
    let report = report.success(200, "SERVICES_IMPORTED");
    assert_eq!(report["added"], ROWS);
    let (changes, since) = feed(&world, "0").await;
    let new = changes.iter().filter(|it| it["change"] == "new").count();
    assert!(new >= ROWS, "{new}");
    // Four services of the old list are missing, which is little.
    set_rules(&world, json!({ "everyMinutes": 10_080, "marginPercent": "50" })).await;
    world.panel.set_listing(Some(rows("2.00")));
    let run = read_list(&world).await;
    assert_eq!(
        (&run["result"], &run["counts"]["cost"]),
        (&json!("done"), &json!(ROWS))
    );
    assert_eq!(run["findings"].as_array().map(Vec::len), Some(200));
    let (changes, _) = feed(&world, &since).await;
    let prices = changes.iter().filter(|it| it["change"] == "price").count();
    assert_eq!(prices, ROWS);
    let listing = world.customer.get("/api/v1/services").await;
    assert_eq!(listing.text.matches("\"price\":\"3.00\"").count(), ROWS);
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    put(&world, &path, json!({ "paused": true }))
        .await
        .success(200, "SYNC_UPDATED");
    world.close().await;
}
