//! Staff and their providers, in the shapes that the web application reads.

use serde_json::{Value, json};

use crate::orders_unknown::{at_the_panel, decide, placed_as};
use crate::support::{PANEL_KEY, Way, scenarios, undated};

scenarios!(on both ways:
    a_provider_is_shown_without_its_key_and_the_key_only_on_request,
    a_provider_that_breaks_a_rule_is_not_added,
    a_masked_key_leaves_the_key_as_it_is,
    an_archived_provider_sells_nothing,
    a_provider_with_open_orders_stays_where_they_are,
);

const PROVIDERS: &str = "/api/v1/admin/providers";
const SERVICES: &str = "/api/v1/admin/services";
const METRICS: &str = "/api/v1/admin/dashboard-metrics";

async fn a_provider_is_shown_without_its_key_and_the_key_only_on_request(way: Way) {
    let Some(world) = way.world().await else { return };
    let (admin, id) = (&world.admin, world.provider);
    let rows = admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    let expected = json!([{
        "id": id, "name": "Simulated panel", "apiUrl": world.panel.url(), "availability": "active", "lookup": "none",
        "requestsPerSecond": 200, "exposureCap": "500.00", "packageRate": "one", "currency": "USD",
        "balance": {"balance": "1000.00", "currency": "USD", "askedAt": "DATE"}, "created_at": "DATE", "updated_at": "DATE",
    }]);
    assert_eq!(undated(&rows), expected);
    let revealed = admin.get(&format!("{PROVIDERS}/key/{id}")).await;
    let expected = json!({
        "id": id, "name": "Simulated panel", "apiUrl": world.panel.url(), "apiKey": PANEL_KEY,
    });
    assert_eq!(revealed.success(200, "PROVIDER_KEY_FETCHED"), expected);
    let missing = admin.get(&format!("{PROVIDERS}/key/999999")).await;
    missing.failure(404, "PROVIDER_NOT_FOUND");

    let test = format!("{PROVIDERS}/{id}/test");
    let tested = admin
        .post(&test, json!({}))
        .await
        .success(200, "PROVIDER_CONNECTED");
    assert_eq!(
        (&tested["balance"], &tested["currency"]),
        (&json!("1000.00"), &json!("USD"))
    );
    let balance = admin.get(&format!("{PROVIDERS}/{id}/balance")).await;
    let expected = json!({ "balance": "1000.00", "currency": "USD", "askedAt": "DATE" });
    assert_eq!(undated(&balance.success(200, "PROVIDER_BALANCE")), expected);
    let rows = admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    assert_eq!(undated(&rows[0]["balance"]), expected, "what it said is kept");
    world.close().await;
}

async fn a_provider_that_breaks_a_rule_is_not_added(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let form = world.provider_form();
    admin
        .post(PROVIDERS, form.clone())
        .await
        .failure(409, "PROVIDER_EXISTS");
    for (field, value) in [
        ("name", json!("x")),
        ("apiUrl", json!("")),
        ("apiKey", json!("short")),
        ("apiKey", json!("")),
        ("apiKey", Value::Null),
        ("requestsPerSecond", json!(0)),
        ("exposureCap", json!("-1")),
        ("lookup", json!("magic")),
        ("packageRate", json!("1000")),
    ] {
        let mut wrong = form.clone();
        wrong["name"] = json!("Another panel");
        wrong[field] = value.clone();
        let answer = admin.post(PROVIDERS, wrong).await;
        assert_eq!(answer.status, 400, "{field} = {value}: {}", answer.text);
        answer.failure(400, "VALIDATION_ERROR");
    }
    for address in [
        "ftp://panel.example/",
        "no address",
        "javascript:alert(1)",
        "http://u:p@panel.example/",
    ] {
        let mut wrong = form.clone();
        (wrong["name"], wrong["apiUrl"]) = (json!("Another panel"), json!(address));
        admin
            .post(PROVIDERS, wrong)
            .await
            .failure(400, "PROVIDER_ADDRESS_REFUSED");
    }
    let rows = admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    world.close().await;
}

async fn a_masked_key_leaves_the_key_as_it_is(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let path = format!("{PROVIDERS}/{}", world.provider);
    let key = format!("{PROVIDERS}/key/{}", world.provider);
    let mut form = world.provider_form();
    (form["name"], form["apiKey"]) = (json!("Renamed panel"), json!("********"));
    let edited = admin.patch(&path, form.clone()).await;
    assert_eq!(edited.success(200, "PROVIDER_EDITED"), Value::Null);
    let revealed = admin.get(&key).await.success(200, "PROVIDER_KEY_FETCHED");
    assert_eq!(
        (&revealed["name"], &revealed["apiKey"]),
        (&json!("Renamed panel"), &json!(PANEL_KEY))
    );

    form["apiKey"] = json!("another-key-of-ours");
    admin
        .patch(&path, form.clone())
        .await
        .success(200, "PROVIDER_EDITED");
    let refused = admin.post(&format!("{path}/test"), json!({})).await;
    let refused = refused.failure(502, "PROVIDER_ERROR");
    assert!(!refused.to_string().contains("another-key-of-ours"), "{refused}");
    let offered = admin
        .get(&format!("{PROVIDERS}/services/{}", world.provider))
        .await;
    offered.failure(502, "PROVIDER_ERROR");
    let missing = format!("{PROVIDERS}/999999");
    admin
        .patch(&missing, form)
        .await
        .failure(404, "PROVIDER_NOT_FOUND");
    let missing = admin.post(&format!("{missing}/test"), json!({})).await;
    missing.failure(404, "PROVIDER_NOT_FOUND");
    world.close().await;
}

async fn a_provider_with_open_orders_stays_where_they_are(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let path = format!("{PROVIDERS}/{}", world.provider);
    let mut moved = world.provider_form();
    moved["apiUrl"] = json!("http://127.0.0.1:9/another");
    let id = world.place("accept-hang").await;
    world.until(id, "unknown").await;
    admin
        .patch(&path, moved.clone())
        .await
        .failure(409, "PROVIDER_HAS_ORDERS");
    // Nobody has the key sent somewhere without knowing it.
    let mut masked = moved.clone();
    (masked["apiKey"], masked["sameAccount"]) = (json!("********"), json!(true));
    admin.patch(&path, masked).await.failure(400, "VALIDATION_ERROR");
    // Anything else may change, the address of one account too.
    let mut renamed = world.provider_form();
    renamed["name"] = json!("Renamed panel");
    admin
        .patch(&path, renamed.clone())
        .await
        .success(200, "PROVIDER_EDITED");
    renamed["apiUrl"] = json!(format!(
        "{}/",
        world.provider_form()["apiUrl"].as_str().expect("an address")
    ));
    renamed["sameAccount"] = json!(true);
    admin.patch(&path, renamed).await.success(200, "PROVIDER_EDITED");
    admin
        .patch(&path, world.provider_form())
        .await
        .failure(409, "PROVIDER_HAS_ORDERS");
    let mut back = world.provider_form();
    back["sameAccount"] = json!(true);
    admin.patch(&path, back).await.success(200, "PROVIDER_EDITED");
    let theirs = at_the_panel(&world, id).await;
    decide(admin, id, placed_as(&theirs))
        .await
        .success(200, "ORDER_DECIDED");
    world.until(id, "completed").await;
    // What has ended is asked about no more.
    admin.patch(&path, moved).await.success(200, "PROVIDER_EDITED");
    world.close().await;
}

async fn an_archived_provider_sells_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let id = world.place("complete").await;
    let path = format!("{PROVIDERS}/{}", world.provider);
    let submitted = |order: &Value| order["order"]["providerOrderId"].is_string();
    world.until_it(id, "submitted", submitted).await;
    assert_eq!(
        admin.delete(&path).await.success(200, "PROVIDER_DELETED"),
        Value::Null
    );
    admin.delete(&path).await.failure(404, "PROVIDER_NOT_FOUND");
    let rows = admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    assert_eq!(rows, json!([]));
    let rows = admin.get(SERVICES).await.success(200, "SERVICES_FETCHED");
    assert_eq!(rows, json!([]));
    let shop = admin.get(METRICS).await;
    let overview = &shop.success(200, "DASHBOARD_METRICS_RETRIEVED")["overview"];
    assert_eq!(
        [
            &overview["totalProviders"],
            &overview["totalServices"],
            &overview["totalOrders"]
        ],
        [0, 0, 1]
    );
    let listing = world
        .customer
        .get("/api/v1/services")
        .await
        .success(200, "SERVICES_FETCHED");
    let categories = listing["services"].as_array().expect("categories");
    assert!(
        categories
            .iter()
            .all(|category| category["services"] == json!([])),
        "{listing:#}"
    );
    let form = world.order_form("1012", "complete", 100);
    let answer = world.customer.post("/api/v1/dashboard/orders", form).await;
    assert!([404, 409].contains(&answer.status), "{}", answer.text);
    let history = world.customer.get("/api/v1/dashboard/orders?currency=USD").await;
    assert_eq!(history.success(200, "ORDER_FETCHED")["orders"][0]["id"], id);
    // What it works on lives on.
    world.until(id, "completed").await;
    world.close().await;
}
