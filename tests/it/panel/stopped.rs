//! Keys that open nothing, or not this.

use std::time::Duration;

use domain::identity::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{MANAGED, Script};
use crate::support::{Browser, Way, World, eventually, scenarios};

scenarios!(on both ways:
    a_key_opens_only_what_it_is_for,
    a_key_opens_nothing_when_it_is_disabled_expired_or_shown_elsewhere,
    whatever_happens_to_the_account_happens_to_its_keys,
    a_stopped_key_places_nothing_more,
);
scenarios!(on two nodes:
    whatever_happens_to_the_account_happens_to_its_keys,
);

async fn edit(owner: &Browser, script: &Script, edit: Value) -> Value {
    let path = format!("{MANAGED}/{}", script.id);
    owner.patch(&path, edit).await.success(200, "API_KEY_UPDATED")["apiKey"].clone()
}

async fn a_key_opens_only_what_it_is_for(way: Way) {
    let Some(world) = way.world().await else { return };
    let order = world.place("complete").await;
    world.until(order, "completed").await;
    let order = order.to_string();
    let asked = [
        ("services", "services", None),
        ("balance", "balance", None),
        ("orders.read", "status", Some("order")),
        ("orders.read", "orders", None),
        ("orders.read", "refill_status", Some("refills")),
        ("orders.write", "cancel", Some("orders")),
        ("orders.write", "refill", Some("orders")),
        ("orders.write", "add", None),
    ];
    for own in ["services", "balance", "orders.read", "orders.write"] {
        let script = Script::of(&world, json!({ "scopes": [own] })).await;
        for (scope, action, field) in asked {
            let fields: Vec<_> = field.iter().map(|field| (*field, order.as_str())).collect();
            let told = script.told(action, &fields).await;
            let refused = format!("Invalid API key: it lacks the scope {scope}");
            let is_refused = told == json!({ "error": refused });
            assert_eq!(is_refused, scope != own, "{action} with {own}: {told}");
        }
    }
    // No key opens what sessions open, not even an administrator's own.
    let staff = Script::of_owner(&world.admin, json!({})).await;
    for path in [
        "/api/v1/dashboard/wallet",
        MANAGED,
        "/v2/api-key",
        "/api/v1/admin/orders",
    ] {
        let get = |request: reqwest::RequestBuilder| {
            request
                .bearer_auth(&staff.key)
                .header("x-api-key", &staff.key)
                .query(&[("key", &staff.key)])
        };
        let answer = staff.browser.send(Method::GET, path, get).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    world.close().await;
}

async fn a_key_opens_nothing_when_it_is_disabled_expired_or_shown_elsewhere(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let owner = &world.customer;
    edit(owner, &script, json!({ "enabled": false })).await;
    assert_eq!(
        script.refused("balance", &[]).await,
        "Invalid API key: it is disabled"
    );
    edit(
        owner,
        &script,
        json!({ "enabled": true, "networks": ["192.0.2.0/24", "2001:db8::/32"] }),
    )
    .await;
    assert_eq!(
        script.refused("balance", &[]).await,
        "Invalid API key: it may not be used from this address"
    );
    edit(owner, &script, json!({ "networks": ["127.0.0.0/8"] })).await;
    script.told("balance", &[]).await;
    // What the script says about its address proves nothing.
    edit(owner, &script, json!({ "networks": ["192.0.2.7"] })).await;
    let form = [("key", script.key.as_str()), ("action", "balance")];
    let send = |it: reqwest::RequestBuilder| it.header("x-forwarded-for", "192.0.2.7").form(&form);
    let answer = script.browser.send(Method::POST, "/api/v2", send).await;
    assert_eq!(
        answer.json(),
        json!({ "error": "Invalid API key: it may not be used from this address" })
    );
    // An end in the past is refused, so the key is given one that comes.
    let now = world.system().adapters().clock.now();
    let soon = |millis: u64| {
        let micros = now.plus(Duration::from_millis(millis)).micros();
        chrono::DateTime::from_timestamp_micros(micros)
            .expect("a time")
            .to_rfc3339()
    };
    let path = format!("{MANAGED}/{}", script.id);
    let past = json!({ "expiresAt": "2020-01-01T00:00:00Z" });
    owner.patch(&path, past).await.failure(400, "VALIDATION_ERROR");
    edit(
        owner,
        &script,
        json!({ "networks": [], "expiresAt": soon(60_000) }),
    )
    .await;
    script.told("balance", &[]).await;
    edit(owner, &script, json!({ "expiresAt": soon(3_000) })).await;
    eventually(
        || "the end of the key".to_owned(),
        async || {
            (script.ask("balance", &[]).await.json()["error"] == "Invalid API key: it has expired")
                .then_some(())
        },
    )
    .await;
    edit(owner, &script, json!({ "expiresAt": null })).await;
    script.told("balance", &[]).await;
    // Gone is gone, and a wrong secret of a key that is there is as wrong as any.
    let gone = "Invalid API key";
    let flipped = if script.key.ends_with('a') { "b" } else { "a" };
    let wrong = format!("{}{flipped}", &script.key[..script.key.len() - 1]);
    for key in [wrong.as_str(), "smm_guru_live_", "", "x"] {
        let answer = script.send(key, "balance", &[]).await;
        assert_eq!(answer.json(), json!({ "error": gone }), "{key}");
    }
    owner.delete(&path).await.success(200, "API_KEY_DELETED");
    assert_eq!(script.refused("balance", &[]).await, gone);
    world.close().await;
}

/// A customer with a key.
async fn customer(world: &World, name: &str) -> (domain::identity::User, Browser, Script) {
    let (user, browser) = world.join(name, Role::User).await;
    let script = Script::of_owner(&browser, json!({})).await;
    script.told("balance", &[]).await;
    (user, browser, script)
}

async fn whatever_happens_to_the_account_happens_to_its_keys(way: Way) {
    let Some(world) = way.world().await else { return };
    let admin = |path: &str, body: Value| {
        let path = format!("/api/auth/admin/{path}");
        let world = &world;
        async move {
            let answer = world.admin.post(&path, body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        }
    };
    let (user, _, script) = customer(&world, "banned").await;
    admin("ban-user", json!({ "userId": user.id.as_str() })).await;
    assert_eq!(
        script.refused("balance", &[]).await,
        "Invalid API key: the account is banned"
    );
    admin("unban-user", json!({ "userId": user.id.as_str() })).await;
    script.told("balance", &[]).await;

    let disabled = "Invalid API key: it is disabled";
    let (user, _, script) = customer(&world, "promoted").await;
    admin(
        "set-role",
        json!({ "userId": user.id.as_str(), "role": "moderator" }),
    )
    .await;
    assert_eq!(script.refused("balance", &[]).await, disabled);
    admin("set-role", json!({ "userId": user.id.as_str(), "role": "user" })).await;
    assert_eq!(script.refused("balance", &[]).await, disabled, "it stays so");

    let (user, _, script) = customer(&world, "reset").await;
    let form = json!({ "userId": user.id.as_str(), "newPassword": "Another-Horse-9" });
    admin("set-user-password", form).await;
    assert_eq!(script.refused("balance", &[]).await, disabled);
    let owner = Browser::signed_in(&world.addresses(), "reset@example.com", "Another-Horse-9").await;
    edit(&owner, &script, json!({ "enabled": true })).await;
    script.told("balance", &[]).await;

    let (user, _, script) = customer(&world, "removed").await;
    admin("remove-user", json!({ "userId": user.id.as_str() })).await;
    assert_eq!(script.refused("balance", &[]).await, "Invalid API key");
    world.close().await;
}

async fn a_stopped_key_places_nothing_more(way: Way) {
    let Some(world) = way.world().await else { return };
    // The key was let in before it was stopped, and pays only if it is not.
    let script = Script::of(
        &world,
        json!({ "spendCap": { "amount": "50", "period": "total" } }),
    )
    .await;
    let services = world.system().services();
    let browser = application::identity::Browser::default();
    let key = domain::Secret::new(script.key.clone());
    let caller = services
        .api_keys
        .admit
        .admit(&key, None, &browser)
        .await
        .expect("it is let in");
    edit(&world.customer, &script, json!({ "enabled": false })).await;
    let wanted = application::orders::OrderPlacement {
        service: domain::ServiceId(world.service("1012")),
        link: domain::text::Link::parse("https://example.com/late").expect("a link"),
        input: 1_000.into(),
        key: None,
        max_rate: None,
    };
    let placed = services.orders.place.place(&caller, wanted).await;
    assert!(
        matches!(
            placed,
            Err(application::orders::PlaceOrderError::OverBudget(
                application::orders::OverBudget::Stopped
            ))
        ),
        "{placed:?}"
    );
    assert_eq!(world.wallet().await, (100_000_000, 0));
    world.close().await;
}
