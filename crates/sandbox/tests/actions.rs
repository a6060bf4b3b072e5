//! Every action of the panel API, over real connections.

mod support;

use std::time::Duration;

use sandbox::{Panel, PanelConfig, Status, catalogue};
use serde_json::{Value, json};
use support::{SOON, add_id, call, config, eventually, exchange, panel, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn error(text: &str) -> Value {
    json!({ "error": text })
}

#[tokio::test]
async fn services_lists_the_catalogue_in_canonical_types() {
    let panel = panel().await;
    let services = call(&panel, "action=services").await;
    let services = services.as_array().unwrap();
    assert_eq!(services.len(), catalogue().len());
    for service in services {
        assert!(
            service["service"].is_u64() && service["refill"].is_boolean() && service["cancel"].is_boolean()
        );
        assert!(
            ["rate", "min", "max", "name", "type", "category"]
                .iter()
                .all(|field| service[field].is_string())
        );
    }
    panel.stop().await;
}

#[tokio::test]
async fn an_order_is_placed_and_charged() {
    let panel = panel().await;
    let id = add_id(&panel, "https://a.test/p").await;
    assert_eq!(
        call(&panel, &format!("action=status&order={id}")).await,
        json!({ "charge": "0.0084", "start_count": "0", "status": "Pending", "remains": "1000", "currency": "USD" })
    );
    assert_eq!(
        call(&panel, "action=balance").await,
        json!({ "balance": "999.9916", "currency": "USD" })
    );
    let order = panel.order(id).unwrap();
    assert_eq!(
        (
            order.service,
            order.quantity,
            order.billed_micros,
            order.charge_micros
        ),
        (1140, 1_000, 8_400, 8_400)
    );
    assert_eq!(panel.placed_count_for_link("https://a.test/p"), 1);
}

#[tokio::test]
async fn an_order_is_delivered_while_time_passes() {
    let panel = Panel::start(PanelConfig {
        pace: Duration::from_millis(600),
        ..config()
    })
    .await
    .unwrap();
    let id = add_id(&panel, "https://a.test/p").await;
    let status = async || call(&panel, &format!("action=status&order={id}")).await["status"].clone();
    eventually(async || status().await == "In progress").await;
    eventually(async || status().await == "Completed").await;
    assert_eq!(panel.order(id).unwrap().remains, 0);
}

#[tokio::test]
async fn many_orders_are_answered_as_an_object_keyed_by_id() {
    let panel = panel().await;
    let first = add_id(&panel, "https://a.test/1").await;
    let second = add_id(&panel, "https://a.test/2?sandbox=missing-in-batch").await;
    let answer = call(&panel, &format!("action=status&orders={first},{second},7,x")).await;
    let answer = answer.as_object().unwrap();
    assert_eq!(answer[&first.to_string()]["status"], "Pending");
    assert!(!answer.contains_key(&second.to_string()));
    assert_eq!(
        (&answer["7"], &answer["x"]),
        (&error("Incorrect order ID"), &error("Incorrect order ID"))
    );
    let many = vec!["1"; 101].join(",");
    assert_eq!(
        call(&panel, &format!("action=status&orders={many}")).await,
        error("Incorrect request")
    );
    let hundred = (1..=100).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let answer = call(&panel, &format!("action=status&orders={hundred}")).await;
    assert_eq!(answer.as_object().unwrap().len(), 100);
}

#[tokio::test]
async fn links_decide_how_their_orders_end() {
    let panel = Panel::start(PanelConfig {
        pace: Duration::ZERO,
        ..config()
    })
    .await
    .unwrap();
    for (script, status, remains, charge) in [
        ("complete", "Completed", "0", "0.0084"),
        ("partial:30", "Partial", "300", "0.00588"),
        ("cancel", "Canceled", "1000", "0.00"),
        ("stuck", "In progress", "500", "0.0084"),
        ("unknown-status", "Awaiting moderation", "1000", "0.0084"),
        ("word:Fail", "Fail", "1000", "0.0084"),
    ] {
        let id = add_id(&panel, &format!("https://a.test/{script}?sandbox={script}")).await;
        let answer = call(&panel, &format!("action=status&order={id}")).await;
        assert_eq!(
            (&answer["status"], &answer["remains"], &answer["charge"]),
            (&json!(status), &json!(remains), &json!(charge)),
            "{script}"
        );
    }
    assert_eq!(panel.balance_micros(), 1_000_000_000 - 4 * 8_400 - 5_880);
}

#[tokio::test]
async fn bad_orders_are_refused_in_the_words_of_panels() {
    let panel = panel().await;
    for (fields, text) in [
        ("service=1&quantity=1000&link=l", "Incorrect service ID"),
        ("service=x&quantity=1000&link=l", "Incorrect service ID"),
        ("quantity=1000&link=l", "Incorrect service ID"),
        ("service=1140&quantity=1000", "Incorrect link"),
        (
            "service=1140&quantity=99&link=l",
            "Quantity less than minimal 100",
        ),
        (
            "service=1140&quantity=-5&link=l",
            "Quantity less than minimal 100",
        ),
        (
            "service=1140&quantity=10000001&link=l",
            "Quantity more than maximum 10000000",
        ),
        (
            "service=3005&quantity=5000000&link=l",
            "Not enough funds on balance",
        ),
        (
            "service=1141&quantity=100&link=l&runs=2&interval=30",
            "Drip-feed is disabled for this service",
        ),
        (
            "service=1140&quantity=100&link=l&runs=2",
            "Incorrect runs or interval",
        ),
        ("service=1160&link=l", "Quantity less than minimal 1"),
        ("service=4018&quantity=20&link=l", "Incorrect answer number"),
        (
            "service=1140&quantity=100&link=https://a.test/?sandbox=oops",
            "Incorrect link: unknown fault \"oops\"",
        ),
    ] {
        assert_eq!(
            call(&panel, &format!("action=add&{fields}")).await,
            error(text),
            "{fields}"
        );
    }
    assert!(panel.orders().is_empty());
    assert_eq!(panel.balance_micros(), 1_000_000_000);
}

#[tokio::test]
async fn every_service_type_bills_by_its_own_rule() {
    let panel = panel().await;
    for (fields, quantity, charge) in [
        ("service=1012&quantity=1000", 1_000, 900_000),
        ("service=1012&quantity=100&runs=3&interval=30", 300, 270_000),
        ("service=9001", 1, 3_400_000),
        ("service=9004&comments=a%0Ab", 1, 1_900_000),
        ("service=1160&comments=one%0D%0A%0D%0Atwo%0Athree", 3, 33_600),
        (
            "service=1163&usernames=a%0Ab%0Ac%0Ad%0Ae%0Af%0Ag%0Ah%0Ai%0Aj",
            10,
            49_000,
        ),
        ("service=1109&quantity=10&username=owner", 10, 6_200),
        ("service=4018&quantity=20&answer_number=2", 20, 7_600),
    ] {
        let answer = call(&panel, &format!("action=add&link=https://a.test/p&{fields}")).await;
        let order = panel
            .order(
                answer["order"]
                    .as_u64()
                    .unwrap_or_else(|| panic!("{fields}: {answer}")),
            )
            .unwrap();
        assert_eq!(
            (order.quantity, order.billed_micros),
            (quantity, charge),
            "{fields}"
        );
    }
}

#[tokio::test]
async fn running_orders_of_cancelable_services_can_be_canceled() {
    let panel = panel().await;
    let place = async |service: u32| {
        let answer = call(
            &panel,
            &format!("action=add&service={service}&quantity=1000&link=l"),
        )
        .await;
        answer["order"].as_u64().unwrap()
    };
    let (good, fixed) = (place(1012).await, place(1017).await);
    assert_eq!(
        call(&panel, &format!("action=cancel&orders={good},{fixed},7")).await,
        json!([
            { "order": good, "cancel": 1 },
            { "order": fixed, "cancel": { "error": "Cancel is disabled for this service" } },
            { "order": 7, "cancel": { "error": "Incorrect order ID" } },
        ])
    );
    assert_eq!(panel.order(good).unwrap().status, "Canceled");
    assert_eq!(panel.balance_micros(), 1_000_000_000 - 2_380_000);
}

#[tokio::test]
async fn completed_orders_of_refillable_services_can_be_refilled() {
    let panel = panel().await;
    let place = async |service: u32, link: &str| {
        let answer = call(
            &panel,
            &format!("action=add&service={service}&quantity=1000&link={link}"),
        )
        .await;
        let id = answer["order"].as_u64().unwrap();
        panel.advance(id, Status::Completed, 0).unwrap();
        id
    };
    let good = place(1013, "l").await;
    let fixed = place(1012, "l").await;
    let stubborn = place(1013, "https://a.test/?sandbox=refill-rejected").await;
    let refill = call(&panel, &format!("action=refill&order={good}")).await["refill"].clone();
    let refill = refill.as_str().unwrap();
    assert_eq!(
        call(&panel, &format!("action=refill&order={fixed}")).await,
        error("Refill is disabled for this service")
    );
    let many = call(&panel, &format!("action=refill&orders={good},{stubborn},7")).await;
    assert!(many[0]["refill"]["error"].is_string() && many[1]["refill"].is_u64());
    assert_eq!(
        many[2],
        json!({ "order": 7, "refill": { "error": "Incorrect order ID" } })
    );
    assert_eq!(
        call(&panel, &format!("action=refill_status&refill={refill}")).await,
        json!({ "status": "Pending" })
    );
    assert_eq!(
        call(&panel, &format!("action=refill_status&refills={refill},7")).await,
        json!([
            { "refill": refill.parse::<u64>().unwrap(), "status": "Pending" },
            { "refill": 7, "status": { "error": "Refill not found" } },
        ])
    );
    assert_eq!(
        call(&panel, "action=refill_status&refill=7").await,
        error("Refill not found")
    );
}

#[tokio::test]
async fn forms_json_and_queries_are_accepted() {
    let panel = panel().await;
    let key = panel.key().to_owned();
    let json_body = json!({ "key": key, "action": "balance" }).to_string();
    for request in [
        post("/api/v2", "application/json", &json_body),
        post("/api/v2", "text/plain", &json_body),
        post(
            &format!("/api/v2?key={key}&action=balance"),
            "application/x-www-form-urlencoded",
            "",
        ),
        format!("GET /api/v2?key={key}&action=balance HTTP/1.1\r\nhost: p\r\nconnection: close\r\n\r\n"),
    ] {
        let seen = exchange(&panel, &request, SOON).await.unwrap();
        assert_eq!(seen.json()["balance"], "1000.00", "{request}");
    }
}

#[tokio::test]
async fn strangers_and_unknown_actions_get_an_error_with_http_200() {
    let panel = panel().await;
    for key in ["", "key=&", "key=wrong&"] {
        let request = post(
            "/api/v2",
            "application/x-www-form-urlencoded",
            &format!("{key}action=balance"),
        );
        let seen = exchange(&panel, &request, SOON).await.unwrap();
        assert_eq!((seen.status(), seen.json()), (200, error("Invalid API key")));
    }
    assert_eq!(call(&panel, "action=nonsense").await, error("Incorrect request"));
    assert_eq!(call(&panel, "x=y").await, error("Incorrect request"));
    let lost = exchange(&panel, &post("/elsewhere", "text/plain", ""), SOON)
        .await
        .unwrap();
    assert_eq!(lost.status(), 404);
    let large = post("/api/v2", "text/plain", &"x".repeat(1_100_000));
    assert_eq!(exchange(&panel, &large, SOON).await.unwrap().status(), 413);
}

#[tokio::test]
async fn several_requests_travel_over_one_connection() {
    let panel = panel().await;
    let mut stream = TcpStream::connect(panel.address()).await.unwrap();
    let body = format!("key={}&action=balance", panel.key());
    let request =
        post("/api/v2", "application/x-www-form-urlencoded", &body).replace("connection: close\r\n", "");
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    }
    panel.stop().await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}
