//! Rows 2, 4 and 5: the wallet, and orders.

use serde_json::{Value, json};

use super::{fails, fails_in_words, names_the_field, succeeds};
use crate::support::{PANEL_KEY, Way, scenarios, undated};

scenarios!(on both ways:
    the_wallet_is_shown_as_text,
    orders_are_listed_in_the_words_of_the_page,
    an_order_that_is_none_costs_nothing,
    a_form_that_cannot_be_read_is_refused_by_the_name_of_its_field,
    a_provider_that_fails_or_tells_our_key_charges_nobody_for_nothing,
    as_many_parallel_orders_are_taken_as_the_wallet_pays_for,
);

const ORDERS: &str = "/api/v1/dashboard/orders";
/// The words that the page's filter and colours compare with.
const STATUSES: [&str; 6] = [
    "Pending",
    "In progress",
    "Completed",
    "Partial",
    "Processing",
    "Canceled",
];

async fn the_wallet_is_shown_as_text(way: Way) {
    let Some(world) = way.world().await else { return };
    let answer = world.customer.get("/api/v1/dashboard/wallet?currency=USD").await;
    let result = succeeds(&answer, 200, "USER_BALANCE", "User balance fetched successfully");
    assert_eq!(
        (&result["balance"], &result["currency"]),
        (&json!("100.00"), &json!("USD"))
    );
    world.close().await;
}

async fn orders_are_listed_in_the_words_of_the_page(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut placed = Vec::new();
    for (script, status) in [
        ("complete", "Completed"),
        ("partial:30", "Partial"),
        ("canceled", "Canceled"),
    ] {
        let id = world.place(script).await;
        let state = status.to_lowercase();
        world.until(id, &state).await;
        placed.push((id, status));
    }
    let answer = world.customer.get(&format!("{ORDERS}?currency=USD")).await;
    let result = succeeds(&answer, 200, "ORDER_FETCHED", "Order fetched successfully");
    assert_eq!(result["currency"], "USD");
    let orders = result["orders"].as_array().expect("an array");
    let ids: Vec<&Value> = orders.iter().map(|order| &order["id"]).collect();
    let newest: Vec<Value> = placed.iter().rev().map(|(id, _)| json!(id)).collect();
    assert_eq!(ids, newest.iter().collect::<Vec<_>>(), "newest first");
    for (order, (_, status)) in orders.iter().zip(placed.iter().rev()) {
        assert_eq!(order["status"], *status);
        assert!(STATUSES.contains(status));
        assert!(
            order["id"].is_i64() && order["price"].is_f64() && order["refill"].is_boolean(),
            "{order}"
        );
        assert!(
            order["serviceName"].is_string() && order["link"].is_string(),
            "{order}"
        );
        let mut seen: Vec<String> = undated(order)
            .as_object()
            .expect("fields")
            .keys()
            .cloned()
            .collect();
        seen.retain(|field| {
            ["id", "link", "price", "status", "refill", "serviceName"].contains(&field.as_str())
        });
        assert_eq!(seen, ["id", "link", "price", "refill", "serviceName", "status"]);
    }
    world.close().await;
}

async fn an_order_that_is_none_costs_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let form = world.order_form("1012", "complete", 1_000);
    for (field, value, status, name) in [
        ("quantity", json!(-100_000), 400, "VALIDATION_ERROR"),
        ("quantity", json!("-1000"), 400, "VALIDATION_ERROR"),
        ("quantity", json!(0), 400, "VALIDATION_ERROR"),
        ("quantity", json!(0.001), 400, "VALIDATION_ERROR"),
        ("quantity", json!(1000.5), 400, "VALIDATION_ERROR"),
        ("quantity", json!(1), 400, "QUANTITY_OUT_OF_RANGE"),
        (
            "quantity",
            json!(9_007_199_254_740_993_u64),
            400,
            "QUANTITY_OUT_OF_RANGE",
        ),
        ("quantity", json!(u64::MAX), 400, "QUANTITY_OUT_OF_RANGE"),
        ("quantity", json!(1e300), 400, "VALIDATION_ERROR"),
        ("quantity", json!("99999999999999999999"), 400, "VALIDATION_ERROR"),
        ("quantity", json!(null), 400, "VALIDATION_ERROR"),
        ("quantity", json!(true), 400, "VALIDATION_ERROR"),
        ("link", json!("javascript:alert(1)"), 400, "VALIDATION_ERROR"),
        ("link", json!("data:text/html,x"), 400, "VALIDATION_ERROR"),
        ("link", json!("not a link"), 400, "VALIDATION_ERROR"),
        ("category", json!(""), 400, "VALIDATION_ERROR"),
        ("service", json!(""), 400, "VALIDATION_ERROR"),
        ("service", json!("x"), 404, "SERVICE_NOT_FOUND"),
        ("service", json!("999999"), 404, "SERVICE_NOT_FOUND"),
        ("service", json!("-1"), 404, "SERVICE_NOT_FOUND"),
    ] {
        let mut wrong = form.clone();
        wrong[field] = value.clone();
        let answer = world.customer.post(ORDERS, wrong).await;
        assert_eq!(answer.status, status, "{field} {value}: {}", answer.text);
        fails_in_words(&answer, status, name);
    }
    assert_eq!(world.spent().await, 0);
    assert_eq!(world.requests("add"), 0);
    // Numbers may be text, and ids numbers.
    let mut lenient = form;
    lenient["quantity"] = json!("1000");
    lenient["service"] = json!(world.service("1012"));
    let answer = world.customer.post(ORDERS, lenient).await;
    let message = "Order created successfully and price deducted from wallet";
    let placed = succeeds(&answer, 201, "ORDER_CREATED", message);
    let id = placed["order"]["id"].as_i64().expect("an id");
    world.until(id, "completed").await;
    world.close().await;
}

/// The page shows the message as it is.
async fn a_form_that_cannot_be_read_is_refused_by_the_name_of_its_field(way: Way) {
    let Some(world) = way.world().await else { return };
    let form = world.order_form("1012", "complete", 1_000);
    for (quantity, problem) in [
        (json!(1_000.5), "must be a whole number"),
        (json!("1000.5"), "must be a whole number"),
        (json!("many"), "must be a whole number"),
        (json!(null), "must be a whole number"),
        (json!(-1_000), "must not be negative"),
    ] {
        let mut wrong = form.clone();
        wrong["quantity"] = quantity;
        let answer = world.customer.post(ORDERS, wrong).await;
        names_the_field(&answer, "quantity", problem);
    }
    for field in ["category", "service", "link", "quantity"] {
        let mut wrong = form.clone();
        wrong.as_object_mut().expect("fields").remove(field);
        let answer = world.customer.post(ORDERS, wrong).await;
        fails(
            &answer,
            400,
            "VALIDATION_ERROR",
            &format!("missing field \"{field}\""),
        );
    }
    assert_eq!((world.spent().await, world.requests("add")), (0, 0));
    world.close().await;
}

async fn a_provider_that_fails_or_tells_our_key_charges_nobody_for_nothing(way: Way) {
    let Some(world) = way.world().await else { return };
    let refused = world.place("rejected:funds").await;
    world.until(refused, "voided").await;
    assert_eq!(world.spent().await, 0, "nothing was bought");
    let of_key = world.place("rejected:key").await;
    world.until(of_key, "voided").await;
    for path in [ORDERS.to_owned(), format!("{ORDERS}/{of_key}")] {
        let answer = world.customer.get(&path).await;
        assert!(!answer.text.contains(PANEL_KEY), "{}", answer.text);
    }
    assert_eq!(world.spent().await, 0);
    world.close().await;
}

async fn as_many_parallel_orders_are_taken_as_the_wallet_pays_for(way: Way) {
    let Some(world) = way.world().await else { return };
    let (user, poor) = world.join("poor", domain::identity::Role::User).await;
    // One order of 1000 followers.
    world.fund(user.id.as_str(), "1.17").await;
    let forms: Vec<Value> = (0..8)
        .map(|_| world.order_form("1012", "complete", 1_000))
        .collect();
    let answers = futures::future::join_all(forms.into_iter().map(|form| poor.post(ORDERS, form))).await;
    let mut placed = Vec::new();
    for answer in &answers {
        if answer.status == 201 {
            placed.push(
                answer.success(201, "ORDER_CREATED")["order"]["id"]
                    .as_i64()
                    .expect("an id"),
            );
        } else {
            let message = "The order costs 1.17 USD and the wallet has 0.00 USD.";
            fails(answer, 402, "INSUFFICIENT_BALANCE", message);
        }
    }
    assert_eq!(placed.len(), 1);
    world.until(placed[0], "completed").await;
    assert_eq!(world.requests("add"), 1);
    let wallet = poor
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    assert_eq!(wallet["balance"], "0.00");
    world.close().await;
}
