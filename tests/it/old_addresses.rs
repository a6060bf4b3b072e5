//! The addresses that programs of third parties and operators have known all along: each is there, and says what it said.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::panel::{HANDLERS, Script};
use crate::support::{Browser, Way, scenarios};

scenarios!(on both ways:
    what_operators_ask_is_answered_whoever_asks,
    what_programs_ask_is_answered_at_every_old_address,
    a_program_that_asks_for_too_much_is_told_so_in_the_old_words,
);

/// Where the page and old programs manage keys.
const KEYS: [&str; 3] = ["/v2/api-key", "/api/v2/api-key", "/api/v1/api-key"];

async fn what_operators_ask_is_answered_whoever_asks(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    for asker in [&nobody, &world.customer] {
        let health = asker.get("/health").await;
        assert_eq!((health.status, health.json()), (200, json!({ "status": "pass" })));
        let ready = asker.get("/ready").await;
        assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("ready")));
        let version = asker.get("/api/version").await;
        let told = version.json();
        assert_eq!(
            (version.status, crate::support::fields(&told)),
            (200, vec!["api", "version"])
        );
        let number = told["version"].as_str().expect("a text");
        assert_eq!(number.split('.').count(), 3, "{number}");
        assert_eq!(told["api"], "SMM Guru Backend");
    }
    world.close().await;
}

async fn what_programs_ask_is_answered_at_every_old_address(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    for path in HANDLERS {
        let answer = script.handler(path, json!({ "action": "balance" })).await;
        let expected = json!({ "balance": "100.00", "currency": "USD" });
        assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
        let without = script.browser.post(path, json!({ "action": "balance" })).await;
        let refused = without.failure(401, "Validation Error");
        assert_eq!(refused["message"], "API key is missing.", "{path}");
        let wrong = json!({ "action": "balance", "key": "smm_guru_live_no" });
        let refused = script
            .browser
            .post(path, wrong)
            .await
            .failure(401, "Validation Error");
        assert_eq!(refused["message"], "Invalid api detected!", "{path}");
    }
    for path in KEYS {
        let keys = world.customer.get(path).await.success(200, "API_KEYS_FETCHED");
        assert_eq!(keys[0]["id"], json!(script.id), "{path}");
        script.browser.get(path).await.failure(401, "Validation Error");
    }
    let unknown = world.customer.get("/v2/nowhere").await;
    unknown.failure(404, "ROUTE_NOT_FOUND");
    world.close().await;
}

async fn a_program_that_asks_for_too_much_is_told_so_in_the_old_words(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({ "requestsPerMinute": 1 })).await;
    for path in HANDLERS {
        let large = format!("{{\"key\":\"{}\"}}", "x".repeat(200_000));
        let send =
            |request: reqwest::RequestBuilder| request.header(CONTENT_TYPE, "application/json").body(large);
        let answer = script.browser.send(Method::POST, path, send).await;
        let told = json!({ "error": "Request payload exceeds maximum allowed size" });
        assert_eq!((answer.status, answer.json()), (413, told), "{path}");
    }
    script.handler(HANDLERS[0], json!({ "action": "balance" })).await;
    for path in HANDLERS {
        let answer = script.handler(path, json!({ "action": "balance" })).await;
        let refused = answer.failure(429, "TOO_MANY_REQUESTS");
        let pause = answer.header("retry-after").expect("a pause");
        assert!(
            pause
                .parse::<u32>()
                .is_ok_and(|seconds| (1..=60).contains(&seconds)),
            "{pause}"
        );
        assert!(
            refused["error"].as_str().is_some_and(|text| !text.is_empty()),
            "{refused}"
        );
    }
    world.close().await;
}
