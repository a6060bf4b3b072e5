//! Figures are true, and have the shapes that pages read.

use domain::identity::Role;
use serde_json::{Value, json};

use crate::support::{Browser, Way, World, is_date, money, scenarios};

scenarios!(on both ways:
    the_shop_at_a_glance_is_what_happened,
    customers_see_what_is_their_own,
    staff_see_any_days_of_any_time_zone_and_take_them_along,
    what_is_no_range_of_days_says_so,
);

const METRICS: &str = "/api/v1/admin/dashboard-metrics";
const ANALYTICS: &str = "/api/v1/admin/analytics";

/// One order of each end, of a thousand pieces each: completed, three tenths undelivered, canceled.
async fn three_ends(world: &World) -> [i64; 3] {
    let ids = [
        world.place("complete").await,
        world.place("partial:30").await,
        world.place("cancel").await,
    ];
    for (id, state) in ids.into_iter().zip(["completed", "partial", "canceled"]) {
        world.until(id, state).await;
    }
    ids
}

async fn the_shop_at_a_glance_is_what_happened(way: Way) {
    let Some(world) = way.world().await else { return };
    let empty = world
        .admin
        .get(METRICS)
        .await
        .success(200, "DASHBOARD_METRICS_RETRIEVED");
    assert_eq!(empty["overview"]["totalOrders"], 0);
    assert_eq!(empty["recentActivities"], json!([]));
    let [first, ..] = three_ends(&world).await;
    let shop = world.admin.get(METRICS).await;
    assert!(
        shop.text
            .contains("\"message\":\"Dashboard metrics retrieved successfully\"")
    );
    let shop = shop.success(200, "DASHBOARD_METRICS_RETRIEVED");
    let spent = world.spent().await;
    let overview = &shop["overview"];
    assert_eq!(overview["totalUsers"], 2);
    assert_eq!(overview["totalOrders"], 3);
    assert_eq!(overview["totalProviders"], 1);
    assert_eq!(overview["activeOrders"], 0);
    assert!(
        overview["totalServices"]
            .as_u64()
            .is_some_and(|services| services > 1)
    );
    assert_eq!(revenue(&overview["totalRevenue"]), spent);
    assert_eq!(overview["userGrowth"].as_f64(), Some(100.0));
    assert_eq!(overview["orderGrowth"].as_f64(), Some(100.0));
    let days = shop["charts"]["dailyMetrics"].as_array().expect("days");
    let dates: Vec<_> = days
        .iter()
        .map(|day| day["date"].as_str().expect("a date"))
        .collect();
    assert_eq!(days.len(), 30);
    assert!(
        dates.is_sorted() && dates.iter().all(|date| date.len() == 10),
        "{dates:?}"
    );
    // A test that runs over midnight has two days.
    let orders: u64 = days.iter().filter_map(|day| day["orders"].as_u64()).sum();
    let earned: i64 = days.iter().map(|day| revenue(&day["revenue"])).sum();
    assert_eq!((orders, earned), (3, spent));
    the_rest_of_the_page(&world, &shop, first, spent);
    world.close().await;
}

fn the_rest_of_the_page(world: &World, shop: &Value, first: i64, spent: i64) {
    let top = &shop["charts"]["topServices"][0];
    assert_eq!(top["serviceId"], world.service("1012").to_string());
    assert_eq!(
        top["serviceName"],
        "Instagram Followers | Mixed quality | 50K/day"
    );
    assert_eq!(
        (top["orderCount"].as_u64(), revenue(&top["totalRevenue"])),
        (Some(3), spent)
    );
    let recent = shop["recentActivities"].as_array().expect("orders");
    let statuses: Vec<_> = recent
        .iter()
        .map(|it| it["status"].as_str().expect("a word"))
        .collect();
    assert_eq!(
        statuses,
        ["cancelled", "partial", "completed"],
        "newest first, in lower case"
    );
    let last = &recent[2];
    assert_eq!(last["id"], first.to_string());
    assert_eq!(last["userId"], world.user.id.as_str());
    assert!(money(&last["charge"]) > 0 && is_date(last["createdAt"].as_str().expect("a text")));
}

/// A number that pages calculate with, in micro-units.
fn revenue(value: &Value) -> i64 {
    assert!(value.is_number(), "{value}");
    money(&Value::String(value.to_string()))
}

async fn customers_see_what_is_their_own(way: Way) {
    let Some(world) = way.world().await else { return };
    let (_, stranger) = world.join("stranger", Role::User).await;
    three_ends(&world).await;
    let metrics = async |browser: &Browser| {
        let answer = browser.get("/api/v1/dashboard/metrics").await;
        answer.success(200, "METRICS_RETRIEVED")
    };
    let own = metrics(&world.customer).await;
    assert_eq!(own["overview"]["totalOrders"], 3);
    assert_eq!(own["overview"]["activeOrders"], 0);
    assert_eq!(
        own["ordersByStatus"],
        json!({ "pending": 0, "inProgress": 0, "completed": 1, "partial": 1, "canceled": 1 })
    );
    let (balance, held) = world.wallet().await;
    assert_eq!(held, 0);
    assert_eq!(money(&own["overview"]["totalSpent"]), 100_000_000 - balance);
    let days = own["dailyMetrics"].as_array().expect("days");
    let spent: i64 = days.iter().map(|day| money(&day["spent"])).sum();
    assert_eq!((days.len(), spent), (30, 100_000_000 - balance));
    let others = metrics(&stranger).await;
    assert_eq!(others["overview"]["totalOrders"], 0);
    assert_eq!(others["overview"]["totalSpent"], "0.00");
    world.close().await;
}

async fn staff_see_any_days_of_any_time_zone_and_take_them_along(way: Way) {
    let Some(world) = way.world().await else { return };
    three_ends(&world).await;
    let spent = world.spent().await;
    let asked = async |query: &str| {
        let answer = world.admin.get(&format!("{ANALYTICS}?{query}")).await;
        answer.success(200, "ANALYTICS_FETCHED")
    };
    for query in [
        "groupBy=total",
        "groupBy=total&timeZone=Asia/Kolkata",
        "groupBy=provider&timeZone=America/St_Johns",
        "groupBy=service&timeZone=Pacific/Kiritimati",
    ] {
        let report = asked(query).await;
        assert_eq!(report["totalRows"], 1, "{query}");
        let row = &report["rows"][0];
        assert_eq!(row["orders"], 3, "{query}");
        assert_eq!(money(&row["revenue"]), spent, "{query}");
        assert_eq!(
            money(&row["revenue"]) - money(&row["cost"]),
            money(&row["profit"])
        );
        assert_eq!(money(&row["sold"]) - money(&row["refunds"]), spent, "{query}");
        assert_eq!([&row["completed"], &row["partial"], &row["canceled"]], [1, 1, 1]);
        assert_eq!(row["completionRate"], 33.3);
        assert!(
            row["deliveryP50"].is_u64() && row["deliveryP90"].is_u64(),
            "{row}"
        );
        let failures = json!([
            { "reason": "canceled_by_provider", "orders": 1 },
            { "reason": "partial", "orders": 1 },
        ]);
        assert_eq!(row["failures"], failures);
    }
    let service = asked("groupBy=service").await["rows"][0].clone();
    assert_eq!(service["id"], world.service("1012"));
    assert_eq!(
        asked("groupBy=provider").await["rows"][0]["name"],
        "Simulated panel"
    );
    let days = asked("timeZone=Asia/Kathmandu").await;
    let rows = days["rows"].as_array().expect("days");
    assert_eq!((rows.len(), &rows[29]["date"]), (30, &days["to"]));
    let earned: i64 = rows.iter().map(|day| money(&day["revenue"])).sum();
    assert_eq!(earned, spent);
    let table = world.admin.get(&format!("{ANALYTICS}.csv?groupBy=service")).await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<_> = table.text.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("date,id,name,orders,"),
        "{lines:?}"
    );
    assert!(lines[1].contains("canceled_by_provider=1 partial=1"), "{lines:?}");
    let (_, moderator) = world.join("moderator", Role::Moderator).await;
    for path in [METRICS, ANALYTICS, "/api/v1/admin/analytics.csv"] {
        moderator.get(path).await.failure(403, "FORBIDDEN");
    }
    world.close().await;
}

async fn what_is_no_range_of_days_says_so(way: Way) {
    let Some(world) = way.world().await else { return };
    for (query, field) in [
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("from=2026-02-02&to=2026-02-01", "to"),
        ("from=2024-01-01&to=2025-01-01", "to"),
        ("timeZone=Mars/Olympus", "timeZone"),
        ("groupBy=mood", "groupBy"),
    ] {
        let answer = world.admin.get(&format!("{ANALYTICS}?{query}")).await;
        let failure = answer.failure(400, "VALIDATION_ERROR");
        assert!(
            failure["message"]
                .as_str()
                .is_some_and(|text| text.contains(field)),
            "{query}: {failure}"
        );
    }
    world.close().await;
}
