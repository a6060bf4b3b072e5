//! What operators ask, and the limits of every request.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::{Browser, Way, eventually, scenarios};

scenarios!(on both ways:
    the_system_says_that_it_lives_is_ready_and_what_it_does,
    the_reference_describes_every_route_and_works_offline,
    what_is_wrong_with_a_request_is_said_in_the_order_of_the_contract,
    unknown_routes_and_methods_are_told_apart,
    what_clients_make_up_makes_no_time_series,
    the_work_on_a_request_ends_when_its_client_goes_away,
);

#[expect(
    clippy::disallowed_methods,
    reason = "this client calls the product alone, and goes away before it is answered"
)]
async fn the_work_on_a_request_ends_when_its_client_goes_away(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let hasty = reqwest::Client::builder()
        .timeout(Duration::from_millis(5))
        .build();
    let hasty = hasty.expect("a client");
    let sign_in = format!("{}/api/auth/sign-in/email", nobody.node());
    let abandoned = async || {
        // A password takes longer to check than this client waits.
        let form = json!({ "email": "nobody@example.com", "password": "Correct-horse-1" });
        let answer = hasty.post(&sign_in).json(&form).send().await;
        let metrics = nobody.get("/metrics").await.text;
        let counted = metrics.lines().any(|line| line.contains(r#"status="abandoned""#));
        (answer.is_err() && counted).then_some(())
    };
    eventually(|| "no request was given up".to_owned(), abandoned).await;
    world.close().await;
}

async fn the_system_says_that_it_lives_is_ready_and_what_it_does(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let health = nobody.get("/health").await;
    assert_eq!((health.status, health.json()), (200, json!({ "status": "pass" })));
    let ready = nobody.get("/ready").await;
    let expected =
        json!({ "status": "ready", "database": "ok", "migrations": "ok", "queue": "ok", "submission": "ok" });
    assert_eq!((ready.status, ready.json()), (200, expected));
    assert_eq!(nobody.get("/api/auth/ok").await.json(), json!({ "ok": true }));

    let id = world.place("complete").await;
    world.until(id, "completed").await;
    let metrics = nobody.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/plain"))
    );
    assert!(metrics.text.contains("# TYPE "), "{}", metrics.text);
    for family in ["orders_open", "outbox_waiting"] {
        assert!(metrics.text.contains(family), "{family} in {}", metrics.text);
    }
    assert!(
        !metrics.text.contains("example.com"),
        "no addresses of people in metrics"
    );
    world.close().await;
}

async fn the_reference_describes_every_route_and_works_offline(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let document = nobody.get("/api/openapi.json").await.json();
    assert_eq!(
        document["openapi"].as_str().map(|version| &version[..2]),
        Some("3.")
    );
    let paths = document["paths"].as_object().expect("paths");
    for path in [
        "/api/v1/services",
        "/api/v1/dashboard/orders",
        "/api/v1/admin/providers/key/{id}",
        "/api/auth/sign-in/email",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    let answer = nobody.get("/docs").await;
    assert!((300..400).contains(&answer.status), "{}", answer.status);
    let page = nobody.get("/docs/").await;
    assert_eq!(page.status, 200);
    let assets = page
        .text
        .split(['"', '\''])
        .filter(|text| text.ends_with(".js") || text.ends_with(".css"));
    let assets: BTreeSet<&str> = assets.collect();
    assert!(assets.len() >= 2, "{}", page.text);
    for asset in assets {
        assert!(!asset.contains("//"), "{asset} is somewhere else");
        let path = format!("/docs/{}", asset.trim_start_matches("./"));
        let answer = nobody.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        let elsewhere = answer.text.contains("https://cdn.") || answer.text.contains("https://unpkg.");
        assert!(!elsewhere, "{path} loads something from elsewhere");
    }
    world.close().await;
}

async fn what_is_wrong_with_a_request_is_said_in_the_order_of_the_contract(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let post = async |browser: &Browser, path: &str, body: String| {
        let complete =
            |request: reqwest::RequestBuilder| request.header(CONTENT_TYPE, "application/json").body(body);
        browser.send(Method::POST, path, complete).await
    };
    let orders = "/api/v1/dashboard/orders";
    let categories = "/api/v1/admin/categories";

    // Size, then syntax, then session, then role, then content.
    let large = format!("{{\"category\":\"{}\"", "x".repeat(102_400));
    for path in [orders, categories, "/api/v1/nowhere"] {
        let answer = post(&nobody, path, large.clone())
            .await
            .failure(413, "PAYLOAD_TOO_LARGE");
        assert_eq!(answer["message"], "Request payload exceeds maximum allowed size");
        assert_eq!(answer["details"]["maxSize"], "100KB");
    }
    post(&nobody, "/api/auth/sign-in/email", large)
        .await
        .auth_failure(413, "PAYLOAD_TOO_LARGE");
    for path in [orders, categories] {
        let answer = post(&nobody, path, "{\"category\":".to_owned())
            .await
            .failure(400, "INVALID_JSON");
        assert_eq!(answer["message"], "Request body contains malformed JSON");
        assert_eq!(answer["details"]["action"], "check_json_syntax");
    }
    let malformed = post(&nobody, "/api/auth/sign-in/email", "{".to_owned()).await;
    malformed.auth_failure(400, "VALIDATION_ERROR");
    let answer = post(&nobody, orders, "{}".to_owned())
        .await
        .failure(401, "Validation Error");
    let expected = "Authentication required. Please log in to access dashboard resources.";
    assert_eq!(answer["message"], expected);
    let answer = post(&world.customer, categories, "{}".to_owned())
        .await
        .failure(401, "Validation Error");
    assert_eq!(
        answer["message"],
        "Admin access required. Insufficient permissions."
    );
    post(&world.customer, orders, "{}".to_owned())
        .await
        .failure(400, "VALIDATION_ERROR");
    post(&world.customer, orders, String::new())
        .await
        .failure(400, "VALIDATION_ERROR");
    post(&world.customer, orders, "[]".to_owned())
        .await
        .failure(400, "VALIDATION_ERROR");

    let form = |request: reqwest::RequestBuilder| request.form(&[("category", "x")]);
    let answer = world.customer.send(Method::POST, orders, form).await;
    answer.failure(415, "UNSUPPORTED_MEDIA_TYPE");
    let exact = format!("{{\"x\":\"{}\"}}", "x".repeat(102_400 - 8));
    assert_eq!(exact.len(), 102_400);
    post(&world.customer, orders, exact)
        .await
        .failure(400, "VALIDATION_ERROR");
    let long = format!("/api/v1/services?currency={}", "x".repeat(9_000));
    nobody.get(&long).await.failure(414, "URI_TOO_LONG");
    world.close().await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "this client calls the product alone, by methods that do not exist"
)]
async fn what_clients_make_up_makes_no_time_series(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    let odd = reqwest::Client::new();
    for path in ["/api/v1/services", "/nowhere-made-up"] {
        for method in ["MADEUP1", "MADEUP2"] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = odd.request(method, format!("{}{path}", nobody.node()));
            let answer = answer.send().await.expect("an answer");
            assert!([404, 405].contains(&answer.status().as_u16()), "{answer:?}");
        }
    }
    nobody.get("/api/v1/services?types=all").await;
    let metrics = nobody.get("/metrics").await.text;
    for counted in [
        r#"http_requests_total{method="other",route="none",status="404"}"#,
        r#"http_requests_total{method="GET",route="/api/v1/services",status="200"}"#,
    ] {
        assert!(metrics.contains(counted), "{counted} in {metrics}");
    }
    for made_up in ["MADEUP", "nowhere-made-up", "types=all"] {
        assert!(!metrics.contains(made_up), "{made_up} in {metrics}");
    }
    world.close().await;
}

async fn unknown_routes_and_methods_are_told_apart(way: Way) {
    let Some(world) = way.world().await else { return };
    let nobody = Browser::anonymous(&world.addresses());
    for path in ["/nowhere", "/api/v1/nowhere", "/api/v1/servicesx"] {
        nobody.get(path).await.failure(404, "ROUTE_NOT_FOUND");
    }
    nobody
        .get("/api/v1/admin/nowhere")
        .await
        .failure(401, "Validation Error");
    world
        .customer
        .get("/api/v1/admin/nowhere")
        .await
        .failure(401, "Validation Error");
    world
        .admin
        .get("/api/v1/admin/nowhere")
        .await
        .failure(404, "ROUTE_NOT_FOUND");
    nobody
        .get("/api/v1/dashboard/nowhere")
        .await
        .failure(401, "Validation Error");
    world
        .customer
        .get("/api/v1/dashboard/nowhere")
        .await
        .failure(404, "ROUTE_NOT_FOUND");
    let answer = nobody.delete("/api/v1/services").await;
    answer.failure(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), Some("GET"));
    let answer = world.admin.delete("/api/v1/admin/categories").await;
    answer.failure(405, "METHOD_NOT_ALLOWED");
    let answer = nobody.get("/api/auth/nowhere").await;
    assert_eq!((answer.status, answer.text.as_str()), (404, ""));
    let id = world.customer.get("/api/v1/dashboard/orders/seven").await;
    assert!([400, 404].contains(&id.status), "{}", id.text);
    assert_ne!(id.json()["name"], Value::Null);
    world.close().await;
}
