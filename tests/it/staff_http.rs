//! Staff arrange the shop, and nobody else does. The shapes are those that the web application reads.

use domain::identity::Role;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Browser, PANEL_KEY, Way, money, scenarios};

scenarios!(on both ways:
    every_route_is_closed_to_whoever_it_is_not_for,
    categories_live_and_die_as_the_page_expects,
    providers_live_and_die_as_the_page_expects,
    services_live_and_die_as_the_page_expects,
    customers_see_the_shapes_that_their_pages_read,
    a_credit_with_a_key_is_made_once,
    orders_are_paged_and_filtered,
);

const CATEGORIES: &str = "/api/v1/admin/categories";
const PROVIDERS: &str = "/api/v1/admin/providers";
const SERVICES: &str = "/api/v1/admin/services";
const ORDERS: &str = "/api/v1/dashboard/orders";

/// The value with every date replaced by a word, after a look at its form.
fn undated(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), undated(value)))
            .collect(),
        Value::Array(items) => items.iter().map(undated).collect(),
        Value::String(text) if is_date(text) => json!("DATE"),
        other => other.clone(),
    }
}

fn is_date(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00T00:00:00.000Z"
}

async fn every_route_is_closed_to_whoever_it_is_not_for(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let document = nobody.get("/api/openapi.json").await.json();
    let mut walked = (0, 0);
    for (template, item) in document["paths"].as_object().expect("paths") {
        let path = template.replace("{id}", "1");
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_none() {
                continue;
            }
            let method: Method = method.to_uppercase().parse().expect("a method");
            let send = async |browser: &Browser| {
                let complete = |request: reqwest::RequestBuilder| match method {
                    Method::GET | Method::DELETE => request,
                    _ => request.json(&json!({})),
                };
                browser.send(method.clone(), &path, complete).await
            };
            if path.starts_with("/api/v1/admin") {
                for (browser, received) in [(&nobody, "unauthenticated"), (&world.customer, "user")] {
                    let refused = send(browser).await.failure(401, "Validation Error");
                    assert_eq!(
                        refused["details"]["requiredPermission"], "admin",
                        "{method} {path}"
                    );
                    assert_eq!(
                        refused["details"]["receivedPermission"], received,
                        "{method} {path}"
                    );
                }
                walked.0 += 1;
            } else if path.starts_with("/api/v1/dashboard") {
                let refused = send(&nobody).await.failure(401, "Validation Error");
                assert_eq!(
                    refused["details"]["requiredPermission"], "user",
                    "{method} {path}"
                );
                walked.1 += 1;
            }
        }
    }
    assert!(walked.0 >= 25 && walked.1 >= 6, "{walked:?}");
    let providers = world.admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    assert_eq!(
        providers.as_array().map(Vec::len),
        Some(1),
        "nothing has happened"
    );
    assert_eq!(world.wallet().await, (100_000_000, 0));
    world.close().await;
}

async fn categories_live_and_die_as_the_page_expects(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let id = admin.post(CATEGORIES, json!({ "name": " TikTok " })).await;
    let id = id.success(201, "CATEGORY_ADDED")["id"].as_i64().expect("an id");
    let taken = admin
        .post(CATEGORIES, json!({ "name": "TikTok" }))
        .await
        .failure(409, "CATEGORY_EXISTS");
    assert_eq!(taken["message"], "Category with this name already exists");
    admin
        .post(CATEGORIES, json!({ "name": "" }))
        .await
        .failure(400, "VALIDATION_ERROR");
    admin
        .post(CATEGORIES, json!({ "name": "  " }))
        .await
        .failure(400, "VALIDATION_ERROR");
    admin
        .post(CATEGORIES, json!({}))
        .await
        .failure(400, "VALIDATION_ERROR");
    admin
        .post(CATEGORIES, json!({ "name": 7 }))
        .await
        .failure(400, "VALIDATION_ERROR");

    let listed = admin.get(CATEGORIES).await.success(200, "CATEGORIES_FETCHED");
    let row = listed
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["id"] == id)
        .expect("the row");
    let user = row["userId"].as_str().expect("who added it");
    assert_eq!(user.len(), 32);
    let expected = json!({
        "id": id, "name": "TikTok", "userId": user, "created_at": "DATE", "updated_at": "DATE",
    });
    assert_eq!(undated(row), expected);

    let path = format!("{CATEGORIES}/{id}");
    let renamed = admin.patch(&path, json!({ "name": "TikTok Likes" })).await;
    assert_eq!(renamed.success(200, "CATEGORY_UPDATED"), Value::Null);
    let taken = json!({ "name": "Instagram Followers" });
    admin.patch(&path, taken).await.failure(409, "CATEGORY_EXISTS");
    let missing = format!("{CATEGORIES}/999999");
    admin
        .patch(&missing, json!({ "name": "X" }))
        .await
        .failure(404, "CATEGORY_NOT_FOUND");
    admin.delete(&missing).await.failure(404, "CATEGORY_NOT_FOUND");
    assert_eq!(
        admin.delete(&path).await.success(200, "CATEGORY_DELETED"),
        Value::Null
    );
    admin.delete(&path).await.failure(404, "CATEGORY_NOT_FOUND");
    let not_a_number = admin.delete(&format!("{CATEGORIES}/seven")).await;
    not_a_number.failure(400, "VALIDATION_ERROR");
    // An archived name is free again.
    admin
        .post(CATEGORIES, json!({ "name": "TikTok Likes" }))
        .await
        .success(201, "CATEGORY_ADDED");
    world.close().await;
}

async fn providers_live_and_die_as_the_page_expects(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let id = world.provider;
    let path = format!("{PROVIDERS}/{id}");
    let key = format!("{PROVIDERS}/key/{id}");
    let row = admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED")[0].clone();
    let expected = json!({
        "id": id, "name": "Simulated panel", "apiUrl": world.panel.url(), "availability": "active", "lookup": "none",
        "requestsPerSecond": 200, "exposureCap": "500.00", "balance": null, "created_at": "DATE", "updated_at": "DATE",
    });
    assert_eq!(undated(&row), expected);
    let revealed = admin.get(&key).await.success(200, "PROVIDER_KEY_FETCHED");
    let expected = json!({
        "id": id, "name": "Simulated panel", "apiUrl": world.panel.url(), "apiKey": PANEL_KEY,
    });
    assert_eq!(revealed, expected);
    admin
        .get(&format!("{PROVIDERS}/key/999999"))
        .await
        .failure(404, "PROVIDER_NOT_FOUND");

    let mut form = world.provider_form();
    admin
        .post(PROVIDERS, form.clone())
        .await
        .failure(409, "PROVIDER_EXISTS");
    for (field, value) in [
        ("name", json!("x")),
        ("apiUrl", json!("")),
        ("apiKey", json!("short")),
        ("apiKey", json!("")),
        ("requestsPerSecond", json!(0)),
        ("exposureCap", json!("-1")),
        ("lookup", json!("magic")),
    ] {
        let mut wrong = form.clone();
        wrong["name"] = json!("Another panel");
        wrong[field] = value.clone();
        let answer = admin.post(PROVIDERS, wrong).await;
        assert_eq!(answer.status, 400, "{field} = {value}: {}", answer.text);
        answer.failure(400, "VALIDATION_ERROR");
    }
    for address in ["ftp://panel.example/", "no address", "javascript:alert(1)"] {
        let mut wrong = form.clone();
        (wrong["name"], wrong["apiUrl"]) = (json!("Another panel"), json!(address));
        admin
            .post(PROVIDERS, wrong)
            .await
            .failure(400, "PROVIDER_ADDRESS_REFUSED");
    }

    let tested = admin
        .post(&format!("{path}/test"), json!({}))
        .await
        .success(200, "PROVIDER_CONNECTED");
    assert_eq!(
        (&tested["balance"], &tested["currency"]),
        (&json!("1000.00"), &json!("USD"))
    );
    let balance = admin
        .get(&format!("{path}/balance"))
        .await
        .success(200, "PROVIDER_BALANCE");
    assert_eq!(
        undated(&balance),
        json!({ "balance": "1000.00", "currency": "USD", "askedAt": "DATE" })
    );

    // A masked key leaves the key as it is; another one is used from then on.
    (form["name"], form["apiKey"]) = (json!("Renamed panel"), json!("********"));
    assert_eq!(
        admin
            .patch(&path, form.clone())
            .await
            .success(200, "PROVIDER_EDITED"),
        Value::Null
    );
    assert_eq!(
        admin.get(&key).await.success(200, "PROVIDER_KEY_FETCHED")["apiKey"],
        PANEL_KEY
    );
    form["apiKey"] = json!("another-key-of-ours");
    admin
        .patch(&path, form.clone())
        .await
        .success(200, "PROVIDER_EDITED");
    let refused = admin
        .post(&format!("{path}/test"), json!({}))
        .await
        .failure(502, "PROVIDER_ERROR");
    assert!(!refused.to_string().contains("another-key-of-ours"), "{refused}");
    admin
        .get(&format!("{PROVIDERS}/services/{id}"))
        .await
        .failure(502, "PROVIDER_ERROR");
    let missing = format!("{PROVIDERS}/999999");
    admin
        .patch(&missing, form)
        .await
        .failure(404, "PROVIDER_NOT_FOUND");
    admin
        .post(&format!("{missing}/test"), json!({}))
        .await
        .failure(404, "PROVIDER_NOT_FOUND");

    assert_eq!(
        admin.delete(&path).await.success(200, "PROVIDER_DELETED"),
        Value::Null
    );
    admin.delete(&path).await.failure(404, "PROVIDER_NOT_FOUND");
    assert_eq!(
        admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED"),
        json!([])
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
    let answer = world.customer.post(ORDERS, form).await;
    assert!([404, 409].contains(&answer.status), "{}", answer.text);
    world.close().await;
}

async fn services_live_and_die_as_the_page_expects(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let offered = admin
        .get(&format!("{PROVIDERS}/services/{}", world.provider))
        .await;
    let offered = offered.success(200, "SERVICES_FETCHED");
    let likes = offered
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["service"] == "1101");
    let likes = likes.expect("the panel offers it").clone();
    let expected = json!({
        "service": "1101", "name": "Instagram Likes | Instant | 100K/hour", "type": "Default",
        "category": "Instagram Likes", "rate": "0.084", "min": "10", "max": "300000", "refill": false, "cancel": false,
        "dripfeed": true, "description": null,
    });
    assert_eq!(likes, expected);

    // The page echoes a row.
    let add = format!("{SERVICES}?provider-id={}", world.provider);
    let id = admin
        .post(&add, likes.clone())
        .await
        .success(201, "SERVICE_ADDED")["id"]
        .clone();
    let again = admin
        .post(&add, likes.clone())
        .await
        .failure(409, "SERVICE_ALREADY_EXIST");
    assert_eq!(again["message"], "Service already exist");
    let unselected = admin
        .post(&format!("{SERVICES}?provider-id=null"), likes.clone())
        .await;
    unselected.failure(400, "PROVIDER_ID_REQUIRED");
    admin
        .post(SERVICES, likes.clone())
        .await
        .failure(400, "PROVIDER_ID_REQUIRED");
    let unknown = admin
        .post(&format!("{SERVICES}?provider-id=999999"), likes.clone())
        .await;
    unknown.failure(404, "PROVIDER_NOT_FOUND");
    admin
        .post(&add, json!({ "service": "9" }))
        .await
        .failure(400, "VALIDATION_ERROR");
    let row = listed(admin, &id).await;
    let expected = json!({
        "id": id, "service": "1101", "name": "Instagram Likes | Instant | 100K/hour", "type": "Default", "rate": 0.084,
        "profit": null, "min": 10, "max": 300_000, "dripfeed": true, "refill": false, "cancel": false,
        "category": "Uncategorized", "currency": "USD", "availability": "active", "categoryId": row["categoryId"],
        "providerId": world.provider, "userId": row["userId"], "updated_at": "DATE", "created_at": "DATE",
    });
    assert_eq!(undated(&row), expected);

    let path = format!("{SERVICES}/{id}");
    let category = listed(admin, &json!(world.service("1012"))).await["categoryId"].clone();
    let chosen = json!({ "name": "Instagram Followers", "id": category }).to_string();
    let edit = json!({ "name": "Likes", "profit": 0.016, "category": chosen });
    assert_eq!(
        admin.patch(&path, edit).await.success(201, "SERVICE_ADDED"),
        Value::Null
    );
    let row = listed(admin, &id).await;
    assert_eq!((&row["name"], &row["profit"]), (&json!("Likes"), &json!(0.016)));
    assert_eq!(
        (&row["category"], &row["categoryId"]),
        (&json!("Instagram Followers"), &category)
    );
    // The form's default is the plain name.
    let edit = json!({ "name": "Likes", "profit": 0.016, "category": "Instagram Followers" });
    admin.patch(&path, edit).await.success(201, "SERVICE_ADDED");
    for (field, value, status, name) in [
        ("profit", json!(-0.1), 400, "VALIDATION_ERROR"),
        ("profit", json!("much"), 400, "VALIDATION_ERROR"),
        ("name", json!(""), 400, "VALIDATION_ERROR"),
        ("category", json!(""), 400, "VALIDATION_ERROR"),
        ("category", json!("No such category"), 404, "CATEGORY_NOT_FOUND"),
    ] {
        let mut wrong = json!({ "name": "Likes", "profit": 0.016, "category": "Instagram Followers" });
        wrong[field] = value.clone();
        admin.patch(&path, wrong).await.failure(status, name);
    }

    // Customers pay the new price at once: 1000 at 0.084 + 0.016.
    let order = json!({
        "category": "x", "service": id.to_string(), "link": world.link("complete"), "quantity": "1000",
    });
    let placed = world
        .customer
        .post(ORDERS, order)
        .await
        .success(201, "ORDER_CREATED");
    assert_eq!(placed["order"]["price"], "0.10");
    assert_eq!(
        admin.delete(&path).await.success(200, "SERVICES_DELETED"),
        Value::Null
    );
    admin.delete(&path).await.failure(404, "SERVICE_NOT_FOUND");
    let edit = json!({ "name": "Likes", "profit": 0, "category": "Instagram Followers" });
    admin.patch(&path, edit).await.failure(404, "SERVICE_NOT_FOUND");
    let rows = admin.get(SERVICES).await.success(200, "SERVICES_FETCHED");
    assert!(rows.as_array().expect("rows").iter().all(|row| row["id"] != id));
    // Its order lives on.
    world
        .until(placed["order"]["id"].as_i64().expect("an id"), "completed")
        .await;

    let import = format!("{PROVIDERS}/{}/import", world.provider);
    let again = admin.post(&import, json!({ "services": ["1012", "77"] })).await;
    let again = again.success(200, "SERVICES_IMPORTED");
    assert_eq!(again["added"], 0);
    let outcomes: Vec<&Value> = again["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|it| &it["outcome"])
        .collect();
    assert_eq!(outcomes, ["already_there", "not_offered"]);
    let both = json!({ "profitPercent": "1", "profitFixed": "1" });
    admin.post(&import, both).await.failure(400, "VALIDATION_ERROR");
    world.close().await;
}

async fn listed(admin: &Browser, id: &Value) -> Value {
    let rows = admin.get(SERVICES).await.success(200, "SERVICES_FETCHED");
    let row = rows.as_array().expect("rows").iter().find(|row| row["id"] == *id);
    row.expect("the service is listed").clone()
}

async fn customers_see_the_shapes_that_their_pages_read(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    for currency in ["INR", "USD", "", "nonsense"] {
        let path = format!("/api/v1/services?currency={currency}");
        let listing = nobody.get(&path).await.success(200, "SERVICES_FETCHED");
        assert_eq!(listing["currency"], "USD", "the page formats with what we say");
    }
    let listing = nobody
        .get("/api/v1/services")
        .await
        .success(200, "SERVICES_FETCHED");
    let categories = listing["services"].as_array().expect("categories");
    assert!(
        categories
            .iter()
            .all(|category| category["name"] != "Uncategorized")
    );
    let followers = categories
        .iter()
        .find(|it| it["name"] == "Instagram Followers")
        .expect("a category");
    assert!(followers["id"].is_i64());
    let id = world.service("1012");
    let row = followers["services"]
        .as_array()
        .expect("services")
        .iter()
        .find(|it| it["id"] == id);
    let expected = json!({
        "id": id, "name": "Instagram Followers | Mixed quality | 50K/day", "type": "Default", "price": "1.17",
        "min": 50, "max": 100_000, "dripfeed": true, "refill": false, "cancel": true, "description": null,
    });
    assert_eq!(row, Some(&expected));
    assert!(
        !listing.to_string().contains("rate"),
        "customers do not see what we pay"
    );

    let wallet = world.customer.get("/api/v1/dashboard/wallet?currency=INR").await;
    let expected = json!({ "balance": "100.00", "held": "0.00", "status": "active", "currency": "USD" });
    assert_eq!(wallet.success(200, "USER_BALANCE"), expected);

    let form = world.order_form("1012", "partial:50", 1_000);
    let answer = world.customer.post(ORDERS, form.clone()).await;
    assert_eq!(
        answer.json()["message"],
        "Order created successfully and price deducted from wallet"
    );
    let placed = answer.success(201, "ORDER_CREATED")["order"].clone();
    let expected = json!({
        "id": placed["id"], "serviceId": id, "serviceName": "Instagram Followers | Mixed quality | 50K/day",
        "link": form["link"], "quantity": 1_000, "price": "1.17", "currency": "USD", "status": "Pending",
        "created_at": "DATE",
    });
    assert_eq!(undated(&placed), expected);
    world
        .until(placed["id"].as_i64().expect("an id"), "partial")
        .await;
    let orders = world
        .customer
        .get(&format!("{ORDERS}?currency=INR"))
        .await
        .success(200, "ORDER_FETCHED");
    let order = orders["orders"][0].clone();
    let expected = json!({
        "orders": [{
            "id": placed["id"], "serviceId": id, "serviceName": "Instagram Followers | Mixed quality | 50K/day",
            "link": form["link"], "quantity": 1_000, "price": 1.17, "refunded": "0.585", "status": "Partial",
            "refill": false, "startCount": order["startCount"], "remains": 500, "cancelRequestedAt": null,
            "created_at": "DATE", "updated_at": "DATE",
        }],
        "currency": "USD", "nextCursor": null,
    });
    assert_eq!(undated(&orders), expected);
    world.close().await;
}

async fn a_credit_with_a_key_is_made_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = format!("/api/v1/admin/users/{}/wallet/credit", world.user.id);
    let credit = async |path: &str, amount: Value, reason: &str| {
        let form = json!({ "amount": amount, "reason": reason });
        let complete =
            |request: reqwest::RequestBuilder| request.header("Idempotency-Key", "transfer-4711").json(&form);
        world.admin.send(Method::POST, path, complete).await
    };
    let racers = (0..6).map(|_| credit(&path, json!("0.000001"), "Bank transfer 4711"));
    let answers = join_all(racers).await;
    let bodies: Vec<Value> = answers
        .iter()
        .map(|it| it.success(201, "WALLET_CREDITED"))
        .collect();
    assert_eq!(
        bodies.iter().filter(|body| body["replayed"] == false).count(),
        1,
        "{bodies:#?}"
    );
    assert_eq!(world.wallet().await, (100_000_001, 0));
    let other = credit(&path, json!("2"), "Bank transfer 4711").await;
    other.failure(422, "IDEMPOTENCY_KEY_REUSED");

    let nobody = "/api/v1/admin/users/nobody/wallet/credit";
    credit(nobody, json!(1), "Bank transfer")
        .await
        .failure(404, "USER_NOT_FOUND");
    for amount in [
        json!(0),
        json!(-5),
        json!("0.0000001"),
        json!("1e3"),
        json!("1_0"),
        json!(null),
        json!(""),
    ] {
        let form = json!({ "amount": amount, "reason": "Bank transfer" });
        world
            .admin
            .post(&path, form)
            .await
            .failure(400, "VALIDATION_ERROR");
    }
    let reasonless = json!({ "amount": "1", "reason": "" });
    world
        .admin
        .post(&path, reasonless)
        .await
        .failure(400, "VALIDATION_ERROR");
    assert_eq!(world.wallet().await, (100_000_001, 0));

    let entries = world.customer.get("/api/v1/dashboard/wallet/transactions").await;
    let entries = entries.success(200, "TRANSACTIONS_FETCHED")["transactions"].clone();
    assert_eq!(entries.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&entries[0]["amount"], &entries[0]["note"]),
        (&json!("0.000001"), &json!("Bank transfer 4711"))
    );
    assert_eq!(money(&entries[1]["amount"]), 100_000_000);
    world.close().await;
}

async fn orders_are_paged_and_filtered(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ids = Vec::new();
    for number in 0..5 {
        let script = if number % 2 == 0 { "complete" } else { "cancel" };
        ids.push(world.place_of("1012", script, 100).await);
    }
    for (number, id) in ids.iter().enumerate() {
        world
            .until(*id, if number % 2 == 0 { "completed" } else { "canceled" })
            .await;
    }
    ids.reverse();
    let list = async |browser: &Browser, path: String, name: &str| {
        let page = browser.get(&path).await.success(200, name);
        let orders = page["orders"].as_array().expect("orders").iter();
        let ids: Vec<i64> = orders.filter_map(|order| order["id"].as_i64()).collect();
        (ids, page["nextCursor"].as_str().map(str::to_owned))
    };
    for (browser, base, name) in [
        (&world.customer, ORDERS, "ORDER_FETCHED"),
        (&world.admin, "/api/v1/admin/orders", "ORDERS_FETCHED"),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let after = cursor
                .map(|cursor| format!("&cursor={cursor}"))
                .unwrap_or_default();
            let (page, next) = list(browser, format!("{base}?limit=2{after}"), name).await;
            assert!(page.len() <= 2);
            seen.extend(page);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids, "every order once, the newest first");
        let (canceled, _) = list(browser, format!("{base}?status=Canceled"), name).await;
        assert_eq!(canceled, [ids[1], ids[3]]);
        let (found, _) = list(browser, format!("{base}?search=CANCEL"), name).await;
        assert_eq!(found, [ids[1], ids[3]]);
        for wrong in ["limit=0", "limit=101", "limit=x", "status=Lost"] {
            browser
                .get(&format!("{base}?{wrong}"))
                .await
                .failure(400, "VALIDATION_ERROR");
        }
        browser
            .get(&format!("{base}?cursor=nonsense"))
            .await
            .failure(400, "INVALID_CURSOR");
    }
    let staff = "/api/v1/admin/orders";
    let (completed, _) = list(&world.admin, format!("{staff}?state=completed"), "ORDERS_FETCHED").await;
    assert_eq!(completed, [ids[0], ids[2], ids[4]]);
    let (_, other) = world.join("other", Role::Admin).await;
    let theirs = format!("{staff}?userId={}", world.user.id);
    assert_eq!(list(&other, theirs, "ORDERS_FETCHED").await.0, ids);
    let nobodys = list(&other, format!("{staff}?userId=nobody"), "ORDERS_FETCHED").await;
    assert_eq!(nobodys, (Vec::new(), None));
    world.close().await;
}
