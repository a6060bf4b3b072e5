//! The web application's page of keys: rows 21 to 24 of what its pages ask.

use domain::identity::Role;
use serde_json::{Value, json};

use super::Script;
use crate::support::{Way, scenarios, undated};

scenarios!(on both ways:
    the_page_makes_lists_renames_and_deletes_keys,
    the_page_is_refused_what_is_not_the_callers,
    whoever_acts_as_a_customer_sees_no_key_and_is_given_none,
);

const PAGES: [&str; 3] = ["/v2/api-key", "/api/v2/api-key", "/api/v1/api-key"];

async fn the_page_makes_lists_renames_and_deletes_keys(way: Way) {
    let Some(world) = way.world().await else { return };
    let customer = &world.customer;
    for page in PAGES {
        assert_eq!(
            customer.get(page).await.success(200, "API_KEYS_FETCHED"),
            json!([])
        );
        let made = customer.post(page, json!({ "name": " Prod key " })).await;
        assert_eq!(
            made.json(),
            json!({ "success": true, "name": "API_KEY_CREATED", "message": "API key created successfully", "result": null })
        );
        assert_eq!(made.status, 201);
        let listed = customer.get(page).await;
        assert_eq!(listed.json()["message"], "API keys fetched successfully");
        let listed = listed.success(200, "API_KEYS_FETCHED");
        let key = &listed[0];
        let (id, secret) = (
            key["id"].as_str().expect("an id"),
            key["key"].as_str().expect("a key"),
        );
        let start = key["start"].as_str().expect("a beginning");
        assert!(
            secret.starts_with(start) && secret.len() > start.len() + 40,
            "{start}"
        );
        assert!(start.starts_with("smm_guru_live_"));
        let expected = json!([{
            "id": id, "name": "Prod key", "start": start, "prefix": "smm_guru_live_", "key": secret,
            "userId": world.user.id.as_str(), "refillInterval": null, "refillAmount": null, "lastRefillAt": null,
            "enabled": true, "rateLimitEnabled": true, "rateLimitTimeWindow": 60_000, "rateLimitMax": 600,
            "requestCount": 0, "remaining": null, "lastRequest": null, "expiresAt": null, "createdAt": "DATE",
            "updatedAt": "DATE", "permissions": null, "metadata": null,
        }]);
        assert_eq!(undated(&listed), expected);
        let script = Script {
            browser: customer.stranger(),
            key: secret.to_owned(),
            id: id.to_owned(),
        };
        assert_eq!(script.told("balance", &[]).await["balance"], "100.00");
        crate::support::eventually(
            || "the use of the key".to_owned(),
            async || {
                let listed = customer.get(page).await.success(200, "API_KEYS_FETCHED");
                let used = listed[0]["lastRequest"].is_string() && listed[0]["requestCount"] == 1;
                used.then_some(())
            },
        )
        .await;
        let renamed = customer.patch(page, json!({ "id": id, "name": "Other" })).await;
        assert_eq!(renamed.json()["message"], "API key updated successfully");
        assert_eq!(renamed.success(200, "API_KEY_UPDATED"), Value::Null);
        let listed = customer.get(page).await.success(200, "API_KEYS_FETCHED");
        assert_eq!(
            (&listed[0]["name"], &listed[0]["key"]),
            (&json!("Other"), &json!(secret))
        );
        let deleted = customer.delete(&format!("{page}/{id}")).await;
        assert_eq!(deleted.json()["message"], "API key deleted successfully");
        assert_eq!(deleted.success(200, "API_KEY_DELETED"), Value::Null);
        assert_eq!(script.refused("balance", &[]).await, "Invalid API key");
    }
    world.close().await;
}

async fn the_page_is_refused_what_is_not_the_callers(way: Way) {
    let Some(world) = way.world().await else { return };
    let customer = &world.customer;
    let script = Script::of(&world, json!({})).await;
    let (_, stranger) = world.join("stranger", Role::User).await;
    for page in PAGES {
        for name in [
            json!("x"),
            json!(""),
            json!("x".repeat(33)),
            json!(7),
            json!(null),
        ] {
            let refused = customer.post(page, json!({ "name": name })).await;
            refused.failure(400, "VALIDATION_ERROR");
            let refused = customer
                .patch(page, json!({ "id": script.id, "name": name }))
                .await;
            refused.failure(400, "VALIDATION_ERROR");
        }
        customer
            .post(page, json!({}))
            .await
            .failure(400, "VALIDATION_ERROR");
        customer
            .patch(page, json!({ "name": "No id" }))
            .await
            .failure(400, "VALIDATION_ERROR");
        for (who, id) in [(customer, "nonsense"), (&stranger, script.id.as_str())] {
            let rename = json!({ "id": id, "name": "Mine" });
            who.patch(page, rename).await.failure(404, "API_KEY_NOT_FOUND");
            who.delete(&format!("{page}/{id}"))
                .await
                .failure(404, "API_KEY_NOT_FOUND");
        }
        let nobody = customer.stranger();
        nobody.get(page).await.failure(401, "Validation Error");
        let made = nobody.post(page, json!({ "name": "Nobody's" })).await;
        made.failure(401, "Validation Error");
        let answer = nobody.delete(&format!("{page}/{}", script.id)).await;
        answer.failure(401, "Validation Error");
    }
    assert_eq!(script.told("balance", &[]).await["balance"], "100.00");
    world.close().await;
}

async fn whoever_acts_as_a_customer_sees_no_key_and_is_given_none(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let form = json!({ "userId": world.user.id.as_str() });
    let acting = world.admin.post("/api/auth/admin/impersonate-user", form).await;
    assert_eq!(acting.status, 200, "{}", acting.text);
    let mut acting_as = world.admin.stranger();
    acting_as.cookie = Some(acting.session_cookie());
    let listed = acting_as.get(PAGES[0]).await.success(200, "API_KEYS_FETCHED");
    let shown = listed[0]["key"].as_str().expect("a text");
    assert!(
        !script.key.contains(shown) && shown.starts_with("smm_guru_live_"),
        "{shown}"
    );
    acting_as
        .post(PAGES[0], json!({ "name": "Mine" }))
        .await
        .failure(403, "FORBIDDEN");
    let rotate = format!("{}/{}/rotate", super::MANAGED, script.id);
    acting_as.post(&rotate, json!({})).await.failure(403, "FORBIDDEN");
    let powers = json!({ "ordersByGet": true });
    let edit = format!("{}/{}", super::MANAGED, script.id);
    acting_as.patch(&edit, powers).await.failure(403, "FORBIDDEN");
    let switched_off = json!({ "enabled": false });
    acting_as
        .patch(&edit, switched_off)
        .await
        .failure(403, "FORBIDDEN");
    for path in [format!("{}/{}", PAGES[0], script.id), edit] {
        acting_as.delete(&path).await.failure(403, "FORBIDDEN");
    }
    world.close().await;
}
