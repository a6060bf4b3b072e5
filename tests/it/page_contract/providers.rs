//! Rows 10 to 15: providers.

use serde_json::{Value, json};

use super::{fails, fails_in_words, succeeds};
use crate::support::{PANEL_KEY, Way, scenarios};

scenarios!(on both ways:
    a_provider_is_added_edited_revealed_and_deleted,
    an_address_that_must_not_be_called_is_refused,
    the_offer_is_an_array_whose_ids_are_text,
    a_provider_without_an_offer_shows_its_error_and_not_its_key,
);

const PROVIDERS: &str = "/api/v1/admin/providers";

async fn a_provider_is_added_edited_revealed_and_deleted(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = &world.admin;
    let form = json!({ "name": " Second ", "apiUrl": format!(" {} ", world.panel.url()), "apiKey": format!(" {PANEL_KEY} ") });
    let added = admin.post(PROVIDERS, form.clone()).await;
    let id = succeeds(&added, 201, "PROVIDER_ADDED", "Provider added successfully")["id"].clone();
    assert!(id.is_i64(), "{id}");
    let rows = admin.get(PROVIDERS).await;
    let rows = succeeds(&rows, 200, "PROVIDERS_FETCHED", "Providers fetched successfully");
    let ids: Vec<&Value> = rows
        .as_array()
        .expect("an array")
        .iter()
        .map(|row| &row["id"])
        .collect();
    assert_eq!(ids, [&id, &json!(world.provider)], "newest first");
    assert_eq!(
        (&rows[0]["name"], &rows[0]["apiUrl"]),
        (&json!("Second"), &json!(world.panel.url()))
    );
    assert_eq!(rows[0].get("apiKey"), None);

    let key = format!("{PROVIDERS}/key/{id}");
    let revealed = admin.get(&key).await;
    let result = succeeds(
        &revealed,
        200,
        "PROVIDER_KEY_FETCHED",
        "Provider key fetched successfully",
    );
    let expected = json!({ "id": id, "apiKey": PANEL_KEY, "name": "Second", "apiUrl": world.panel.url() });
    assert_eq!(result, expected);
    let mut edit = form.clone();
    edit["name"] = json!("Third");
    let path = format!("{PROVIDERS}/{id}");
    let edited = admin.patch(&path, edit).await;
    let result = succeeds(&edited, 200, "PROVIDER_EDITED", "Provider edited successfully");
    assert_eq!(result, Value::Null);
    let taken = json!({ "name": "Simulated panel", "apiUrl": world.panel.url(), "apiKey": PANEL_KEY });
    let answer = admin.patch(&path, taken).await;
    fails(
        &answer,
        409,
        "PROVIDER_EXISTS",
        "Provider with this name already exists",
    );
    let deleted = admin.delete(&path).await;
    let result = succeeds(&deleted, 200, "PROVIDER_DELETED", "Provider deleted successfully");
    assert_eq!(result, Value::Null);
    let rows = admin.get(PROVIDERS).await.success(200, "PROVIDERS_FETCHED");
    assert!(rows.as_array().expect("rows").iter().all(|row| row["id"] != id));
    let gone = "Provider not found";
    fails(&admin.get(&key).await, 404, "PROVIDER_NOT_FOUND", gone);
    fails(&admin.delete(&path).await, 404, "PROVIDER_NOT_FOUND", gone);
    fails(&admin.patch(&path, form).await, 404, "PROVIDER_NOT_FOUND", gone);
    fails_in_words(
        &admin.get(&format!("{PROVIDERS}/key/x")).await,
        400,
        "VALIDATION_ERROR",
    );
    world.close().await;
}

async fn an_address_that_must_not_be_called_is_refused(way: Way) {
    let Some(world) = way.world().await else { return };
    for address in [
        "ftp://panel.example/",
        "javascript:alert(1)",
        "panel",
        "http://user:pw@panel.example/",
    ] {
        let form = json!({ "name": "Fourth", "apiUrl": address, "apiKey": PANEL_KEY });
        let answer = world.admin.post(PROVIDERS, form).await;
        assert_eq!(answer.status, 400, "{address}: {}", answer.text);
        assert!(answer.json()["message"].is_string());
    }
    world.close().await;
}

async fn the_offer_is_an_array_whose_ids_are_text(way: Way) {
    let Some(world) = way.world().await else { return };
    let offer = json!([
        { "service": 1, "name": "Numbers", "type": "Default", "category": "C", "rate": 0.9, "min": 50, "max": 10000,
          "refill": 1, "cancel": "true", "dripfeed": null },
        { "service": "2", "name": "Texts", "type": "default", "category": "C", "rate": "0.90", "min": "50",
          "max": "10000", "refill": true, "cancel": false },
    ]);
    world.panel.set_listing(Some(offer));
    let path = format!("{PROVIDERS}/services/{}", world.provider);
    let rows = world.admin.get(&path).await;
    let rows = succeeds(&rows, 200, "SERVICES_FETCHED", "Services fetched successfully");
    let row = |service: &str, name: &str, cancel: bool| {
        json!({
            "service": service, "name": name, "type": "Default", "category": "C", "rate": "0.90", "min": "50",
            "max": "10000", "refill": true, "cancel": cancel, "dripfeed": false, "description": null,
        })
    };
    assert_eq!(rows, json!([row("1", "Numbers", true), row("2", "Texts", false)]));
    world.close().await;
}

async fn a_provider_without_an_offer_shows_its_error_and_not_its_key(way: Way) {
    let Some(world) = way.world().await else { return };
    let path = format!("{PROVIDERS}/services/{}", world.provider);
    let echo = json!({ "error": format!("no services for key {PANEL_KEY}"), "key": PANEL_KEY });
    for listing in [
        echo,
        json!({ "services": "none" }),
        json!("<html>down</html>"),
        json!(null),
    ] {
        world.panel.set_listing(Some(listing.clone()));
        let answer = world.admin.get(&path).await;
        fails_in_words(&answer, 502, "PROVIDER_ERROR");
        assert!(!answer.text.contains(PANEL_KEY), "{listing}");
    }
    let missing = world.admin.get(&format!("{PROVIDERS}/services/999999")).await;
    fails(&missing, 404, "PROVIDER_NOT_FOUND", "Provider not found");
    world.close().await;
}
