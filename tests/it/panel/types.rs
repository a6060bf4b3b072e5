//! Services that take more or less than link and quantity. The panel is the witness of what arrived there.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Script;
use crate::support::{Way, World, changes, eventually, scenarios, snapshot};

scenarios!(on both ways:
    comments_and_packages_arrive_at_the_provider_as_they_were_ordered,
    the_application_orders_comments_and_packages_too,
    what_a_type_does_not_take_is_refused_before_money_moves,
    a_type_that_cannot_be_ordered_is_never_ordered_as_another,
    a_lost_answer_about_comments_is_never_ordered_twice,
);

const PACKAGE: &str = "9001";
const COMMENTS: &str = "1160";
const COMMENTS_PACKAGE: &str = "9004";
/// Types that are not forwarded: a list of mentions, likes of a comment, a poll.
const OTHERS: [&str; 3] = ["Mentions Custom List", "Comment Likes", "Poll"];
/// Everything that a careless form would break, and what is left of it: each line as it was.
const SENT: &str = "  so good \u{1f44d}\u{1f3fd}\r\n\r\n100% & more = \"yes\", 'no' + <b>\n\t\n%20\\n\rso good \u{1f44d}\u{1f3fd}\r\n";
const ARRIVES: &str =
    "so good \u{1f44d}\u{1f3fd}\n100% & more = \"yes\", 'no' + <b>\n%20\\n\nso good \u{1f44d}\u{1f3fd}";

const NEEDED: &str = "Incorrect comments: this service needs them, one on each line";
const NOT_TAKEN: &str = "Incorrect comments: this service takes none";

/// Sells everything that the panel has; ids by the panel's.
async fn everything(world: &World) -> HashMap<String, i64> {
    let path = format!("/api/v1/admin/providers/{}/import", world.provider);
    let form = json!({ "profitPercent": "30" });
    let answer = world.admin.post(&path, form).await;
    answer.success(200, "SERVICES_IMPORTED");
    let rows = world.admin.get("/api/v1/admin/services").await;
    let rows = rows.success(200, "SERVICES_FETCHED");
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| {
        let theirs = row["service"].as_str().expect("an id").to_owned();
        (theirs, row["id"].as_i64().expect("an id"))
    })
    .collect()
}

async fn add(script: &Script, service: i64, link: &str, more: &[(&str, &str)]) -> i64 {
    let service = service.to_string();
    let fields = [&[("service", service.as_str()), ("link", link)][..], more].concat();
    let answer = script.told("add", &fields).await;
    answer["order"].as_i64().unwrap_or_else(|| panic!("{answer}"))
}

/// The order as the panel has it.
fn at_the_panel(world: &World, link: &str) -> sandbox::PanelOrder {
    let mut orders = world.panel.orders();
    orders.retain(|order| order.link == link);
    assert_eq!(orders.len(), 1, "{orders:#?}");
    orders.remove(0)
}

/// What was sent with it, without what always is.
fn sent_with(world: &World, link: &str) -> Vec<String> {
    let log = world.panel.log();
    let mut asked = log
        .iter()
        .filter(|entry| entry.fields.get("link").is_some_and(|it| it == link));
    let fields = &asked.next().expect("it was sent").fields;
    let always = ["action", "service", "link"];
    fields
        .keys()
        .filter(|name| !always.contains(&name.as_str()))
        .cloned()
        .collect()
}

async fn comments_and_packages_arrive_at_the_provider_as_they_were_ordered(way: Way) {
    let Some(world) = way.world().await else { return };
    let ids = everything(&world).await;
    let script = Script::of(&world, json!({})).await;
    listed_by_type(&script, &ids).await;
    let links: Vec<String> = (0..4).map(|_| world.link("complete")).collect();
    let package = add(&script, ids[PACKAGE], &links[0], &[]).await;
    let written = add(&script, ids[COMMENTS], &links[1], &[("comments", SENT)]).await;
    let counted = add(
        &script,
        ids[COMMENTS],
        &links[2],
        &[("comments", SENT), ("quantity", "4")],
    )
    .await;
    let whole = [("comments", SENT), ("quantity", "1")];
    let whole = add(&script, ids[COMMENTS_PACKAGE], &links[3], &whole).await;
    for order in [package, written, counted, whole] {
        world.until(order, "completed").await;
    }
    for (link, quantity, comments, billed, fields) in [
        (&links[0], 1, None, 3_400_000, &[][..]),
        (&links[1], 4, Some(ARRIVES), 44_800, &["comments"]),
        (&links[2], 4, Some(ARRIVES), 44_800, &["comments"]),
        (&links[3], 1, Some(ARRIVES), 1_900_000, &["comments"]),
    ] {
        let theirs = at_the_panel(&world, link);
        assert_eq!(
            (theirs.quantity, theirs.billed_micros),
            (quantity, billed),
            "{theirs:?}"
        );
        assert_eq!(theirs.comments.as_deref(), comments);
        assert_eq!(sent_with(&world, link), fields, "{link}");
    }
    // Three tenths more than they cost us; whole micro-units.
    assert_eq!(world.spent().await, 4_420_000 + 2 * 58_240 + 2_470_000);
    let status = script.told("status", &[("order", &package.to_string())]).await;
    assert_eq!(
        (&status["charge"], &status["remains"]),
        (&json!("4.42"), &json!("0"))
    );
    seen_by_staff_and_owner(&world, written).await;
    world.close().await;
}

async fn listed_by_type(script: &Script, ids: &HashMap<String, i64>) {
    let services = script.told("services", &[]).await;
    let services = services.as_array().expect("rows");
    let row = |upstream: &str| services.iter().find(|row| row["service"] == ids[upstream]);
    let expected = |upstream: &str| {
        let row = row(upstream).expect("it is listed");
        ["type", "rate", "min", "max"].map(|field| row[field].as_str().expect("a text").to_owned())
    };
    assert_eq!(expected(PACKAGE), ["Package", "4.42", "1", "1"]);
    assert_eq!(expected(COMMENTS), ["Custom Comments", "14.56", "1", "1000"]);
    assert_eq!(
        expected(COMMENTS_PACKAGE),
        ["Custom Comments Package", "2.47", "1", "1"]
    );
    assert!(
        services
            .iter()
            .all(|row| !OTHERS.iter().any(|kind| row["type"] == *kind))
    );
    // The page's form sends link and quantity, so its list has what that is enough for.
    let types = async |path: &str| {
        let listing = script.browser.get(path).await.success(200, "SERVICES_FETCHED");
        let all = listing["services"].as_array().expect("categories").iter();
        let all = all.flat_map(|category| category["services"].as_array().expect("services"));
        let mut types: Vec<_> = all
            .map(|it| it["type"].as_str().expect("a type").to_owned())
            .collect();
        types.sort();
        types.dedup();
        types
    };
    assert_eq!(types("/api/v1/services").await, ["Default"]);
    let all = ["Custom Comments", "Custom Comments Package", "Default", "Package"];
    assert_eq!(types("/api/v1/services?types=all").await, all);
    let answer = script.browser.get("/api/v1/services?types=some").await;
    answer.failure(400, "VALIDATION_ERROR");
}

async fn seen_by_staff_and_owner(world: &World, order: i64) {
    let seen = world.order(order).await;
    assert_eq!(
        (&seen["order"]["type"], &seen["comments"]),
        (&json!("Custom Comments"), &json!(ARRIVES))
    );
    let path = format!("/api/v1/dashboard/orders/{order}");
    let own = world.customer.get(&path).await.success(200, "ORDER_FETCHED");
    assert_eq!(
        (&own["type"], &own["comments"]),
        (&json!("Custom Comments"), &json!(ARRIVES))
    );
}

async fn the_application_orders_comments_and_packages_too(way: Way) {
    let Some(world) = way.world().await else { return };
    let ids = everything(&world).await;
    let form = |upstream: &str, quantity: u64, comments: Value| {
        json!({
            "category": "any", "service": ids[upstream].to_string(), "link": world.link("complete"),
            "quantity": quantity, "comments": comments,
        })
    };
    for (form, quantity, comments) in [
        (form(COMMENTS, 4, json!(SENT)), 4, Some(ARRIVES)),
        (form(COMMENTS_PACKAGE, 1, json!(SENT)), 1, Some(ARRIVES)),
        (form(PACKAGE, 1, Value::Null), 1, None),
        (form("1012", 100, json!(" \n")), 100, None),
    ] {
        let answer = world
            .customer
            .post("/api/v1/dashboard/orders", form.clone())
            .await;
        let placed = answer.success(201, "ORDER_CREATED");
        world
            .until(placed["order"]["id"].as_i64().expect("an id"), "completed")
            .await;
        let theirs = at_the_panel(&world, form["link"].as_str().expect("a link"));
        assert_eq!(
            (theirs.quantity, theirs.comments.as_deref()),
            (quantity, comments)
        );
    }
    let refused = form(COMMENTS, 5, json!(SENT));
    let refused = world.customer.post("/api/v1/dashboard/orders", refused).await;
    let refused = refused.failure(400, "VALIDATION_ERROR");
    assert_eq!(
        refused["details"]["issues"][0]["message"],
        "must be the number of comments, 4"
    );
    // Many at once are link and quantity.
    let line = json!({ "service": ids[COMMENTS].to_string(), "link": world.link("complete"), "quantity": 5 });
    let mass = world
        .customer
        .post("/api/v1/dashboard/orders/mass", json!({ "orders": [line] }))
        .await;
    assert!(
        (400..500).contains(&mass.status) && mass.text.contains("comments"),
        "{}",
        mass.text
    );
    world.close().await;
}

async fn what_a_type_does_not_take_is_refused_before_money_moves(way: Way) {
    let Some(world) = way.world().await else { return };
    let ids = everything(&world).await;
    let script = Script::of(&world, json!({})).await;
    noted(&world, &script).await;
    let database = world.database().await;
    let before = snapshot(&database).await;
    let many = "x\n".repeat(1_001);
    let long = format!("a\n{}", "x".repeat(65_537));
    for (service, more, told) in [
        ("1012", &[("quantity", "100"), ("comments", "x")][..], NOT_TAKEN),
        (PACKAGE, &[("comments", "x")], NOT_TAKEN),
        (PACKAGE, &[("quantity", "1000")], "Quantity more than maximum 1"),
        (PACKAGE, &[("quantity", "0")], "Quantity less than minimal 1"),
        (
            PACKAGE,
            &[("quantity", "-1")],
            "Incorrect quantity: it must be a whole number",
        ),
        (COMMENTS, &[("quantity", "5")], NEEDED),
        (COMMENTS, &[], NEEDED),
        (COMMENTS, &[("comments", " \r\n\n")], NEEDED),
        (
            COMMENTS,
            &[("comments", "a\nb"), ("quantity", "3")],
            "Incorrect quantity: there are 2 comments, send that or no quantity",
        ),
        (
            COMMENTS,
            &[("comments", &many)],
            "Quantity more than maximum 1000",
        ),
        (
            COMMENTS,
            &[("comments", &long)],
            "Incorrect comments: must be at most 65536 characters",
        ),
        (
            COMMENTS,
            &[("comments", "a\0b")],
            "Incorrect comments: must not contain control characters",
        ),
        (COMMENTS_PACKAGE, &[("quantity", "1")], NEEDED),
        (
            COMMENTS_PACKAGE,
            &[("comments", "a\nb"), ("quantity", "2")],
            "Quantity more than maximum 1",
        ),
        (
            COMMENTS,
            &[("comments", "a"), ("max_rate", "14.55")],
            "Rate is above max_rate: 1000 cost 14.56",
        ),
    ] {
        let service = ids[service].to_string();
        let fields = [
            &[("service", service.as_str()), ("link", "https://example.com/p")][..],
            more,
        ]
        .concat();
        assert_eq!(script.refused("add", &fields).await, told, "{service}");
    }
    assert_eq!(changes(&before, &snapshot(&database).await), [""; 0]);
    assert_eq!(world.requests("add"), 0);
    world.close().await;
}

/// The use of the key is written down once; then everything holds still.
async fn noted(world: &World, script: &Script) {
    let database = world.database().await;
    script.told("balance", &[]).await;
    let noted = async || {
        let noted = "SELECT id FROM api_keys WHERE last_used_at IS NOT NULL";
        let noted = database.texts(noted).await.expect("keys");
        (!noted.is_empty()).then_some(())
    };
    eventually(|| "the use of the key".to_owned(), noted).await;
}

async fn a_type_that_cannot_be_ordered_is_never_ordered_as_another(way: Way) {
    let Some(world) = way.world().await else { return };
    let ids = everything(&world).await;
    let script = Script::of(&world, json!({})).await;
    noted(&world, &script).await;
    let database = world.database().await;
    let before = snapshot(&database).await;
    let others = sandbox::catalogue()
        .iter()
        .filter(|it| OTHERS.contains(&it.kind.as_str()));
    let others: Vec<String> = others.map(|it| it.id.to_string()).collect();
    assert!(others.len() >= OTHERS.len(), "{others:?}");
    for upstream in others {
        let service = ids[&upstream].to_string();
        for more in [
            &[("quantity", "100")][..],
            &[("comments", "nice")],
            &[],
            &[("usernames", "a\nb")],
        ] {
            let link = ("link", "https://example.com/p");
            let fields = [&[("service", service.as_str()), link][..], more].concat();
            assert_eq!(
                script.refused("add", &fields).await,
                "Incorrect service ID: services of this type cannot be ordered here",
                "{upstream}"
            );
        }
        let form = json!({ "category": "any", "service": service, "link": "https://example.com/p", "quantity": 100 });
        let answer = world.customer.post("/api/v1/dashboard/orders", form).await;
        answer.failure(400, "UNSUPPORTED_SERVICE_TYPE");
    }
    assert_eq!(changes(&before, &snapshot(&database).await), [""; 0]);
    assert_eq!(world.requests("add"), 0);
    world.close().await;
}

async fn a_lost_answer_about_comments_is_never_ordered_twice(way: Way) {
    let scene = crate::support::Scene {
        lookup: sandbox::Lookup::LinkAndTime,
        ..crate::support::Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    let ids = everything(&world).await;
    let script = Script::of(&world, json!({})).await;
    let link = world.link("accept-reset");
    let fields = [("comments", SENT), ("request_id", "mine")];
    let first = add(&script, ids[COMMENTS], &link, &fields).await;
    assert_eq!(
        add(&script, ids[COMMENTS], &link, &fields).await,
        first,
        "asked again"
    );
    let changed = [("comments", "something else"), ("request_id", "mine")];
    let service = ids[COMMENTS].to_string();
    let changed = [
        &[("service", service.as_str()), ("link", link.as_str())][..],
        &changed,
    ]
    .concat();
    assert_eq!(
        script.refused("add", &changed).await,
        "Incorrect request: request_id was used for another order"
    );
    world.until(first, "completed").await;
    assert_eq!(at_the_panel(&world, &link).comments.as_deref(), Some(ARRIVES));
    world.close().await;
}
