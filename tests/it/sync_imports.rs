//! New services of a provider's list that become ours by a rule.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Way, World, eventually, scenarios};
use crate::sync_http::{feed, list, ours, put, read_list, service, set_rules, shown};

scenarios!(on both ways:
    new_services_are_imported_by_the_margin_if_the_rules_say_so,
    new_services_go_into_the_categories_that_staff_named_for_theirs,
    nothing_is_imported_from_a_list_that_is_not_believed_or_without_the_rule,
);
scenarios!(on two nodes: readings_at_once_import_everything_once);

fn rules(import_new: &str) -> Value {
    json!({
        "everyMinutes": 10_080, "shrinkPercent": 50, "marginPercent": "25", "roundTo": "0.01", "importNew": import_new,
    })
}

/// The true list with these rows added.
async fn listing_and(world: &World, more: &[Value]) -> Value {
    world.panel.set_listing(None);
    let mut rows = list(world).await;
    // What is sold there already stays out of the way.
    rows.retain(|row| {
        ["1012", "1017", "1141", "1160"]
            .iter()
            .any(|id| row["service"] == *id)
    });
    rows.extend(more.iter().cloned());
    Value::Array(rows)
}

fn new(id: u32, rate: &str, category: &str) -> Value {
    json!({
        "service": id, "name": format!("Fresh {id}"), "type": "Default", "rate": rate, "min": 10, "max": 500,
        "category": category, "refill": false, "cancel": true, "dripfeed": false,
    })
}

async fn new_services_are_imported_by_the_margin_if_the_rules_say_so(way: Way) {
    let Some(world) = way.world().await else { return };
    set_rules(&world, rules("active")).await;
    let (_, since) = feed(&world, "0").await;
    let rows = [
        new(70_001, "1.00", "Fresh things"),
        new(70_002, "0", "Fresh things"),
        new(70_003, "2.00", " "),
    ];
    let listing = listing_and(&world, &rows).await;
    world.panel.set_listing(Some(listing.clone()));
    let run = read_list(&world).await;
    assert_eq!(
        (&run["result"], &run["counts"]["imported"]),
        (&json!("done"), &json!(3)),
        "{run}"
    );
    assert_eq!(run["counts"]["new"], Value::Null, "{run}");
    let sold = service(&world, "70001").await;
    assert_eq!(
        (&sold["price"], &sold["category"], &sold["availability"]),
        (&json!("1.25"), &json!("Fresh things"), &json!("active"))
    );
    let free = service(&world, "70002").await;
    assert_eq!(
        free["availability"], "disabled",
        "what costs nothing is looked at first: {free}"
    );
    assert_eq!(service(&world, "70003").await["category"], "Uncategorized");
    // The feed tells of what can be ordered now, once, at its price.
    let (changes, _) = feed(&world, &since).await;
    let told: Vec<_> = changes.iter().filter(|it| it["service"] == sold["id"]).collect();
    assert_eq!(told.len(), 1, "{changes:#?}");
    assert_eq!(
        (&told[0]["change"], &told[0]["after"]["price"]),
        (&json!("new"), &json!("1.25"))
    );
    let audit = world.admin.get("/api/v1/admin/audit?action=services.sync").await;
    let audit = audit.success(200, "AUDIT_FETCHED");
    let lines = audit["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["details"]["imported"] == "3");
    assert_eq!(line.map(|line| &line["actor"]), Some(&json!("system")), "{audit}");

    // What staff remove does not come back, and what is ours is not imported twice.
    let path = format!("/api/v1/admin/services/{}", sold["id"]);
    world.admin.delete(&path).await.success(200, "SERVICES_DELETED");
    let before = ours(&world).await.len();
    let run = read_list(&world).await;
    assert_eq!(
        (&run["counts"]["imported"], &run["counts"]["new"]),
        (&Value::Null, &json!(1)),
        "{run}"
    );
    assert_eq!(ours(&world).await.len(), before);

    // Not sold before staff say so.
    set_rules(&world, rules("inactive")).await;
    let rows = [rows.as_slice(), &[new(70_004, "3.00", "Fresh things")]].concat();
    let listing = listing_and(&world, &rows).await;
    world.panel.set_listing(Some(listing));
    assert_eq!(read_list(&world).await["counts"]["imported"], 1);
    let hidden = service(&world, "70004").await;
    assert_eq!(
        (&hidden["availability"], &hidden["price"]),
        (&json!("disabled"), &json!("3.75"))
    );
    world.close().await;
}

async fn new_services_go_into_the_categories_that_staff_named_for_theirs(way: Way) {
    let Some(world) = way.world().await else { return };
    let named = json!({ " Fresh things ": "Instagram \u{1f98a}", "Other things": "Uncategorized" });
    let mut whole = rules("active");
    whole["categories"] = named;
    set_rules(&world, whole).await;
    let kept = json!({ "Fresh things": "Instagram \u{1f98a}", "Other things": "Uncategorized" });
    assert_eq!(shown(&world).await["categories"], kept);
    let rows = [
        new(70_001, "1.00", "Fresh things"),
        new(70_002, "1.00", "Other things"),
        new(70_003, "1.00", "fresh things"),
    ];
    let listing = listing_and(&world, &rows).await;
    world.panel.set_listing(Some(listing));
    assert_eq!(read_list(&world).await["counts"]["imported"], 3);
    for (upstream, category) in [
        ("70001", "Instagram \u{1f98a}"),
        ("70002", "Uncategorized"),
        ("70003", "fresh things"),
    ] {
        assert_eq!(
            service(&world, upstream).await["category"],
            category,
            "{upstream}"
        );
    }
    // Rules that name none go by the provider's names again.
    set_rules(&world, rules("active")).await;
    assert_eq!(shown(&world).await["categories"], json!({}));
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    for wrong in [
        json!({ "a": "" }),
        json!({ "a": 1 }),
        json!(["a"]),
        json!({ "a": "x".repeat(300) }),
    ] {
        let mut whole = rules("active");
        whole["categories"] = wrong;
        put(&world, &path, whole).await.failure(400, "VALIDATION_ERROR");
    }
    world.close().await;
}

async fn nothing_is_imported_from_a_list_that_is_not_believed_or_without_the_rule(way: Way) {
    let Some(world) = way.world().await else { return };
    let before = ours(&world).await;
    set_rules(&world, rules("off")).await;
    let fresh = new(70_001, "1.00", "Fresh things");
    let listing = listing_and(&world, std::slice::from_ref(&fresh)).await;
    world.panel.set_listing(Some(listing));
    assert_eq!(read_list(&world).await["counts"]["new"], 1);
    set_rules(&world, rules("active")).await;
    let unreadable = listing_and(
        &world,
        &[fresh.clone(), json!({ "service": 70_002, "rate": "free" })],
    )
    .await;
    let twice = listing_and(&world, &[fresh.clone(), fresh.clone()]).await;
    for odd in [unreadable, twice, json!([fresh])] {
        world.panel.set_listing(Some(odd.clone()));
        let run = read_list(&world).await;
        assert_eq!(
            (&run["result"], &run["counts"]["imported"]),
            (&json!("distrusted"), &Value::Null),
            "{odd}"
        );
    }
    let ids = |rows: &[Value]| rows.iter().map(|row| row["service"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&ours(&world).await), ids(&before));
    // More than one reading imports is left to the next ones.
    let many: Vec<Value> = (0..130)
        .map(|n| new(71_000 + n, "1.00", "Fresh things"))
        .collect();
    let listing = listing_and(&world, &many).await;
    world.panel.set_listing(Some(listing));
    let run = read_list(&world).await;
    assert_eq!(
        (&run["counts"]["imported"], &run["counts"]["new"]),
        (&json!(100), &json!(30))
    );
    assert_eq!(read_list(&world).await["counts"]["imported"], 30);
    assert_eq!(read_list(&world).await["counts"]["imported"], Value::Null);
    world.close().await;
}

async fn readings_at_once_import_everything_once(way: Way) {
    let Some(world) = way.world().await else { return };
    set_rules(&world, rules("active")).await;
    let many: Vec<Value> = (0..40).map(|n| new(71_000 + n, "1.00", "Fresh things")).collect();
    let listing = listing_and(&world, &many).await;
    world.panel.set_listing(Some(listing));
    let path = format!("/api/v1/admin/providers/{}/sync", world.provider);
    for _ in 0..6 {
        world
            .admin
            .post(&path, json!({}))
            .await
            .success(202, "SYNC_REQUESTED");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    eventually(
        || "everything new is ours".to_owned(),
        async || (ours(&world).await.len() >= 44).then_some(()),
    )
    .await;
    read_list(&world).await;
    let rows = ours(&world).await;
    assert_eq!(rows.len(), 44);
    let (changes, _) = feed(&world, "0").await;
    let new = changes.iter().filter(|it| it["change"] == "new");
    let told = new.filter(|it| it["after"]["category"] == "Fresh things").count();
    assert_eq!(told, 40);
    put(&world, &path, rules("off"))
        .await
        .success(200, "SYNC_UPDATED");
    world.close().await;
}
