//! Row 1 and rows 16 to 19: services.

use serde_json::{Value, json};

use super::{fails, fails_in_words, names_the_field, succeeds};
use crate::support::{Way, World, scenarios, undated};
use crate::sync_http::{list, service};

scenarios!(on both ways:
    the_public_list_has_the_fields_and_types_of_the_page,
    a_row_is_taken_as_it_was_offered_whatever_its_types,
    a_row_that_cannot_be_kept_is_refused,
    a_service_is_edited_with_both_forms_of_a_category,
    an_archived_service_vanishes_and_stays_in_the_history_of_its_orders,
);

const SERVICES: &str = "/api/v1/admin/services";

async fn the_public_list_has_the_fields_and_types_of_the_page(way: Way) {
    let Some(world) = way.world().await else { return };
    let answer = world.customer.get("/api/v1/services?currency=USD").await;
    let result = succeeds(&answer, 200, "SERVICES_FETCHED", "Services fetched successfully");
    let fields: Vec<&String> = result.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["currency", "services"]);
    assert_eq!(result["currency"], "USD");
    let row = service(&world, "1012").await;
    let category = result["services"]
        .as_array()
        .expect("categories")
        .iter()
        .find(|category| category["id"] == row["categoryId"])
        .expect("its category is listed");
    assert_eq!(category["name"], row["category"]);
    let listed = category["services"].as_array().expect("services");
    let listed = listed
        .iter()
        .find(|it| it["id"] == row["id"])
        .expect("it is listed");
    let expected = json!({
        "id": row["id"], "name": row["name"], "type": "Default", "price": row["price"], "min": row["min"],
        "max": row["max"], "dripfeed": row["dripfeed"], "refill": row["refill"], "cancel": row["cancel"],
        "description": null, "averageTime": null,
    });
    assert_eq!(listed, &expected);
    for number in ["id", "min", "max"] {
        assert!(listed[number].is_u64(), "{number}");
    }
    for flag in ["dripfeed", "refill", "cancel"] {
        assert!(listed[flag].is_boolean(), "{flag}");
    }
    let price: f64 = listed["price"].as_str().expect("text").parse().expect("a number");
    let sum = row["rate"].as_f64().expect("a number") + row["profit"].as_f64().expect("a number");
    assert!((price - sum).abs() < 1e-9, "{price} {sum}");
    world.close().await;
}

async fn add(world: &World, body: Value) -> crate::support::Answer {
    let path = format!("{SERVICES}?provider-id={}", world.provider);
    world.admin.post(&path, body).await
}

async fn a_row_is_taken_as_it_was_offered_whatever_its_types(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut echoed = offered_likes(&world).await;
    echoed["extra"] = json!({ "of": ["the", "page"] });
    let added = add(&world, echoed.clone()).await;
    succeeds(&added, 201, "SERVICE_ADDED", "Service added successfully");
    fails(
        &add(&world, echoed.clone()).await,
        409,
        "SERVICE_ALREADY_EXIST",
        "Service already exist",
    );
    for (service, rate, min, max) in [
        (json!(7001), json!(0.9), json!(50), json!(10_000)),
        (json!("7002"), json!("0.90"), json!("50"), json!("10000")),
        (json!(7003), json!("0.9"), json!(50.0), json!("10000")),
    ] {
        let row = json!({ "service": service, "name": "Typed", "type": "Default", "category": "Any", "rate": rate,
            "min": min, "max": max, "refill": true, "cancel": false, "dripfeed": false });
        let added = add(&world, row).await;
        succeeds(&added, 201, "SERVICE_ADDED", "Service added successfully");
        let id = service
            .as_str()
            .map_or_else(|| service.to_string(), str::to_owned);
        let row = service_row(&world, &id).await;
        let expected = json!({
            "id": row["id"], "service": id, "name": "Typed", "type": "Default", "rate": 0.9, "profit": null,
            "min": 50, "max": 10_000, "dripfeed": false, "refill": true, "cancel": false,
            "category": "Uncategorized", "currency": "USD", "availability": "active", "stopped": null,
            "price": "0.90", "fixedPrice": null, "sellAtLoss": false, "description": null, "averageTime": null,
            "categoryId": row["categoryId"], "providerId": world.provider, "userId": row["userId"],
            "updated_at": "DATE", "created_at": "DATE",
        });
        assert_eq!(undated(&row), expected);
    }
    world.close().await;
}

async fn a_row_that_cannot_be_kept_is_refused(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut echoed = offered_likes(&world).await;
    echoed["service"] = json!("7004");
    for (field, value) in [
        ("service", json!("")),
        ("service", json!(null)),
        ("name", json!("")),
        ("rate", json!("free")),
        ("rate", json!(-1)),
        ("rate", json!("99999999999")),
        ("min", json!("many")),
        ("min", json!(1_000_000)),
        ("max", json!(-5)),
        ("max", json!(0.5)),
    ] {
        let mut wrong = echoed.clone();
        wrong[field] = value.clone();
        let answer = add(&world, wrong).await;
        assert_eq!(answer.status, 400, "{field} {value}: {}", answer.text);
        fails_in_words(&answer, 400, "VALIDATION_ERROR");
    }
    for (field, value) in [
        ("min", json!(0.5)),
        ("max", json!("10.5")),
        ("max", json!("many")),
    ] {
        let mut wrong = echoed.clone();
        wrong[field] = value;
        names_the_field(&add(&world, wrong).await, field, "must be a whole number");
    }
    for nobody in ["", "?provider-id=", "?provider-id=null", "?provider-id=x"] {
        let answer = world
            .admin
            .post(&format!("{SERVICES}{nobody}"), echoed.clone())
            .await;
        fails(&answer, 400, "PROVIDER_ID_REQUIRED", "Provider ID is required");
    }
    let missing = world
        .admin
        .post(&format!("{SERVICES}?provider-id=999999"), echoed)
        .await;
    fails(&missing, 404, "PROVIDER_NOT_FOUND", "Provider not found");
    world.close().await;
}

/// A row of the provider's offer.
async fn offered_likes(world: &World) -> Value {
    let offered = list(world).await;
    let likes = offered.iter().find(|row| row["service"] == "1101");
    likes.expect("it is offered").clone()
}

async fn service_row(world: &World, upstream: &str) -> Value {
    let answer = world.admin.get(SERVICES).await;
    let rows = succeeds(&answer, 200, "SERVICES_FETCHED", "Services fetched successfully");
    let rows = rows.as_array().expect("an array").iter();
    let row = rows
        .filter(|row| row["service"].is_string())
        .find(|row| row["service"] == upstream);
    row.expect("it is listed").clone()
}

async fn a_service_is_edited_with_both_forms_of_a_category(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let added = admin
        .post("/api/v1/admin/categories", json!({ "name": "Second" }))
        .await;
    let second = added.success(201, "CATEGORY_ADDED")["id"].clone();
    let path = format!("{SERVICES}/{}", world.service("1012"));
    let before = service_row(&world, "1012").await;
    let chosen = json!({ "name": "Second", "id": second }).to_string();
    for (category, expected) in [
        (json!(chosen), json!("Second")),
        (before["category"].clone(), before["category"].clone()),
        (json!("Second"), json!("Second")),
    ] {
        let form = json!({ "name": "Named", "profit": 0.25, "category": category });
        let edited = admin.patch(&path, form).await;
        let result = succeeds(&edited, 201, "SERVICE_ADDED", "Service added successfully");
        assert_eq!(result, Value::Null);
        let row = service_row(&world, "1012").await;
        assert_eq!(
            (&row["category"], &row["name"], &row["profit"]),
            (&expected, &json!("Named"), &json!(0.25))
        );
        assert_eq!(row["rate"], before["rate"]);
        // What the old form does not know stays as it was.
        for field in [
            "availability",
            "min",
            "max",
            "refill",
            "cancel",
            "dripfeed",
            "description",
            "averageTime",
        ] {
            assert_eq!(row[field], before[field], "{field}");
        }
    }
    let nowhere = json!({ "name": "Named", "profit": 0, "category": "{\"name\":\"X\",\"id\":999999}" });
    fails(
        &admin.patch(&path, nowhere).await,
        404,
        "CATEGORY_NOT_FOUND",
        "Category not found",
    );
    let form = json!({ "name": "Named", "profit": 0, "category": "Second" });
    let missing = admin.patch(&format!("{SERVICES}/999999"), form.clone()).await;
    fails(&missing, 404, "SERVICE_NOT_FOUND", "Service not found");
    for (field, value) in [
        ("name", json!("")),
        ("profit", json!(-0.1)),
        ("profit", json!("x")),
        ("category", json!("")),
    ] {
        let mut wrong = form.clone();
        wrong[field] = value;
        fails_in_words(&admin.patch(&path, wrong).await, 400, "VALIDATION_ERROR");
    }
    let mut huge = form;
    huge["profit"] = json!("9223372036.8");
    let huge = admin.patch(&path, huge).await;
    fails(&huge, 400, "AMOUNT_TOO_LARGE", "The price is too large.");
    world.close().await;
}

async fn an_archived_service_vanishes_and_stays_in_the_history_of_its_orders(way: Way) {
    let Some(world) = way.world().await else { return };
    let placed = world.place("complete").await;
    let (id, name) = (
        world.service("1012"),
        service_row(&world, "1012").await["name"].clone(),
    );
    let path = format!("{SERVICES}/{id}");
    let deleted = world.admin.delete(&path).await;
    let result = succeeds(&deleted, 200, "SERVICES_DELETED", "Service deleted successfully");
    assert_eq!(result, Value::Null);
    fails(
        &world.admin.delete(&path).await,
        404,
        "SERVICE_NOT_FOUND",
        "Service not found",
    );
    let rows = world.admin.get(SERVICES).await.success(200, "SERVICES_FETCHED");
    assert!(rows.as_array().expect("rows").iter().all(|row| row["id"] != id));
    let orders = world.customer.get("/api/v1/dashboard/orders?currency=USD").await;
    let orders = orders.success(200, "ORDER_FETCHED");
    assert_eq!(orders["orders"][0]["serviceName"], name);
    world.until(placed, "completed").await;
    world.close().await;
}
