//! What is not done, and in which words.

use domain::identity::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{HANDLERS, PANELS, Script};
use crate::support::{Way, changes, eventually, scenarios, snapshot};

scenarios!(on both ways:
    what_no_order_can_mean_is_refused_and_nothing_is_written,
    what_no_request_can_mean_is_refused,
    a_price_that_rose_is_refused_when_the_script_says_so,
    a_key_chooses_its_words,
    only_a_key_that_says_so_orders_by_an_address,
    foreign_orders_look_like_missing_ones,
    the_old_handler_says_no_in_its_envelope,
    too_many_requests_are_told_when_to_come_back,
    no_answer_and_no_history_holds_the_key,
);

const WHOLE: &str = "Incorrect quantity: it must be a whole number";
const LINK: &str = "https://instagram.com/p/1";

/// Orders that cannot be meant: service, link, quantity, and what is told. An empty service is the one that there is.
const NO_ORDERS: [(&str, &str, &str, &str); 29] = [
    ("", LINK, "", WHOLE),
    ("", LINK, " ", WHOLE),
    ("", LINK, "-1", WHOLE),
    ("", LINK, "-100000", WHOLE),
    ("", LINK, "+100", WHOLE),
    ("", LINK, "1.5", WHOLE),
    ("", LINK, "1000.0", WHOLE),
    ("", LINK, "1e3", WHOLE),
    ("", LINK, "NaN", WHOLE),
    ("", LINK, "Infinity", WHOLE),
    ("", LINK, "0x10", WHOLE),
    ("", LINK, "1,000", WHOLE),
    ("", LINK, "18446744073709551616", WHOLE),
    ("", LINK, "0", "Quantity less than minimal 50"),
    ("", LINK, "49", "Quantity less than minimal 50"),
    ("", LINK, "100001", "Quantity more than maximum 100000"),
    (
        "",
        LINK,
        "18446744073709551615",
        "Quantity more than maximum 100000",
    ),
    ("", LINK, "100000", "Not enough funds on balance"),
    ("x", LINK, "1000", "Incorrect service ID"),
    ("-1", LINK, "1000", "Incorrect service ID"),
    ("1.0", LINK, "1000", "Incorrect service ID"),
    ("999999", LINK, "1000", "Incorrect service ID"),
    ("9223372036854775807", LINK, "1000", "Incorrect service ID"),
    ("9223372036854775808", LINK, "1000", "Incorrect service ID"),
    ("", "", "1000", "Bad link"),
    ("", "instagram.com/x", "1000", "Bad link"),
    ("", "javascript:alert(1)", "1000", "Bad link"),
    ("", "ftp://a.b/c", "1000", "Bad link"),
    ("", "https://u:p@a.b/", "1000", "Bad link"),
];

/// What makes no sense beside a good order.
const BESIDE: [(&str, &str, &str); 5] = [
    ("runs", "5", "Incorrect request: drip-feed (runs) is not offered"),
    (
        "max_rate",
        "cheap",
        "Incorrect request: max_rate not a decimal number",
    ),
    (
        "max_rate",
        "-1",
        "Incorrect request: max_rate must not be negative",
    ),
    (
        "request_id",
        "two words",
        "Incorrect request: request_id must be 1 to 255 visible ASCII characters",
    ),
    ("quantity", "2000", "Incorrect request: quantity is given twice"),
];

async fn what_no_order_can_mean_is_refused_and_nothing_is_written(way: Way) {
    let Some(world) = way.world().await else { return };
    let database = world.database().await;
    let script = Script::of(&world, json!({})).await;
    let own = world.service("1012").to_string();
    // The use of the key is written down once; then everything holds still.
    script.told("balance", &[]).await;
    let noted = async || {
        let noted = "SELECT id FROM api_keys WHERE last_used_at IS NOT NULL";
        let noted = database.texts(noted).await.expect("keys");
        (!noted.is_empty()).then_some(())
    };
    eventually(|| "the use of the key".to_owned(), noted).await;
    let before = snapshot(&database).await;
    for (service, link, quantity, told) in NO_ORDERS {
        let service = if service.is_empty() { &own } else { service };
        let fields = [("service", service), ("link", link), ("quantity", quantity)];
        assert_eq!(script.refused("add", &fields).await, told, "{fields:?}");
    }
    for (name, value, told) in BESIDE {
        let good = [
            ("service", own.as_str()),
            ("link", LINK),
            ("quantity", "1000"),
            (name, value),
        ];
        assert_eq!(script.refused("add", &good).await, told);
    }
    for quantity in [
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(true),
        json!(null),
        json!([]),
    ] {
        let form =
            json!({ "key": script.key, "action": "add", "service": own, "link": LINK, "quantity": quantity });
        let answer = script.browser.post(PANELS[0], form).await.json();
        assert_eq!(answer, json!({ "error": WHOLE }), "{quantity}");
    }
    assert_eq!(changes(&before, &snapshot(&database).await), [""; 0]);
    world.close().await;
}

async fn what_no_request_can_mean_is_refused(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let body = format!(
        r#"{{"key":"{}","action":"add","quantity":1000,"quantity":2000}}"#,
        script.key
    );
    let post =
        |request: reqwest::RequestBuilder| request.header("content-type", "application/json").body(body);
    let answer = script.browser.send(Method::POST, PANELS[0], post).await;
    assert_eq!(
        answer.json(),
        json!({ "error": "Incorrect request: quantity is given twice" })
    );
    for action in ["", "nonsense", "add order"] {
        assert_eq!(script.refused(action, &[]).await, "Incorrect request");
    }
    let hundred_and_one: Vec<_> = (1..=101).map(|id: u32| id.to_string()).collect();
    assert_eq!(
        script
            .refused("status", &[("orders", &hundred_and_one.join(","))])
            .await,
        "Incorrect request: orders takes 100 ids at most"
    );
    for fields in [
        &[][..],
        &[("orders", ",,")],
        &[("order", "x")],
        &[("order", "-1")],
    ] {
        assert_eq!(
            script.refused("status", fields).await,
            "Incorrect order ID",
            "{fields:?}"
        );
    }
    world.close().await;
}

async fn a_price_that_rose_is_refused_when_the_script_says_so(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let service = world.service("1012").to_string();
    let add = async |most: &str| {
        let link = world.link("complete");
        let fields = [
            ("service", service.as_str()),
            ("link", link.as_str()),
            ("quantity", "1000"),
            ("max_rate", most),
        ];
        script.told("add", &fields).await
    };
    for too_low in ["1.16", "0", "1.169999999"] {
        let told = json!({ "error": "Rate is above max_rate: 1000 cost 1.17" });
        assert_eq!(add(too_low).await, told, "{too_low}");
    }
    let mut orders = Vec::new();
    for enough in ["1.17", "1.170000000", "2"] {
        orders.push(add(enough).await["order"].as_i64().expect("an id"));
    }
    for order in orders {
        world.until(order, "completed").await;
    }
    world.close().await;
}

async fn a_key_chooses_its_words(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({ "errorWords": "codes" })).await;
    let service = world.service("1012").to_string();
    let link = "https://instagram.com/p/1";
    for (service, link, quantity, word) in [
        ("999999", link, "1000", "neworder.error.incorrect_service_id"),
        (service.as_str(), "nowhere", "1000", "neworder.error.link"),
        (service.as_str(), link, "1", "neworder.error.min_quantity"),
        (service.as_str(), link, "999999", "neworder.error.max_quantity"),
        (
            service.as_str(),
            link,
            "100000",
            "neworder.error.not_enough_funds",
        ),
    ] {
        let fields = [("service", service), ("link", link), ("quantity", quantity)];
        assert_eq!(script.refused("add", &fields).await, word);
    }
    assert_eq!(script.refused("nonsense", &[]).await, "error.incorrect_request");
    let many = script.told("status", &[("orders", "999999")]).await;
    assert_eq!(many, json!({ "999999": { "error": "error.incorrect_order_id" } }));
    world.close().await;
}

async fn only_a_key_that_says_so_orders_by_an_address(way: Way) {
    let Some(world) = way.world().await else { return };
    let (plain, bold) = (
        Script::of(&world, json!({})).await,
        Script::of(&world, json!({ "ordersByGet": true })).await,
    );
    let service = world.service("1012");
    let get = async |script: &Script, query: String| {
        let path = format!("{}?key={}&{query}", PANELS[0], script.key);
        script.browser.get(&path).await.json()
    };
    let refused =
        json!({ "error": "Incorrect request: this key does not allow orders by GET, send a POST request" });
    let add = || {
        let link = world.link("complete").replace('?', "%3F").replace('&', "%26");
        format!("action=add&service={service}&quantity=1000&link={link}")
    };
    assert_eq!(get(&plain, add()).await, refused);
    assert_eq!(get(&plain, "action=cancel&order=1".to_owned()).await, refused);
    assert_eq!(
        get(&plain, "action=balance".to_owned()).await["balance"],
        "100.00"
    );
    let order = get(&bold, add()).await["order"].as_i64().expect("an id");
    world.until(order, "completed").await;
    world.close().await;
}

async fn foreign_orders_look_like_missing_ones(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let order = script.add(&world, "complete", 1_000).await;
    world.until(order, "completed").await;
    let (_, stranger) = world.join("stranger", Role::User).await;
    let stranger = Script::of_owner(&stranger, json!({})).await;
    let (foreign, missing) = (order.to_string(), "999999999".to_owned());
    for action in ["status", "refill", "cancel"] {
        let told = async |id: &String| {
            let one = stranger.ask(action, &[("order", id)]).await.text;
            let many = stranger.ask(action, &[("orders", id)]).await.text;
            (one, many.replace(id.as_str(), "ID"))
        };
        assert_eq!(told(&foreign).await, told(&missing).await, "{action}");
    }
    assert_eq!(stranger.told("orders", &[]).await, json!([]));
    world.close().await;
}

async fn the_old_handler_says_no_in_its_envelope(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    for path in HANDLERS {
        let keyless = script.browser.post(path, json!({ "action": "balance" })).await;
        let body = keyless.failure(401, "Validation Error");
        assert_eq!(body["message"], "API key is missing.");
        assert_eq!(body["error"], "Invalid API key");
        assert_eq!(
            body["details"],
            json!({ "action": "provide_api_key", "requiredPermission": "api_key", "receivedPermission": "none" })
        );
        let wrong = script
            .browser
            .post(path, json!({ "action": "balance", "key": "wrong" }))
            .await;
        let body = wrong.failure(401, "Validation Error");
        assert_eq!(
            (&body["message"], &body["error"]),
            (&json!("Invalid api detected!"), &json!("Invalid API key"))
        );
        for (form, status, name) in [
            (json!({ "action": "nonsense" }), 400, "VALIDATION_ERROR"),
            (
                json!({ "action": "add", "service": 999_999, "link": "https://a.b/c", "quantity": 100 }),
                404,
                "SERVICE_NOT_FOUND",
            ),
            (
                json!({ "action": "add", "service": world.service("1012"), "link": "https://a.b/c", "quantity": -100_000 }),
                400,
                "VALIDATION_ERROR",
            ),
            (
                json!({ "action": "add", "service": world.service("1012"), "link": "https://a.b/c", "quantity": 100_000 }),
                402,
                "INSUFFICIENT_BALANCE",
            ),
            (
                json!({ "action": "status", "order": 999_999 }),
                404,
                "ORDER_NOT_FOUND",
            ),
        ] {
            let body = script.handler(path, form).await.failure(status, name);
            assert_eq!(body["error"], body["message"]);
        }
        // Whoever sends a form there speaks the protocol of all panels.
        let form = [("key", "wrong"), ("action", "balance")];
        let answer = script
            .browser
            .send(Method::POST, path, |request| request.form(&form))
            .await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({ "error": "Invalid API key" }))
        );
    }
    world.close().await;
}

async fn too_many_requests_are_told_when_to_come_back(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({ "requestsPerMinute": 3 })).await;
    for _ in 0..3 {
        script.told("balance", &[]).await;
    }
    let turned_away = script.ask("balance", &[]).await;
    assert_eq!(turned_away.status, 429, "{}", turned_away.text);
    assert_eq!(
        turned_away.json(),
        json!({ "error": "Too many requests. Please try again later." })
    );
    let pause: u64 = turned_away
        .header("retry-after")
        .expect("a pause")
        .parse()
        .expect("seconds");
    assert!((1..=20).contains(&pause), "{pause}");
    let old = script.handler(HANDLERS[0], json!({ "action": "balance" })).await;
    old.failure(429, "TOO_MANY_REQUESTS");
    // Another key of the same owner is counted by itself.
    Script::of(&world, json!({})).await.told("balance", &[]).await;
    world.close().await;
}

async fn no_answer_and_no_history_holds_the_key(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({ "scopes": ["balance"] })).await;
    let secret = script.key.get(30..).expect("the secret part");
    let mut answers = Vec::new();
    for path in PANELS.into_iter().chain(HANDLERS) {
        let key = script.key.as_str();
        for body in [
            json!({ "key": key, "action": key }),
            json!({ "key": key, "action": "add", "service": key, "link": key, "quantity": key }),
            json!({ "key": key, "action": "status", "orders": key }),
            json!({ "key": format!("{key}x"), "action": "balance" }),
            json!({ "key": key, "action": "balance", key: key }),
        ] {
            answers.push(script.browser.post(path, body).await.text);
        }
        let query = format!("{path}?key={key}&action=balance&{key}=1&{key}=2");
        answers.push(script.browser.get(&query).await.text);
    }
    answers.push(
        script
            .browser
            .get(&format!("/nowhere?key={}", script.key))
            .await
            .text,
    );
    for answer in answers {
        assert!(!answer.contains(secret), "{answer}");
    }
    // What the audit log and the history say of it is its id.
    let database = world.database().await;
    for table in [
        "SELECT details FROM audit_log",
        "SELECT details FROM order_events",
    ] {
        let rows: Vec<String> = database.texts(table).await.expect("rows");
        assert!(rows.iter().all(|row| !row.contains(secret)), "{table}");
    }
    let _: Value = script.told("balance", &[]).await;
    world.close().await;
}
