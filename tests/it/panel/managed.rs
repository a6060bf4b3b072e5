//! What owners say about keys that the web application's page cannot say.

use serde_json::{Value, json};

use super::{MANAGED, Script};
use crate::support::{Way, scenarios, undated};

scenarios!(on both ways:
    a_key_is_made_shown_changed_and_deleted,
    what_no_key_can_be_is_refused,
    a_rotated_key_opens_with_two_secrets_for_a_while,
    what_was_done_with_keys_is_in_the_audit_log,
);

async fn a_key_is_made_shown_changed_and_deleted(way: Way) {
    let Some(world) = way.world().await else { return };
    let customer = &world.customer;
    let form = json!({
        "name": "Shop", "scopes": ["orders.write", "services"], "networks": ["127.0.0.0/8", "::1"],
        "expiresAt": "2099-01-01T00:00:00Z", "spendCap": { "amount": 12.5, "period": "day" }, "requestsPerMinute": 60,
        "errorWords": "codes", "ordersByGet": true,
    });
    let made = customer.post(MANAGED, form).await.success(201, "API_KEY_CREATED");
    let (key, id) = (made["key"].as_str().expect("a key"), made["apiKey"]["id"].clone());
    let start = made["apiKey"]["start"].as_str().expect("a beginning");
    assert!(key.starts_with(start));
    let expected = json!({
        "id": id, "name": "Shop", "start": start, "scopes": ["services", "orders.write"],
        "networks": ["127.0.0.0/8", "::1/128"], "expiresAt": "DATE",
        "spendCap": { "amount": "12.50", "currency": "USD", "period": "day", "spent": "0.00", "left": "12.50" },
        "requestsPerMinute": 60, "enabled": true, "errorWords": "codes", "ordersByGet": true, "uses": 0,
        "lastUsedAt": null, "createdAt": "DATE", "updatedAt": "DATE",
    });
    assert_eq!(undated(&made["apiKey"]), expected);
    let listed = customer.get(MANAGED).await;
    assert!(
        !listed.text.contains(key),
        "a list of what keys may do opens nothing"
    );
    assert_eq!(
        undated(&listed.success(200, "API_KEYS_FETCHED")["apiKeys"]),
        json!([expected])
    );
    let path = format!("{MANAGED}/{}", id.as_str().expect("an id"));
    let free = json!({
        "name": "Free", "scopes": ["balance"], "networks": [], "expiresAt": null, "spendCap": null,
        "requestsPerMinute": 6000, "errorWords": "english", "ordersByGet": false, "enabled": false,
    });
    let edited = customer.patch(&path, free).await.success(200, "API_KEY_UPDATED");
    let expected = json!({
        "id": id, "name": "Free", "start": null, "scopes": ["balance"], "networks": [], "expiresAt": null,
        "spendCap": null, "requestsPerMinute": 6000, "enabled": false, "errorWords": "english", "ordersByGet": false,
        "uses": 0, "lastUsedAt": null, "createdAt": "DATE", "updatedAt": "DATE",
    });
    assert_eq!(undated(&edited["apiKey"]), expected);
    let same = customer
        .patch(&path, json!({}))
        .await
        .success(200, "API_KEY_UPDATED");
    assert_eq!(undated(&same["apiKey"]), expected, "what is not said stays");
    customer.delete(&path).await.success(200, "API_KEY_DELETED");
    customer.delete(&path).await.failure(404, "API_KEY_NOT_FOUND");
    customer
        .patch(&path, json!({}))
        .await
        .failure(404, "API_KEY_NOT_FOUND");
    let rotated = customer.post(&format!("{path}/rotate"), json!({})).await;
    rotated.failure(404, "API_KEY_NOT_FOUND");
    world.close().await;
}

async fn what_no_key_can_be_is_refused(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let path = format!("{MANAGED}/{}", script.id);
    for (field, value) in [
        ("name", json!("x")),
        ("scopes", json!([])),
        ("scopes", json!(["everything"])),
        ("networks", json!(["somewhere"])),
        ("networks", json!(["192.0.2.1/24"])),
        ("networks", json!(["192.0.2.1", "x"])),
        ("expiresAt", json!("2020-01-01T00:00:00Z")),
        ("expiresAt", json!("tomorrow")),
        ("spendCap", json!({ "amount": "0", "period": "day" })),
        ("spendCap", json!({ "amount": "-1", "period": "day" })),
        ("spendCap", json!({ "amount": "1.0000001", "period": "day" })),
        ("spendCap", json!({ "amount": "1e3", "period": "day" })),
        ("spendCap", json!({ "amount": "9999999999999", "period": "day" })),
        ("spendCap", json!({ "amount": "1", "period": "week" })),
        ("spendCap", json!({ "amount": "1" })),
        ("requestsPerMinute", json!(0)),
        ("requestsPerMinute", json!(6001)),
        ("requestsPerMinute", json!(-1)),
        ("errorWords", json!("french")),
        ("ordersByGet", json!("yes")),
        ("surprise", json!(true)),
    ] {
        let mut form = json!({ "name": "Shop" });
        form[field] = value.clone();
        let made = world.customer.post(MANAGED, form).await;
        assert_eq!(made.status, 400, "{field} {value}: {}", made.text);
        let edited = world.customer.patch(&path, json!({ field: value })).await;
        edited.failure(400, "VALIDATION_ERROR");
    }
    let nameless = world.customer.post(MANAGED, json!({})).await;
    nameless.failure(400, "VALIDATION_ERROR");
    let disabled = json!({ "name": "Shop", "enabled": false });
    world
        .customer
        .post(MANAGED, disabled)
        .await
        .failure(400, "VALIDATION_ERROR");
    let long = json!({ "overlapSeconds": 604_801 });
    let rotated = world.customer.post(&format!("{path}/rotate"), long).await;
    rotated.failure(400, "VALIDATION_ERROR");
    script.told("balance", &[]).await;
    world.close().await;
}

async fn a_rotated_key_opens_with_two_secrets_for_a_while(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let path = format!("{MANAGED}/{}/rotate", script.id);
    let rotate = async |form: Value| {
        let answer = world.customer.post(&path, form).await;
        answer.success(200, "API_KEY_ROTATED")["key"]
            .as_str()
            .expect("a key")
            .to_owned()
    };
    let opens = async |key: &str| script.send(key, "balance", &[]).await.json()["balance"] == "100.00";
    let second = rotate(json!({})).await;
    assert!(second != script.key && opens(&second).await && opens(&script.key).await);
    // The page shows the latest.
    let listed = world
        .customer
        .get("/v2/api-key")
        .await
        .success(200, "API_KEYS_FETCHED");
    assert_eq!(listed[0]["key"], second.as_str());
    let again = world.customer.post(&path, json!({ "overlapSeconds": 60 })).await;
    again.failure(409, "API_KEY_ROTATING");
    assert!(
        opens(&second).await && opens(&script.key).await,
        "nothing changed"
    );
    let third = rotate(json!({ "overlapSeconds": 0 })).await;
    assert!(opens(&third).await);
    assert!(!opens(&second).await && !opens(&script.key).await);
    // An overlap ends by itself.
    let fourth = rotate(json!({ "overlapSeconds": 2 })).await;
    assert!(opens(&third).await && opens(&fourth).await);
    crate::support::eventually(
        || "the end of the overlap".to_owned(),
        async || (!opens(&third).await).then_some(()),
    )
    .await;
    let fifth = rotate(json!({ "overlapSeconds": 60 })).await;
    assert!(opens(&fourth).await && opens(&fifth).await);
    world.close().await;
}

async fn what_was_done_with_keys_is_in_the_audit_log(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let path = format!("{MANAGED}/{}", script.id);
    let edit = json!({ "ordersByGet": true, "name": "Renamed" });
    world
        .customer
        .patch(&path, edit)
        .await
        .success(200, "API_KEY_UPDATED");
    let rotate = format!("{path}/rotate");
    world
        .customer
        .post(&rotate, json!({}))
        .await
        .success(200, "API_KEY_ROTATED");
    world.customer.delete(&path).await.success(200, "API_KEY_DELETED");
    let lines = world.admin.get("/api/v1/admin/audit?limit=100").await;
    let lines = lines.success(200, "AUDIT_FETCHED")["lines"].clone();
    let target = format!("api_key:{}", script.id);
    let lines = lines.as_array().expect("lines");
    let done: Vec<_> = lines
        .iter()
        .filter(|line| line["target"] == target.as_str())
        .map(|line| line["action"].as_str().expect("an action"))
        .collect();
    assert_eq!(
        done,
        [
            "api_key.delete",
            "api_key.rotate",
            "api_key.edit",
            "api_key.create"
        ]
    );
    let edited = lines
        .iter()
        .find(|line| line["action"] == "api_key.edit")
        .expect("a line");
    let details = edited["details"].to_string();
    assert!(
        details.contains("orders_by_get_before") && details.contains("name_before"),
        "{details}"
    );
    assert!(!details.contains("scopes"), "only what changed: {details}");
    world.close().await;
}
