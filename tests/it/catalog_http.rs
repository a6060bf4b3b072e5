//! Staff and what is sold, in the shapes that the web application reads.

use serde_json::{Value, json};

use crate::support::{Browser, Way, World, scenarios, undated};

scenarios!(on both ways:
    categories_live_and_die_as_the_page_expects,
    a_row_of_the_offer_that_is_echoed_becomes_a_service,
    an_edited_service_costs_its_new_price_at_once,
    an_archived_service_is_gone_from_every_page_and_its_orders_live_on,
    an_import_leaves_alone_what_is_there,
);

const CATEGORIES: &str = "/api/v1/admin/categories";
const PROVIDERS: &str = "/api/v1/admin/providers";
const SERVICES: &str = "/api/v1/admin/services";
const ORDERS: &str = "/api/v1/dashboard/orders";

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

async fn a_row_of_the_offer_that_is_echoed_becomes_a_service(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let likes = offered_likes(&world).await;
    let expected = json!({
        "service": "1101", "name": "Instagram Likes | Instant | 100K/hour", "type": "Default",
        "category": "Instagram Likes", "rate": "0.084", "min": "10", "max": "300000", "refill": false, "cancel": false,
        "dripfeed": true, "description": null,
    });
    assert_eq!(likes, expected);

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
    let unknown = admin.post(&format!("{SERVICES}?provider-id=999999"), likes).await;
    unknown.failure(404, "PROVIDER_NOT_FOUND");
    admin
        .post(&add, json!({ "service": "9" }))
        .await
        .failure(400, "VALIDATION_ERROR");

    let row = listed(admin, &id).await;
    let expected = json!({
        "id": id, "service": "1101", "name": "Instagram Likes | Instant | 100K/hour", "type": "Default", "rate": 0.084,
        "profit": null, "min": 10, "max": 300_000, "dripfeed": true, "refill": false, "cancel": false,
        "category": "Uncategorized", "currency": "USD", "availability": "active", "stopped": null,
        "price": "0.084", "fixedPrice": null, "sellAtLoss": false, "description": null, "averageTime": null,
        "categoryId": row["categoryId"],
        "providerId": world.provider, "userId": row["userId"], "updated_at": "DATE", "created_at": "DATE",
    });
    assert_eq!(undated(&row), expected);
    assert!(row["categoryId"].is_i64() && row["userId"].is_string());
    world.close().await;
}

/// The row of likes that the provider offers.
async fn offered_likes(world: &World) -> Value {
    let offered = world
        .admin
        .get(&format!("{PROVIDERS}/services/{}", world.provider))
        .await;
    let offered = offered.success(200, "SERVICES_FETCHED");
    let likes = offered
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["service"] == "1101");
    likes.expect("the panel offers it").clone()
}

async fn add_likes(world: &World) -> Value {
    let add = format!("{SERVICES}?provider-id={}", world.provider);
    let added = world.admin.post(&add, offered_likes(world).await).await;
    added.success(201, "SERVICE_ADDED")["id"].clone()
}

async fn listed(admin: &Browser, id: &Value) -> Value {
    let rows = admin.get(SERVICES).await.success(200, "SERVICES_FETCHED");
    let row = rows.as_array().expect("rows").iter().find(|row| row["id"] == *id);
    row.expect("the service is listed").clone()
}

async fn an_edited_service_costs_its_new_price_at_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let id = add_likes(&world).await;
    let path = format!("{SERVICES}/{id}");
    let category = listed(admin, &json!(world.service("1012"))).await["categoryId"].clone();
    let chosen = json!({ "name": "Instagram Followers", "id": category }).to_string();
    let edit = json!({ "name": "Likes", "profit": 0.016, "category": chosen });
    let edited = admin.patch(&path, edit).await;
    assert_eq!(edited.json()["message"], "Service added successfully");
    assert_eq!(edited.success(201, "SERVICE_ADDED"), Value::Null);
    let row = listed(admin, &id).await;
    assert_eq!((&row["name"], &row["profit"]), (&json!("Likes"), &json!(0.016)));
    assert_eq!(
        (&row["category"], &row["categoryId"]),
        (&json!("Instagram Followers"), &category)
    );
    // The form's default is the plain name.
    let edit = json!({ "name": "Likes", "profit": 0.016, "category": "Instagram Followers" });
    admin
        .patch(&path, edit.clone())
        .await
        .success(201, "SERVICE_ADDED");
    for (field, value, status, name) in [
        ("profit", json!(-0.1), 400, "VALIDATION_ERROR"),
        ("profit", json!("much"), 400, "VALIDATION_ERROR"),
        ("name", json!(""), 400, "VALIDATION_ERROR"),
        ("category", json!(""), 400, "VALIDATION_ERROR"),
        ("category", json!("No such category"), 404, "CATEGORY_NOT_FOUND"),
    ] {
        let mut wrong = edit.clone();
        wrong[field] = value;
        admin.patch(&path, wrong).await.failure(status, name);
    }

    // 1000 at 0.084 + 0.016, and a quantity that is sent as text.
    let order = order_of(&world, &id, &json!("1000"));
    let placed = world
        .customer
        .post(ORDERS, order)
        .await
        .success(201, "ORDER_CREATED");
    assert_eq!(placed["order"]["price"], "0.10");
    world
        .until(placed["order"]["id"].as_i64().expect("an id"), "completed")
        .await;
    world.close().await;
}

fn order_of(world: &World, service: &Value, quantity: &Value) -> Value {
    json!({
        "category": "x", "service": service.to_string(), "link": world.link("complete"), "quantity": quantity,
    })
}

async fn an_archived_service_is_gone_from_every_page_and_its_orders_live_on(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let id = add_likes(&world).await;
    let path = format!("{SERVICES}/{id}");
    let placed = world
        .customer
        .post(ORDERS, order_of(&world, &id, &json!(100)))
        .await;
    let placed = placed.success(201, "ORDER_CREATED")["order"]["id"]
        .as_i64()
        .expect("an id");

    assert_eq!(
        admin.delete(&path).await.success(200, "SERVICES_DELETED"),
        Value::Null
    );
    admin.delete(&path).await.failure(404, "SERVICE_NOT_FOUND");
    let edit = json!({ "name": "Likes", "profit": 0, "category": "Instagram Followers" });
    admin.patch(&path, edit).await.failure(404, "SERVICE_NOT_FOUND");
    let rows = admin.get(SERVICES).await.success(200, "SERVICES_FETCHED");
    assert!(rows.as_array().expect("rows").iter().all(|row| row["id"] != id));
    let listing = world
        .customer
        .get("/api/v1/services")
        .await
        .success(200, "SERVICES_FETCHED");
    assert!(!listing.to_string().contains("Instagram Likes | Instant"));
    let refused = world
        .customer
        .post(ORDERS, order_of(&world, &id, &json!(100)))
        .await;
    assert!([404, 409].contains(&refused.status), "{}", refused.text);
    world.until(placed, "completed").await;
    world.close().await;
}

async fn an_import_leaves_alone_what_is_there(way: Way) {
    let Some(world) = way.world().await else { return };
    let import = format!("{PROVIDERS}/{}/import", world.provider);
    let before = listed(&world.admin, &json!(world.service("1012"))).await;
    let again = json!({ "services": ["1012", "77", "1101"], "profitFixed": "0.5", "category": "Fresh" });
    let report = world
        .admin
        .post(&import, again)
        .await
        .success(200, "SERVICES_IMPORTED");
    assert_eq!(report["added"], 1);
    let rows = report["rows"].as_array().expect("rows").iter();
    let outcomes: Vec<(&Value, &Value)> = rows.map(|row| (&row["service"], &row["outcome"])).collect();
    let expected = [
        (&json!("1012"), &json!("already_there")),
        (&json!("1101"), &json!("added")),
        (&json!("77"), &json!("not_offered")),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(listed(&world.admin, &json!(world.service("1012"))).await, before);
    let added = listed(&world.admin, &report["rows"][1]["id"]).await;
    assert_eq!(
        (&added["profit"], &added["category"]),
        (&json!(0.5), &json!("Fresh"))
    );

    for wrong in [
        json!({ "category": "One", "categories": { "Two": "Two" } }),
        json!({ "profitFixed": "-1" }),
        json!({ "roundTo": "0,5" }),
        json!({ "profitPercent": "-1" }),
        json!({ "services": [] }),
        json!({ "profit": "1" }),
    ] {
        world
            .admin
            .post(&import, wrong)
            .await
            .failure(400, "VALIDATION_ERROR");
    }
    let missing = world
        .admin
        .post(&format!("{PROVIDERS}/999999/import"), json!({}))
        .await;
    missing.failure(404, "PROVIDER_NOT_FOUND");
    world.close().await;
}
