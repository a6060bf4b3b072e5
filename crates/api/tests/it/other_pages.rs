//! Pages at other addresses than the one that they call: ours may, others may not.

use std::sync::Arc;

use ports::jobs::Stop;

use crate::client::{Answer, Request};
use crate::server::{TestServer, direct, start, start_as};

const OURS: &str = "http://localhost:3000";
const PUBLIC: &str = "https://smm.example";
/// Nobody configured them, however much they look like ours.
const OTHERS: [&str; 6] = [
    "https://evil.example",
    "https://smm.example.evil.example",
    "https://smm.example:8443",
    "http://smm.example",
    "http://localhost:3001",
    "null",
];
const SERVICES: &str = "/api/v1/services";
const WALLET: &str = "/api/v1/dashboard/wallet";

/// A server that browsers see at two addresses.
async fn seen_at_two() -> TestServer {
    let mut config = direct();
    config.public_origins = vec![PUBLIC.to_owned(), OURS.to_owned()];
    start_as(config, |state| {
        // A stream tells nothing while nobody follows the database.
        let live = Arc::clone(&state.live);
        tokio::spawn(async move { live.run(Stop::new()).await });
        state
    })
    .await
}

fn from_page(server: &TestServer, method: &str, path: &str, origin: &str) -> Request {
    server.request(method, path).header("Origin", origin)
}

/// What a browser asks before a page calls.
async fn first(server: &TestServer, path: &str, origin: &str) -> Answer {
    let request = from_page(server, "OPTIONS", path, origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,idempotency-key");
    request.send().await
}

fn depends_on_the_page(answer: &Answer) -> bool {
    let vary = answer.headers.iter().filter(|(name, _)| name == "vary");
    vary.flat_map(|(_, value)| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case("origin"))
}

/// Whether a page may read an answer with its visitor's cookie: it is named, and nothing is said to everybody.
#[track_caller]
fn is_shared_with(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert!(depends_on_the_page(answer), "{answer:?}");
    let mut told = answer.headers.iter();
    let to_everybody = told.any(|(name, value)| name.starts_with("access-control-") && value.contains('*'));
    assert!(!to_everybody, "{answer:?}");
}

#[track_caller]
fn is_not_shared(answer: &Answer) {
    for name in [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-expose-headers",
    ] {
        assert_eq!(answer.header(name), None, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_another_address_of_ours_reads_every_answer() {
    let server = seen_at_two().await;
    let (_, ann) = server.customer().await;
    let listed = from_page(&server, "GET", SERVICES, OURS).send().await;
    let tag = listed.header("etag").unwrap().to_owned();
    assert_eq!(
        listed.header("vary"),
        Some("Accept-Encoding"),
        "the handler's own stays"
    );
    let same = from_page(&server, "GET", SERVICES, OURS).header("If-None-Match", &tag);
    let mut answers = vec![(listed, 200), (same.send().await, 304)];
    for (path, status) in [
        (WALLET, 200),
        ("/api/v1/dashboard/events?follow=false", 200),
        ("/api/auth/get-session", 200),
        ("/api/v1/dashboard/orders/987654321", 404),
        ("/api/v1/admin/orders", 401),
        ("/nowhere", 404),
    ] {
        let answer = from_page(&server, "GET", path, OURS).cookie(&ann).send().await;
        answers.push((answer, status));
    }
    let large = from_page(&server, "GET", &format!("/{}", "x".repeat(9_000)), OURS);
    answers.push((large.send().await, 414));
    for (answer, status) in &answers {
        assert_eq!(answer.status, *status, "{answer:?}");
        is_shared_with(answer, OURS);
        let readable = answer.header("access-control-expose-headers").unwrap();
        for name in ["Content-Length", "ETag", "Retry-After", "RateLimit-Remaining"] {
            assert!(readable.split(", ").any(|it| it == name), "{name} in {readable}");
        }
    }
    let acted = from_page(&server, "POST", "/api/v1/dashboard/orders/1/cancel", PUBLIC)
        .header("Sec-Fetch-Site", "same-site")
        .cookie(&ann);
    let acted = acted.send().await;
    assert_eq!(acted.status, 404, "there is no order to cancel");
    is_shared_with(&acted, PUBLIC);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_an_address_of_others_is_named_in_no_answer() {
    let server = seen_at_two().await;
    let (_, ann) = server.customer().await;
    for origin in OTHERS {
        let asked = first(&server, "/api/v1/dashboard/orders", origin).await;
        assert_eq!((asked.status, asked.text.as_str()), (204, ""), "{origin}");
        let read = from_page(&server, "GET", WALLET, origin)
            .cookie(&ann)
            .send()
            .await;
        assert_eq!(read.status, 200, "{origin}");
        let act = from_page(&server, "POST", "/api/v1/dashboard/orders/1/cancel", origin).cookie(&ann);
        let acted = act.send().await;
        assert_eq!(acted.error(), (403, "INVALID_ORIGIN".to_owned()), "{origin}");
        for answer in [&asked, &read, &acted] {
            is_not_shared(answer);
            assert!(depends_on_the_page(answer), "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_asks_before_a_page_calls_needs_nobody_signed_in() {
    let server = seen_at_two().await;
    for path in [
        "/v2/api-key",
        "/v2/api-key/x",
        "/api/v1/dashboard/orders",
        "/api/v1/admin/services/1",
        "/api/auth/admin/ban-user",
        "/api/v2",
        SERVICES,
    ] {
        let answer = first(&server, path, OURS).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        is_shared_with(&answer, OURS);
        let told = |name: &str| answer.header(name).unwrap().to_owned();
        assert_eq!(
            told("access-control-allow-methods"),
            "GET, POST, PATCH, PUT, DELETE, OPTIONS"
        );
        let may_send = told("access-control-allow-headers");
        for name in [
            "Content-Type",
            "Authorization",
            "Idempotency-Key",
            "Last-Event-ID",
        ] {
            assert!(may_send.split(", ").any(|it| it == name), "{name} in {may_send}");
        }
        assert_eq!(told("access-control-max-age"), "600");
        assert_eq!(told("x-content-type-options"), "nosniff");
        assert!(answer.header("set-cookie").is_none());
    }
    // Whoever asks what else a path knows is no such browser.
    let plain = from_page(&server, "OPTIONS", "/api/v1/dashboard/orders", OURS);
    assert_eq!(plain.send().await.status, 401);
    let nobodys = server
        .request("OPTIONS", SERVICES)
        .header("Access-Control-Request-Method", "POST");
    assert_eq!(nobodys.send().await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_calls_the_address_it_came_from_is_answered_as_ever() {
    let server = start().await;
    let own = format!("http://{}", server.address);
    let same = from_page(&server, "GET", SERVICES, &own).send().await;
    let program = server.request("GET", SERVICES).send().await;
    for answer in [same, program] {
        assert_eq!(answer.status, 200);
        is_not_shared(&answer);
        assert!(!depends_on_the_page(&answer), "{answer:?}");
    }
    // Without a list no address is in it, and none is made up from what was asked.
    for origin in OTHERS.into_iter().chain([PUBLIC, OURS]) {
        is_not_shared(&from_page(&server, "GET", SERVICES, origin).send().await);
        is_not_shared(&first(&server, "/v2/api-key", origin).await);
    }
}
