//! Orders as customers place them and staff see them. What becomes of them is tested where workers run.

use sandbox::{Panel, PanelConfig};
use serde_json::{Value, json};

use crate::client::{Answer, Request};
use crate::server::{TestServer, start};

const ORDERS: &str = "/api/v1/dashboard/orders";

struct Shop {
    server: TestServer,
    sam: String,
    ann: String,
    ann_id: String,
    service: Value,
    _panel: Panel,
}

/// A shop with one customer who has ten dollars.
async fn open_shop() -> Shop {
    let (server, panel) = (start().await, Panel::start(PanelConfig::default()).await.unwrap());
    let (sam, (ann_id, ann)) = (server.staff().await, server.customer().await);
    let provider = json!({ "name": "Panel", "apiUrl": panel.url(), "apiKey": panel.key() });
    let added = server
        .send("POST", "/api/v1/admin/providers", &sam, &provider)
        .await;
    let import = format!("/api/v1/admin/providers/{}/import", added.json()["result"]["id"]);
    let imported = server
        .send("POST", &import, &sam, &json!({ "profitPercent": "30" }))
        .await;
    assert_eq!(imported.status, 200, "{}", imported.text);
    let credit = format!("/api/v1/admin/users/{ann_id}/wallet/credit");
    let gift = json!({ "amount": "10", "reason": "a gift" });
    assert_eq!(server.send("POST", &credit, &sam, &gift).await.status, 201);
    let listing = server.request("GET", "/api/v1/services").send().await.json();
    let service = listing["result"]["services"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|category| category["services"].as_array().unwrap())
        .find(|service| service["type"] == "Default")
        .unwrap()
        .clone();
    Shop {
        server,
        sam,
        ann,
        ann_id,
        service,
        _panel: panel,
    }
}

impl Shop {
    fn order(&self, link: &str) -> Value {
        json!({
            "category": "Any",
            "service": self.service["id"].to_string(),
            "link": link,
            "quantity": self.service["min"].to_string(),
        })
    }

    fn placing(&self, form: &Value) -> Request {
        self.server.request("POST", ORDERS).cookie(&self.ann).json(form)
    }

    async fn balance(&self) -> Value {
        let wallet = self.server.get("/api/v1/dashboard/wallet", &self.ann).await;
        wallet.json()["result"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_at_once_and_listed() {
    let shop = open_shop().await;
    let placed = shop.placing(&shop.order("https://example.com/p/1")).send().await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    assert_eq!(placed.json()["name"], "ORDER_CREATED");
    let order = placed.json()["result"]["order"].clone();
    assert_eq!(order["status"], "Pending");
    assert!(placed.header("idempotent-replayed").is_none());

    let balance = shop.balance().await;
    assert_eq!(balance["held"], order["price"]);
    let listed = shop
        .server
        .get(&format!("{ORDERS}?currency=usd"), &shop.ann)
        .await
        .json();
    let row = &listed["result"]["orders"][0];
    assert_eq!(listed["result"]["currency"], "USD");
    assert_eq!(
        row["price"].to_string().parse::<f64>().unwrap(),
        order["price"].as_str().unwrap().parse::<f64>().unwrap()
    );
    assert_eq!(
        (&row["status"], &row["link"]),
        (&json!("Pending"), &json!("https://example.com/p/1"))
    );
    assert!(row["serviceName"].is_string() && row["refill"].is_boolean());

    let one = format!("{ORDERS}/{}", order["id"]);
    let detail = shop.server.get(&one, &shop.ann).await.json();
    assert_eq!(detail["result"]["history"][0]["event"], "placed");
    let (_, bob) = shop.server.user("bob", domain::identity::Role::User).await;
    let foreign = shop.server.get(&one, &bob).await;
    assert_eq!(foreign.error(), (404, "ORDER_NOT_FOUND".to_owned()));
    let missing = shop.server.get(&format!("{ORDERS}/999999"), &bob).await;
    assert_eq!(
        foreign.text, missing.text,
        "foreign and missing orders look the same"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_order_byte_for_byte_and_no_other() {
    let shop = open_shop().await;
    let form = shop.order("https://example.com/p/1");
    let keyed = |form: &Value| shop.placing(form).header("Idempotency-Key", "k-1");
    let answers: Vec<Answer> = futures::future::join_all((0..8).map(|_| keyed(&form).send())).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    let replayed = answers
        .iter()
        .filter(|answer| answer.header("idempotent-replayed") == Some("true"));
    assert_eq!(replayed.count(), 7);

    let other = keyed(&shop.order("https://example.com/p/2")).send().await;
    assert_eq!(other.error(), (422, "IDEMPOTENCY_KEY_REUSED".to_owned()));
    let bad = shop.placing(&form).header("Idempotency-Key", "a b").send().await;
    assert_eq!(bad.error(), (400, "IDEMPOTENCY_KEY_INVALID".to_owned()));
    let listed = shop.server.get(ORDERS, &shop.ann).await.json();
    assert_eq!(listed["result"]["orders"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_twice_in_a_moment_is_an_accident_without_a_key() {
    let shop = open_shop().await;
    let form = shop.order("https://example.com/p/1");
    let first = shop.placing(&form).send().await.json();
    let second = shop.placing(&form).send().await;
    assert_eq!(second.error(), (409, "DUPLICATE_ORDER".to_owned()));
    assert_eq!(
        second.json()["details"]["orderId"],
        first["result"]["order"]["id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_taken_says_why_and_costs_nothing() {
    let shop = open_shop().await;
    let with = |field: &str, value: Value| {
        let mut form = shop.order("https://example.com/p/1");
        form[field] = value;
        form
    };
    let max = shop.service["max"].as_u64().unwrap();
    for (form, status, name) in [
        (
            with("link", json!("javascript:alert(1)")),
            400,
            "VALIDATION_ERROR",
        ),
        (with("quantity", json!(1.5)), 400, "VALIDATION_ERROR"),
        (with("quantity", json!(-5)), 400, "VALIDATION_ERROR"),
        (with("quantity", json!(0)), 400, "VALIDATION_ERROR"),
        (with("quantity", json!(max + 1)), 400, "QUANTITY_OUT_OF_RANGE"),
        (with("service", json!("999999")), 404, "SERVICE_NOT_FOUND"),
        (with("service", json!("x")), 404, "SERVICE_NOT_FOUND"),
        (with("category", json!("")), 400, "VALIDATION_ERROR"),
        (with("quantity", json!(max)), 402, "INSUFFICIENT_BALANCE"),
    ] {
        let answer = shop.placing(&form).send().await;
        assert_eq!(answer.error(), (status, name.to_owned()), "{form}");
    }
    let balance = shop.balance().await;
    assert_eq!(
        (&balance["balance"], &balance["held"]),
        (&json!("10.00"), &json!("0.00"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_wallet_pays_for_nothing_until_it_is_opened() {
    let shop = open_shop().await;
    let path = format!("/api/v1/admin/users/{}/wallet/status", shop.ann_id);
    let set = |status: &str| json!({ "status": status, "reason": "a check" });
    let frozen = shop.server.send("POST", &path, &shop.sam, &set("frozen")).await;
    assert_eq!(frozen.status, 200, "{}", frozen.text);
    let form = shop.order("https://example.com/p/1");
    let refused = shop.placing(&form).send().await;
    assert_eq!(refused.error(), (403, "WALLET_FROZEN".to_owned()));
    shop.server.send("POST", &path, &shop.sam, &set("active")).await;
    assert_eq!(shop.placing(&form).send().await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_not_sent_is_canceled_and_the_money_is_back() {
    let shop = open_shop().await;
    let placed = shop
        .placing(&shop.order("https://example.com/p/1"))
        .send()
        .await
        .json();
    let order = placed["result"]["order"].clone();
    let cancel = format!("{ORDERS}/{}/cancel", order["id"]);
    let canceled = shop
        .server
        .request("POST", &cancel)
        .cookie(&shop.ann)
        .send()
        .await;
    assert_eq!(canceled.status, 200, "{}", canceled.text);
    let canceled = canceled.json()["result"]["order"].clone();
    assert_eq!(
        (&canceled["status"], &canceled["refunded"]),
        (&json!("Canceled"), &order["price"])
    );
    assert_eq!(shop.balance().await["balance"], "10.00");
    let again = shop
        .server
        .request("POST", &cancel)
        .cookie(&shop.ann)
        .send()
        .await;
    assert_eq!(again.error(), (409, "CANCEL_REFUSED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_gaps_and_filters_hold() {
    let shop = open_shop().await;
    for n in 0..5 {
        let form = shop.order(&format!("https://example.com/p/{n}"));
        assert_eq!(shop.placing(&form).send().await.status, 201);
    }
    let (mut links, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{ORDERS}?limit=2{cursor}");
        let page = shop.server.get(&path, &shop.ann).await.json()["result"].clone();
        links.extend(
            page["orders"]
                .as_array()
                .unwrap()
                .iter()
                .map(|order| order["link"].clone()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<_> = (0..5)
        .rev()
        .map(|n| json!(format!("https://example.com/p/{n}")))
        .collect();
    assert_eq!(links, expected);

    for (query, count) in [
        ("?search=P/3", 1),
        ("?status=Pending", 5),
        ("?status=In%20progress", 0),
        ("?search=&status=", 5),
    ] {
        let listed = shop
            .server
            .get(&format!("{ORDERS}{query}"), &shop.ann)
            .await
            .json();
        assert_eq!(
            listed["result"]["orders"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    let listed = shop
        .server
        .get("/api/v1/admin/orders?state=held&limit=3", &shop.sam)
        .await
        .json();
    assert_eq!(listed["result"]["orders"].as_array().unwrap().len(), 3);
    assert_eq!(listed["result"]["orders"][0]["userEmail"], "ann@example.com");
    let overview = shop
        .server
        .get("/api/v1/admin/orders/overview", &shop.sam)
        .await
        .json();
    assert_eq!(overview["result"]["states"][0]["state"], "held");
    assert_eq!(overview["result"]["states"][0]["orders"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_cannot_decide_what_is_not_open() {
    let shop = open_shop().await;
    let placed = shop
        .placing(&shop.order("https://example.com/p/1"))
        .send()
        .await
        .json();
    let order = format!("/api/v1/admin/orders/{}", placed["result"]["order"]["id"]);
    for (path, body, status, name) in [
        (
            "decision",
            json!({ "decision": "not_placed", "note": "x" }),
            409,
            "DECISION_REFUSED",
        ),
        (
            "decision",
            json!({ "decision": "placed", "note": "x" }),
            400,
            "VALIDATION_ERROR",
        ),
        (
            "decision",
            json!({ "decision": "maybe", "note": "x" }),
            400,
            "VALIDATION_ERROR",
        ),
        (
            "decision",
            json!({ "decision": "not_placed" }),
            400,
            "VALIDATION_ERROR",
        ),
        (
            "review",
            json!({ "decision": "completed", "note": "x" }),
            409,
            "DECISION_REFUSED",
        ),
        (
            "review",
            json!({ "decision": "partial", "note": "x" }),
            400,
            "VALIDATION_ERROR",
        ),
        (
            "review",
            json!({ "decision": "dismiss", "note": "x", "more": 1 }),
            400,
            "VALIDATION_ERROR",
        ),
    ] {
        let answer = shop
            .server
            .send("POST", &format!("{order}/{path}"), &shop.sam, &body)
            .await;
        assert_eq!(answer.error(), (status, name.to_owned()), "{path} {body}");
    }
    for queue in ["unknown", "review"] {
        let listed = shop
            .server
            .get(&format!("/api/v1/admin/orders/{queue}"), &shop.sam)
            .await
            .json();
        assert_eq!(listed["result"]["orders"], json!([]));
    }
}
