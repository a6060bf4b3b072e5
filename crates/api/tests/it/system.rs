//! For operators: health, readiness, metrics, the document, and what every answer carries.

use std::sync::Arc;

use async_trait::async_trait;
use ports::jobs::{Job, JobQueue, QueueError};
use serde_json::{Value, json};

use crate::client::Request;
use crate::server::{direct, start, start_as, state};

struct BrokenQueue;

#[async_trait]
impl JobQueue for BrokenQueue {
    async fn push(&self, _: &[Job]) -> Result<(), QueueError> {
        Err(QueueError("gone".to_owned()))
    }

    async fn room(&self) -> Result<u16, QueueError> {
        Err(QueueError("gone".to_owned()))
    }

    async fn held(&self) -> Result<Vec<Job>, QueueError> {
        Err(QueueError("gone".to_owned()))
    }

    async fn check(&self) -> Result<(), QueueError> {
        Err(QueueError("gone".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_process_is_live_and_ready() {
    let server = start().await;
    let health = server.request("GET", "/health").send().await;
    assert_eq!((health.status, health.json()), (200, json!({ "status": "pass" })));
    let ready = server.request("GET", "/ready").send().await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["status"], "ready");
    let metrics = server.request("GET", "/metrics").send().await;
    assert_eq!((metrics.status, metrics.text.as_str()), (200, "up 1\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_the_api_answers_operators_and_nobody_else() {
    let server = start().await;
    let listen = direct().listen;
    let probes = api::serve_system(state(&server.system), listen).unwrap();
    let (address, handle) = (probes.address(), probes.handle());
    assert!(
        api::serve_system(state(&server.system), address).is_err(),
        "the address is taken"
    );
    let serving = tokio::spawn(probes.wait());
    for (path, status, beginning) in [
        ("/health", 200, r#"{"status":"pass"}"#),
        ("/ready", 200, r#"{"status":"ready""#),
        ("/metrics", 200, "up 1\n"),
        ("/api/version", 404, ""),
        ("/api/v1/services", 404, ""),
        ("/docs/", 404, ""),
    ] {
        let answer = Request::new(address, "GET", path).send().await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text.starts_with(beginning), "{path}: {}", answer.text);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    handle.stop(true).await;
    serving.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_queue_the_process_is_live_but_not_ready_and_says_why() {
    let server = start_as(direct(), |mut state| {
        state.queue = Arc::new(BrokenQueue);
        state
    })
    .await;
    assert_eq!(server.request("GET", "/health").send().await.status, 200);
    let ready = server.request("GET", "/ready").send().await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json(),
        json!({ "status": "not_ready", "database": "ok", "migrations": "ok", "queue": "unavailable", "submission": "ok" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_answered_without_its_words_and_ends_nothing() {
    let server = start_as(direct(), |mut state| {
        state.metrics = Arc::new(|| panic!("the secret reason"));
        state
    })
    .await;
    for _ in 0..3 {
        let answer = server.request("GET", "/metrics").send().await;
        assert_eq!(answer.error(), (500, "INTERNAL_SERVER_ERROR".to_owned()));
        assert!(!answer.text.contains("secret"));
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(server.request("GET", "/health").send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let server = start().await;
    for (method, path) in [
        ("GET", "/health"),
        ("GET", "/nowhere"),
        ("GET", "/api/v1/services"),
        ("GET", "/api/v1/admin/orders"),
        ("PUT", "/api/auth/ok"),
        ("GET", "/docs/"),
    ] {
        let answer = server.request(method, path).send().await;
        // The list of services may be kept by whoever asks each time whether it still is the same.
        let may_be_kept = path == "/api/v1/services";
        for (name, part) in [
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("referrer-policy", "strict-origin"),
            ("cache-control", if may_be_kept { "no-cache" } else { "no-store" }),
            ("x-request-id", "-"),
        ] {
            let value = answer.header(name).unwrap_or_default();
            assert!(value.contains(part), "{path}: {name}: {value}");
        }
        assert!(answer.header("server").is_none(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_its_page_are_served_from_here_alone() {
    let server = start().await;
    let document = server.request("GET", "/api/openapi.json").send().await.json();
    assert_eq!(document, serde_json::to_value(api::openapi()).unwrap());

    let page = server.request("GET", "/docs/").send().await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("https://"), "{}", page.text);
    let script = server.request("GET", "/docs/swagger-initializer.js").send().await;
    assert!(script.text.contains("\"/api/openapi.json\""));
    let moved = server.request("GET", "/docs").send().await;
    assert_eq!((moved.status, moved.header("location")), (307, Some("/docs/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_is_served() {
    let server = start().await;
    let sam = server.staff().await;
    let document = serde_json::to_value(api::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            // A number that no row has: what exists, but not under this id, answers in words of its own.
            let address = path.replace("{id}", "987654321");
            let request = server.request(&method.to_uppercase(), &address).cookie(&sam);
            let answer = request.send().await;
            let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
            assert_ne!(body["name"], "ROUTE_NOT_FOUND", "{method} {path}");
            assert_ne!(body["name"], "METHOD_NOT_ALLOWED", "{method} {path}");
            assert!(answer.status < 500, "{method} {path}: {}", answer.text);
            let documented = &item[method]["responses"][answer.status.to_string()];
            assert!(
                documented.is_object(),
                "{method} {path} answered {}",
                answer.status
            );
        }
    }
}
