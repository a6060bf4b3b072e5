//! Rows 6 to 9: categories.

use serde_json::{Value, json};

use super::{fails, fails_in_words, succeeds};
use crate::support::{Way, World, scenarios, undated};

scenarios!(on both ways:
    categories_are_listed_with_the_fields_of_the_page,
    a_category_is_added_renamed_and_deleted,
    uncategorized_is_nobodys_to_change,
);

const CATEGORIES: &str = "/api/v1/admin/categories";

async fn listed(world: &World) -> Vec<Value> {
    let answer = world.admin.get(CATEGORIES).await;
    let rows = succeeds(
        &answer,
        200,
        "CATEGORIES_FETCHED",
        "Categories fetched successfully",
    );
    rows.as_array().expect("an array").clone()
}

async fn categories_are_listed_with_the_fields_of_the_page(way: Way) {
    let Some(world) = way.world().await else { return };
    for row in listed(&world).await {
        let expected = json!({
            "id": row["id"], "name": row["name"], "userId": row["userId"], "updated_at": "DATE", "created_at": "DATE",
        });
        assert_eq!(undated(&row), expected);
        assert!(
            row["id"].is_i64() && row["name"].is_string() && row["userId"].is_string(),
            "{row}"
        );
    }
    world.close().await;
}

async fn a_category_is_added_renamed_and_deleted(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let added = admin.post(CATEGORIES, json!({ "name": "Fresh" })).await;
    let id = succeeds(&added, 201, "CATEGORY_ADDED", "Category added successfully")["id"].clone();
    assert!(id.is_i64(), "{id}");
    let again = admin.post(CATEGORIES, json!({ "name": "Fresh" })).await;
    fails(
        &again,
        409,
        "CATEGORY_EXISTS",
        "Category with this name already exists",
    );
    let path = format!("{CATEGORIES}/{id}");
    let renamed = admin.patch(&path, json!({ "name": "Fresher" })).await;
    let result = succeeds(&renamed, 200, "CATEGORY_UPDATED", "Category updated successfully");
    assert_eq!(result, Value::Null);
    assert!(
        listed(&world)
            .await
            .iter()
            .any(|row| row["id"] == id && row["name"] == "Fresher")
    );
    let deleted = admin.delete(&path).await;
    let result = succeeds(&deleted, 200, "CATEGORY_DELETED", "Category deleted successfully");
    assert_eq!(result, Value::Null);
    assert!(listed(&world).await.iter().all(|row| row["id"] != id));
    for missing in [
        path.as_str(),
        "/api/v1/admin/categories/0",
        "/api/v1/admin/categories/9223372036854775807",
    ] {
        fails(
            &admin.delete(missing).await,
            404,
            "CATEGORY_NOT_FOUND",
            "Category not found",
        );
        let renamed = admin.patch(missing, json!({ "name": "X" })).await;
        fails(&renamed, 404, "CATEGORY_NOT_FOUND", "Category not found");
    }
    for no_id in ["x", "1.5", "9223372036854775808"] {
        let answer = admin.delete(&format!("{CATEGORIES}/{no_id}")).await;
        fails_in_words(&answer, 400, "VALIDATION_ERROR");
    }
    world.close().await;
}

/// Services whose category is deleted are in it, in no list of customers, and orders of them live on.
async fn uncategorized_is_nobodys_to_change(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let placed = world.place("complete").await;
    let row = crate::sync_http::service(&world, "1012").await;
    let path = format!("{CATEGORIES}/{}", row["categoryId"]);
    let deleted = admin.delete(&path).await;
    succeeds(&deleted, 200, "CATEGORY_DELETED", "Category deleted successfully");
    let row = crate::sync_http::service(&world, "1012").await;
    assert_eq!(row["category"], "Uncategorized");
    let all = listed(&world).await;
    let uncategorized = all
        .iter()
        .find(|row| row["name"] == "Uncategorized")
        .expect("it is listed");
    let path = format!("{CATEGORIES}/{}", uncategorized["id"]);
    let reserved = "The category Uncategorized cannot be changed.";
    fails(&admin.delete(&path).await, 409, "CATEGORY_RESERVED", reserved);
    let renamed = admin.patch(&path, json!({ "name": "Mine" })).await;
    fails(&renamed, 409, "CATEGORY_RESERVED", reserved);
    let public = world.customer.get("/api/v1/services?currency=USD").await;
    let public = succeeds(&public, 200, "SERVICES_FETCHED", "Services fetched successfully");
    let names: Vec<&Value> = public["services"]
        .as_array()
        .expect("categories")
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert!(!names.contains(&&json!("Uncategorized")), "{names:?}");
    assert!(
        !public
            .to_string()
            .contains(&format!("\"id\":{},\"name\":{}", row["id"], row["name"]))
    );
    world.until(placed, "completed").await;
    world.close().await;
}
