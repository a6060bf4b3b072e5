//! What users set for themselves.

use futures::future::join;
use serde_json::{Value, json};

use crate::support::{Way, scenarios};

scenarios!(on both ways:
    settings_are_checked_kept_and_the_callers_own,
);

const SETTINGS: &str = "/api/v1/dashboard/settings";

async fn settings_are_checked_kept_and_the_callers_own(way: Way) {
    let Some(world) = way.world().await else { return };
    let read = async || {
        world
            .customer
            .get(SETTINGS)
            .await
            .success(200, "SETTINGS_FETCHED")
    };
    let edit = async |body: Value| world.customer.patch(SETTINGS, body).await;
    let unset = json!({
        "timeZone": "UTC", "language": "en", "currency": "USD",
        "notifications": { "orders": true, "balance": true, "news": false },
    });
    assert_eq!(read().await, unset);
    let form = json!({ "timeZone": "asia/kolkata", "language": "hi-in", "notifications": { "news": true } });
    let saved = edit(form).await.success(200, "SETTINGS_SAVED");
    let expected = json!({
        "timeZone": "Asia/Kolkata", "language": "hi-IN", "currency": "USD",
        "notifications": { "orders": true, "balance": true, "news": true },
    });
    assert_eq!((&saved, &read().await), (&expected, &expected));

    // Two who change different things at once both get their way.
    let changes = (
        json!({ "currency": "INR" }),
        json!({ "notifications": { "orders": false } }),
    );
    let (first, second) = join(edit(changes.0), edit(changes.1)).await;
    assert_eq!(
        (first.status, second.status),
        (200, 200),
        "{} {}",
        first.text,
        second.text
    );
    let both = read().await;
    assert_eq!(
        (&both["currency"], &both["notifications"]["orders"]),
        (&json!("INR"), &json!(false))
    );

    for (wrong, field) in [
        (json!({ "timeZone": "Mars/Olympus" }), "timeZone"),
        (json!({ "language": "english please" }), "language"),
        (json!({ "currency": "BTC" }), "currency"),
    ] {
        let refused = edit(wrong).await.failure(400, "VALIDATION_ERROR");
        assert_eq!(refused["details"]["issues"][0]["path"], json!([field]));
    }
    for wrong in [
        json!({ "role": "admin" }),
        json!({ "notifications": { "orders": "yes" } }),
    ] {
        edit(wrong).await.failure(400, "VALIDATION_ERROR");
    }
    assert_eq!(read().await, both, "a change is made whole or not at all");
    let others = world.admin.get(SETTINGS).await.success(200, "SETTINGS_FETCHED");
    assert_eq!(others, unset);
    world.close().await;
}
