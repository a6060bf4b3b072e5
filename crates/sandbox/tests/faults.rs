//! Every fault as a caller sees it on the wire, and what the witness says about it.

mod support;

use std::time::{Duration, Instant};

use sandbox::{Delays, Faults, Panel, PanelConfig};
use serde_json::{Value, json};
use support::{End, SOON, Seen, add, add_fields, call, config, exchange, panel, post, see};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any fault that answers, shorter than any that hangs.
const PATIENCE: Duration = Duration::from_millis(700);

/// Orders with a script and returns what was seen and how many orders that made.
async fn order(panel: &Panel, script: &str) -> (Seen, u64) {
    let link = format!("https://a.test/p?sandbox={script}");
    let seen = see(panel, &add_fields(&link), PATIENCE).await;
    (seen, panel.placed_count_for_link(&link))
}

/// Both forms of a misdelivery: nothing placed, and placed first.
async fn both_forms(script: &str, check: impl Fn(&Seen)) {
    let panel = panel().await;
    for (script, expected) in [(script.to_owned(), 0), (format!("accept-{script}"), 1)] {
        let (seen, placed) = order(&panel, &script).await;
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
    let (seen, placed) = order(&panel, "drip").await;
    assert!((2..=16).contains(&seen.bytes.len()), "{}", seen.bytes.len());
    assert_eq!((seen.end, placed), (End::Waiting, 1));
}

#[tokio::test]
async fn an_order_accepted_after_the_timeout_is_placed_though_the_caller_left() {
    let panel = panel().await;
    let link = "https://a.test/p?sandbox=accept-after-timeout";
    let seen = see(&panel, &add_fields(link), Duration::from_millis(100)).await;
    assert_eq!((seen.end, panel.placed_count_for_link(link)), (End::Waiting, 0));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(panel.placed_count_for_link(link), 1);
    let seen = see(&panel, &add_fields(link), SOON).await;
    assert_eq!(
        panel.order(seen.json()["order"].as_u64().unwrap()).unwrap().link,
        link
    );
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
        let (seen, count) = order(&panel, script).await;
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
        lookup: sandbox::Lookup::LinkAndTime,
        ..config()
    })
    .await
    .unwrap();
    let (seen, placed) = order(&panel, "review").await;
    assert!(seen.json()["error"].is_string());
    assert_eq!((placed, call(&panel, "action=orders").await), (1, json!([])));
}

#[tokio::test]
async fn faults_of_the_whole_panel_can_be_switched_while_it_runs() {
    let panel = panel().await;
    panel.set_faults("status:http500".parse().unwrap());
    assert_eq!(see(&panel, "action=status&order=1", PATIENCE).await.status(), 500);
    assert_eq!(see(&panel, "action=balance", PATIENCE).await.status(), 200);
    panel.set_faults("partial:40,slow".parse().unwrap());
    let link = "https://a.test/p";
    add(&panel, link).await;
    panel.set_faults(Faults::none());
    let order = panel.orders().remove(0);
    assert_eq!((order.link.as_str(), order.status.as_str()), (link, "Pending"));
    assert_eq!(see(&panel, "action=status&order=1", PATIENCE).await.status(), 200);
}

#[tokio::test]
async fn a_fault_with_a_share_repeats_with_the_seed() {
    async fn run(seed: u64) -> Vec<u16> {
        let faults = "http500=0.5".parse().unwrap();
        let panel = Panel::start(PanelConfig {
            seed,
            faults,
            ..config()
        })
        .await
        .unwrap();
        let mut seen = Vec::new();
        for _ in 0..24 {
            seen.push(see(&panel, "action=balance", PATIENCE).await.status());
        }
        seen
    }
    let first = run(3).await;
    assert!(first.contains(&200) && first.contains(&500));
    assert_eq!(first, run(3).await);
    assert_ne!(first, run(4).await);
}

#[tokio::test]
async fn a_scripted_link_is_spared_the_faults_of_the_whole_panel() {
    let panel = Panel::start(PanelConfig {
        faults: "http500".parse().unwrap(),
        ..config()
    })
    .await
    .unwrap();
    assert_eq!(order(&panel, "complete").await.0.status(), 200);
    assert_eq!(
        see(&panel, &add_fields("https://a.test/p"), PATIENCE)
            .await
            .status(),
        500
    );
}

#[tokio::test]
async fn refill_rejection_and_missing_orders_can_be_switched_for_all() {
    let panel = Panel::start(PanelConfig {
        pace: Duration::ZERO,
        ..config()
    })
    .await
    .unwrap();
    let answer = call(&panel, "action=add&service=1013&quantity=100&link=l").await;
    let id = &answer["order"];
    panel.set_faults("refill-rejected,missing-in-batch".parse().unwrap());
    assert_eq!(
        call(&panel, &format!("action=status&orders={id},7")).await,
        json!({ "7": { "error": "Incorrect order ID" } })
    );
    let refill = call(&panel, &format!("action=refill&order={id}")).await["refill"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        call(&panel, &format!("action=refill_status&refill={refill}")).await["status"],
        "Rejected"
    );
}

#[tokio::test]
async fn a_panel_that_is_down_refuses_connections_and_comes_back_on_the_same_port() {
    let panel = panel().await;
    let request = post("/api/v2", "text/plain", "");
    let mut idle = TcpStream::connect(panel.address()).await.unwrap();
    panel.set_faults("down".parse().unwrap());
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    eventually(async || TcpStream::connect(panel.address()).await.is_err()).await;
    panel.set_faults(Faults::none());
    eventually(async || {
        exchange(&panel, &request, SOON)
            .await
            .is_ok_and(|seen| seen.status() == 200)
    })
    .await;
}

#[tokio::test]
async fn closing_connections_ends_them_before_an_answer() {
    let panel = panel().await;
    panel.set_faults("close".parse().unwrap());
    let mut stream = TcpStream::connect(panel.address()).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_hanging_request_does_not_keep_the_panel_from_stopping() {
    let panel = panel().await;
    let body = format!(
        "key={}&{}",
        panel.key(),
        add_fields("https://a.test/?sandbox=hang")
    );
    let mut stream = TcpStream::connect(panel.address()).await.unwrap();
    let request = post("/api/v2", "application/x-www-form-urlencoded", &body);
    stream.write_all(request.as_bytes()).await.unwrap();
    eventually(async || panel.requests().contains_key("add")).await;
    let start = Instant::now();
    panel.stop().await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn the_witness_answers_over_http() {
    let panel = panel().await;
    let link = "https://a.test/p?sandbox=accept-hang";
    for _ in 0..2 {
        see(&panel, &add_fields(link), Duration::from_millis(50)).await;
    }
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: p\r\nconnection: close\r\n\r\n");
    let ask = async |request: String| exchange(&panel, &request, SOON).await.unwrap();
    let state = ask(get("/sandbox/state?limit=1")).await.json();
    assert_eq!(
        (&state["orders_placed"], state["orders"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
    assert_eq!(
        state["links_placed_repeatedly"],
        json!([{ "link": link, "placed": 2 }])
    );
    assert_eq!(state["requests"], json!({ "add": 2 }));
    assert_eq!(state["balance_micros"], 1_000_000_000 - 2 * 8_400);
    let none = ask(get("/sandbox/state?link=other")).await.json();
    assert_eq!(none["orders"], json!([]));
    assert_eq!(ask(get("/sandbox/log")).await.json().as_array().unwrap().len(), 2);

    let form = "application/x-www-form-urlencoded";
    let id = state["orders"][0]["id"].as_u64().unwrap();
    let pushed = ask(post(
        "/sandbox/orders",
        form,
        &format!("id={id}&status=Partial&remains=500"),
    ))
    .await;
    assert_eq!(
        (&pushed.json()["status"], &pushed.json()["charge_micros"]),
        (&json!("Partial"), &json!(4_200))
    );
    assert_eq!(
        ask(post("/sandbox/orders", form, "id=1&status=x")).await.status(),
        400
    );

    let switched = ask(post("/sandbox/faults", form, "faults=http500=0.5,slow")).await;
    assert_eq!(switched.json(), json!({ "active": "http500=0.5,slow" }));
    assert_eq!(panel.faults().to_string(), "http500=0.5,slow");
    for bad in ["faults=nonsense", "faults=down", "faults=close", "fault=slow"] {
        assert_eq!(
            ask(post("/sandbox/faults", form, bad)).await.status(),
            400,
            "{bad}"
        );
    }
    ask(post("/sandbox/faults", form, "faults=")).await;
    assert_eq!(panel.faults(), Faults::none());
    assert!(
        !ask(get("/sandbox/faults")).await.json()["available"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    assert_eq!(ask(get("/sandbox/elsewhere")).await.status(), 404);
    let page = get("/sandbox/state").replace("host: p", "host: p\r\norigin: https://evil.test");
    assert_eq!(ask(page).await.status(), 404);
}

async fn eventually(check: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not happen within five seconds");
}
