//! Imports that are looked at first.

use serde_json::{Value, json};

use crate::support::{Way, World, scenarios};
use crate::sync_http::{listing_with, ours, service};

scenarios!(on both ways:
    a_dry_run_shows_what_is_done_and_does_nothing,
    what_changed_since_it_was_shown_is_not_done,
    raced_imports_add_every_service_once,
);

fn path(world: &World) -> String {
    format!("/api/v1/admin/providers/{}/import", world.provider)
}

async fn a_dry_run_shows_what_is_done_and_does_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let before = ours(&world).await;
    let form = json!({
        "services": ["1101", "1012", "77"], "profitPercent": "50", "profitFixed": "0.01", "roundTo": "0.05",
        "categories": { "Instagram Likes": "Hearts" },
    });
    let mut dry = form.clone();
    dry["dryRun"] = json!(true);
    let shown = world
        .admin
        .post(&path(&world), dry)
        .await
        .success(200, "IMPORT_PLANNED");
    assert_eq!(ours(&world).await, before, "nothing was done");
    let expected = json!({
        "added": 1, "unreadable": [], "newCategories": ["Hearts"], "plan": shown["plan"],
        "rows": [
            { "service": "1012", "name": shown["rows"][0]["name"], "outcome": "already_there", "id": null,
              "reason": null, "planned": null },
            { "service": "1101", "name": "Instagram Likes | Instant | 100K/hour", "outcome": "would_add", "id": null,
              "reason": null, "planned": {
                "name": "Instagram Likes | Instant | 100K/hour", "type": "Default", "category": "Hearts",
                "cost": "0.084", "profit": "0.066", "price": "0.15", "min": 10, "max": 300_000 } },
            { "service": "77", "name": null, "outcome": "not_offered", "id": null, "reason": null, "planned": null },
        ],
    });
    assert_eq!(shown, expected);

    let mut planned = form.clone();
    planned["plan"] = shown["plan"].clone();
    let done = world.admin.post(&path(&world), planned.clone()).await;
    let done = done.success(200, "SERVICES_IMPORTED");
    assert_eq!(done["rows"][1]["outcome"], "added");
    let row = service(&world, "1101").await;
    assert_eq!(
        (&row["category"], &row["price"], &row["profit"]),
        (&json!("Hearts"), &json!("0.15"), &json!(0.066))
    );
    // The same again is another plan, and without one nothing is left to do.
    let again = world.admin.post(&path(&world), planned).await;
    again.failure(409, "IMPORT_PLAN_CHANGED");
    let again = world.admin.post(&path(&world), form).await;
    assert_eq!(again.success(200, "SERVICES_IMPORTED")["added"], 0);
    world.close().await;
}

async fn what_changed_since_it_was_shown_is_not_done(way: Way) {
    let Some(world) = way.world().await else { return };
    let form = json!({ "services": ["1101"], "profitPercent": "10", "dryRun": true });
    let shown = world
        .admin
        .post(&path(&world), form)
        .await
        .success(200, "IMPORT_PLANNED");
    let dearer = listing_with(&world, "1101", |row| row["rate"] = json!("7")).await;
    world.panel.set_listing(Some(dearer));
    let before = ours(&world).await;
    let planned = json!({ "services": ["1101"], "profitPercent": "10", "plan": shown["plan"] });
    let refused = world.admin.post(&path(&world), planned.clone()).await;
    refused.failure(409, "IMPORT_PLAN_CHANGED");
    assert_eq!(ours(&world).await, before);
    world.panel.set_listing(None);
    let other = json!({ "services": ["1101"], "profitPercent": "11", "plan": shown["plan"] });
    let refused = world.admin.post(&path(&world), other).await;
    refused.failure(409, "IMPORT_PLAN_CHANGED");
    let done = world.admin.post(&path(&world), planned).await;
    assert_eq!(done.success(200, "SERVICES_IMPORTED")["added"], 1);
    world.close().await;
}

async fn raced_imports_add_every_service_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = path(&world);
    let racers = (0..5).map(|_| world.admin.post(&path, json!({ "category": "Raced" })));
    let mut added = 0;
    for answer in futures::future::join_all(racers).await {
        // A provider that is asked by many at once has no place for some of them.
        if answer.status == 503 {
            answer.failure(503, "PROVIDER_BUSY");
            continue;
        }
        let report = answer.success(200, "SERVICES_IMPORTED");
        added += report["added"].as_u64().expect("a number");
    }
    let rows = ours(&world).await;
    let mut ids: Vec<&str> = rows.iter().filter_map(|row| row["service"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rows.len(), "no service is there twice");
    let raced = rows.iter().filter(|row| row["category"] == "Raced").count();
    assert_eq!(u64::try_from(raced).ok(), Some(added));
    let everything: Vec<&Value> = rows
        .iter()
        .filter(|row| row["availability"] != "active")
        .collect();
    assert_eq!(everything, Vec::<&Value>::new());
    world.close().await;
}
