//! What the panel tells about itself, in the process and over HTTP.

mod support;

use std::time::Duration;

use sandbox::{Course, Faults, Panel, PanelConfig, Status};
use serde_json::json;
use support::{SOON, add_fields, add_id, call, config, exchange, panel, post, see};

#[tokio::test]
async fn the_witness_counts_logs_and_pushes() {
    let panel = Panel::start(PanelConfig {
        course: Course::Stuck,
        ..config()
    })
    .await
    .unwrap();
    let id = add_id(&panel, "https://a.test/p").await;
    call(&panel, "action=balance").await;
    call(&panel, "action=nonsense").await;
    assert_eq!(
        panel.requests().into_iter().collect::<Vec<_>>(),
        [("add", 1), ("balance", 1), ("unknown", 1)]
    );
    let log = panel.log();
    assert_eq!(
        (log.len(), log[0].action.as_str(), log[0].fields["link"].as_str()),
        (3, "add", "https://a.test/p")
    );
    assert!(!format!("{log:?} {panel:?} {:?}", config()).contains(panel.key()));
    panel.advance(id, Status::Partial, 250).unwrap();
    assert_eq!(panel.order(id).unwrap().charge_micros, 6_300);
    panel.set_status_text(id, "Weird").unwrap();
    let answer = call(&panel, &format!("action=status&order={id}")).await;
    assert_eq!(
        (&answer["status"], &answer["remains"]),
        (&json!("Weird"), &json!("250"))
    );
    assert_eq!(panel.advance(7, Status::Completed, 0), None);
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
    assert_eq!(
        state["links_asked_repeatedly"],
        json!([{ "link": link, "asked": 2 }])
    );
    assert_eq!(state["deliveries"], json!({ "hang": 2 }));
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
