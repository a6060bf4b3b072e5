//! Every fate a link can ask for, as a caller sees it on the wire, and what the witness says about it.

mod support;

use std::time::{Duration, Instant};

use sandbox::{Delays, Lookup, Panel, PanelConfig, Status};
use serde_json::{Value, json};
use support::{End, PATIENCE, SOON, Seen, add, add_fields, call, config, eventually, order, panel, see};
use tokio::net::TcpStream;

/// Both forms of a misdelivery: nothing placed, and placed first.
async fn both_forms(script: &str, check: impl Fn(&Seen)) {
    let panel = panel().await;
    for (script, expected) in [(script.to_owned(), 0), (format!("accept-{script}"), 1)] {
        let patience = if script.ends_with("hang") { PATIENCE } else { SOON };
        let (seen, placed) = order(&panel, &script, patience).await;
        assert_eq!(placed, expected, "{script}");
        check(&seen);
    }
    panel.stop().await;
}

#[tokio::test]
async fn http500_is_a_page_and_not_json() {
    both_forms("http500", |seen| {
        assert_eq!(seen.status(), 500);
        assert!(seen.text().contains("Internal Server Error"));
    })
    .await;
}

#[tokio::test]
async fn html_comes_with_http_200() {
    both_forms("html", |seen| {
        assert_eq!(seen.status(), 200);
        assert!(seen.head().contains("text/html") && seen.text().contains("Just a moment"));
    })
    .await;
}

#[tokio::test]
async fn garbage_is_not_text() {
    both_forms("garbage", |seen| {
        assert!(seen.head().contains("application/json"));
        assert!(std::str::from_utf8(seen.body()).is_err());
    })
    .await;
}

#[tokio::test]
async fn an_empty_body_is_complete() {
    both_forms("empty", |seen| {
        assert_eq!(
            (seen.status(), seen.body(), &seen.end),
            (200, &b""[..], &End::Closed)
        );
        assert!(seen.head().contains("content-length: 0"));
    })
    .await;
}

#[tokio::test]
async fn cut_json_is_a_complete_message_of_broken_json() {
    both_forms("cut-json", |seen| {
        assert!(
            seen.head()
                .contains(&format!("content-length: {}", seen.body().len()))
        );
        assert!(seen.body().starts_with(b"{\"ord"));
        assert!(serde_json::from_slice::<Value>(seen.body()).is_err());
    })
    .await;
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_announced() {
    both_forms("truncated", |seen| {
        let head = seen.head();
        let announced = head
            .split("content-length: ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        assert!(seen.body().len() < announced.parse().unwrap());
        assert_eq!(seen.end, End::Closed);
    })
    .await;
}

#[tokio::test]
async fn a_huge_body_is_ten_megabytes_of_valid_json() {
    let panel = panel().await;
    for (script, expected) in [("huge", 0), ("accept-huge", 1)] {
        let link = format!("https://a.test/p?sandbox={script}");
        let seen = see(&panel, &add_fields(&link), SOON).await;
        assert_eq!(seen.body().len(), 10_000_000);
        assert!(seen.json()["order"].is_u64());
        assert_eq!(panel.placed_count_for_link(&link), expected);
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_small_on_the_wire() {
    both_forms("gzip-bomb", |seen| {
        assert!(seen.head().contains("content-encoding: gzip"));
        let body = seen.body();
        assert!(body.starts_with(&[0x1f, 0x8b, 8]) && body.len() < 700_000);
        let size = u32::from_le_bytes(body[body.len() - 4..].try_into().unwrap());
        assert!(size > 100_000_000, "{size}");
    })
    .await;
}

#[tokio::test]
async fn a_redirect_asks_to_repeat_the_post() {
    both_forms("redirect", |seen| {
        assert_eq!(seen.status(), 307);
        assert!(seen.head().contains("location: /api/v2"));
    })
    .await;
}

#[tokio::test]
async fn too_many_requests_and_forbidden_carry_json_errors() {
    both_forms("429", |seen| {
        assert_eq!(seen.status(), 429);
        assert!(seen.head().contains("retry-after: 2") && seen.json()["error"].is_string());
    })
    .await;
    both_forms("403", |seen| {
        assert_eq!(
            (seen.status(), seen.json()),
            (403, json!({ "error": "Access denied" }))
        );
    })
    .await;
}

#[tokio::test]
async fn a_reset_is_a_reset_and_not_an_orderly_end() {
    both_forms("reset", |seen| {
        assert_eq!((seen.bytes.len(), &seen.end), (0, &End::Reset));
    })
    .await;
}

#[tokio::test]
async fn a_half_close_ends_the_answer_before_it_began() {
    both_forms("half-close", |seen| {
        assert_eq!((seen.bytes.len(), &seen.end), (0, &End::Closed));
    })
    .await;
}

#[tokio::test]
async fn a_hanging_panel_reads_and_never_answers() {
    both_forms("hang", |seen| {
        assert_eq!((seen.bytes.len(), &seen.end), (0, &End::Waiting));
    })
    .await;
}

#[tokio::test]
async fn slow_and_drip_deliver_the_truth_late() {
    let panel = panel().await;
    for script in ["slow", "drip"] {
        let link = format!("https://a.test/p?sandbox={script}");
        let start = Instant::now();
        let seen = see(&panel, &add_fields(&link), SOON).await;
        assert!(start.elapsed() >= Duration::from_millis(300), "{script}");
        let id = seen.json()["order"].as_u64().unwrap();
        assert_eq!(panel.order(id).unwrap().link, link);
    }
}

#[tokio::test]
async fn drip_sends_single_bytes() {
    let delays = Delays {
        drip_every: Duration::from_millis(50),
        ..config().delays
    };
    let panel = Panel::start(PanelConfig { delays, ..config() }).await.unwrap();
    let (seen, placed) = order(&panel, "drip", PATIENCE).await;
    assert!((1..=16).contains(&seen.bytes.len()), "{}", seen.bytes.len());
    assert_eq!((seen.end, placed), (End::Waiting, 1));
}

#[tokio::test]
async fn an_order_accepted_after_the_timeout_is_placed_though_the_caller_left() {
    let delays = Delays {
        late_after: Duration::from_secs(1),
        ..config().delays
    };
    let panel = Panel::start(PanelConfig { delays, ..config() }).await.unwrap();
    let link = "https://a.test/p?sandbox=accept-after-timeout";
    let seen = see(&panel, &add_fields(link), Duration::from_millis(100)).await;
    assert_eq!((seen.end, panel.placed_count_for_link(link)), (End::Waiting, 0));
    eventually(async || panel.placed_count_for_link(link) == 1).await;
    let seen = see(&panel, &add_fields(link), SOON).await;
    assert_eq!(
        panel.order(seen.json()["order"].as_u64().unwrap()).unwrap().link,
        link
    );
}

#[tokio::test]
async fn one_order_for_a_link_runs_at_a_time() {
    let panel = panel().await;
    let link = "https://a.test/p?sandbox=one-per-link,stuck";
    let first = see(&panel, &add_fields(link), SOON).await.json();
    let first = first["order"].as_u64().unwrap();
    let other = "https://a.test/other?sandbox=one-per-link";
    assert!(see(&panel, &add_fields(other), SOON).await.json()["order"].is_u64());
    let refused = see(&panel, &add_fields(link), SOON).await.json();
    assert_eq!(
        refused["error"],
        "You have active order with this link. Please wait until order being completed."
    );
    assert_eq!(panel.placed_count_for_link(link), 1);

    panel.advance(first, Status::Completed, 0).unwrap();
    assert!(see(&panel, &add_fields(link), SOON).await.json()["order"].is_u64());
    assert_eq!(panel.placed_count_for_link(link), 2);
}

#[tokio::test]
async fn a_stopped_panel_places_nothing_late() {
    let panel = panel().await;
    let link = "https://a.test/p?sandbox=accept-late";
    see(&panel, &add_fields(link), Duration::from_millis(50)).await;
    let address = panel.address();
    panel.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn untrue_answers_are_told_apart_by_the_witness() {
    let panel = panel().await;
    let before = add(&panel, "https://a.test/first").await["order"].clone();
    for (script, placed, answer) in [
        ("order-null", 0, json!({ "order": null })),
        ("accept-order-null", 1, json!({ "order": null })),
        ("order-zero", 0, json!({ "order": 0 })),
        ("accept-order-zero", 1, json!({ "order": 0 })),
        ("no-order", 0, json!({ "status": "success" })),
        (
            "unknown-error",
            0,
            json!({ "error": "Flux capacitor discharged" }),
        ),
        (
            "key-echo",
            0,
            json!({ "error": "Flux capacitor discharged for key sandbox-key" }),
        ),
        ("reject", 0, json!({ "error": "Incorrect link" })),
        (
            "reject:funds",
            0,
            json!({ "error": "Not enough funds on balance" }),
        ),
    ] {
        let (seen, count) = order(&panel, script, SOON).await;
        assert_eq!(
            (seen.status(), seen.json(), count),
            (200, answer, placed),
            "{script}"
        );
    }
    let fresh = Panel::start(config()).await.unwrap();
    let first = add(&fresh, "https://a.test/1").await["order"].clone();
    assert_eq!(
        add(&fresh, "https://a.test/2?sandbox=duplicate-id").await,
        json!({ "order": first })
    );
    let wrong = add(&fresh, "https://a.test/3?sandbox=wrong-id").await["order"]
        .as_u64()
        .unwrap();
    assert!(fresh.order(wrong).is_none());
    let both = add(&fresh, "https://a.test/4?sandbox=both").await;
    assert!(fresh.order(both["order"].as_u64().unwrap()).is_some() && both["error"].is_string());
    let text = add(&fresh, "https://a.test/5?sandbox=string-id").await["order"].clone();
    assert!(fresh.order(text.as_str().unwrap().parse().unwrap()).is_some());
    assert_eq!(fresh.orders().len(), 5);
    assert!(before.is_u64());
}

#[tokio::test]
async fn review_places_an_order_nobody_can_find() {
    let panel = Panel::start(PanelConfig {
        lookup: Lookup::LinkAndTime,
        ..config()
    })
    .await
    .unwrap();
    let (seen, placed) = order(&panel, "review", SOON).await;
    assert!(seen.json()["error"].is_string());
    assert_eq!((placed, call(&panel, "action=orders").await), (1, json!([])));
}
