//! Many orders at once, over HTTP.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Way, World, money, scenarios};

scenarios!(on both ways:
    all_of_many_orders_are_placed_and_each_is_sent_as_usual,
    many_orders_of_which_one_is_not_taken_are_not_placed,
    many_orders_sent_again_are_the_same_orders,
    mass_orders_that_race_for_one_wallet_are_placed_whole_or_not_at_all,
);

const MASS: &str = "/api/v1/dashboard/orders/mass";

fn lines(world: &World, count: usize) -> Vec<Value> {
    let one = |_| {
        let mut form = world.order_form("1012", "complete", 1_000);
        form.as_object_mut().expect("a form").remove("category");
        form
    };
    (0..count).map(one).collect()
}

async fn keyed(world: &World, key: &str, orders: &[Value]) -> Answer {
    let body = json!({ "orders": orders });
    let customer = &world.customer;
    customer
        .send(Method::POST, MASS, |request| {
            request.header("Idempotency-Key", key).json(&body)
        })
        .await
}

async fn placed(world: &World) -> usize {
    let listed = world.customer.get("/api/v1/dashboard/orders?limit=100").await;
    let listed = listed.success(200, "ORDER_FETCHED");
    listed["orders"].as_array().expect("a list").len()
}

async fn all_of_many_orders_are_placed_and_each_is_sent_as_usual(way: Way) {
    let Some(world) = way.world().await else { return };
    let orders = lines(&world, 12);
    let body = json!({ "orders": orders, "validateOnly": true });
    let preview = world
        .customer
        .post(MASS, body)
        .await
        .success(200, "ORDERS_CHECKED");
    assert_eq!((&preview["valid"], placed(&world).await), (&json!(true), 0));
    assert_eq!(preview["lines"].as_array().expect("lines").len(), 12);
    assert_eq!(preview["lines"][3]["price"], "1.17");

    let answer = world.customer.post(MASS, json!({ "orders": orders })).await;
    let result = answer.success(201, "ORDERS_CREATED");
    assert_eq!(
        (&result["total"], &preview["total"]),
        (&json!("14.04"), &json!("14.04"))
    );
    let made = result["orders"].as_array().expect("orders");
    assert_eq!(made.len(), 12);
    for (order, asked) in made.iter().zip(&orders) {
        assert_eq!(
            order["link"], asked["link"],
            "in the order in which they were asked for"
        );
        assert_eq!(
            (&order["price"], &order["status"]),
            (&json!("1.17"), &json!("Pending"))
        );
        world
            .until(order["id"].as_i64().expect("an id"), "completed")
            .await;
    }
    assert_eq!(world.spent().await, 12 * 1_170_000);
    world.close().await;
}

async fn many_orders_of_which_one_is_not_taken_are_not_placed(way: Way) {
    let Some(world) = way.world().await else { return };
    let before = world.wallet().await;
    let mut orders = lines(&world, 5);
    orders[1]["service"] = json!("999999");
    orders[2]["link"] = json!("javascript:alert(1)");
    orders[3]["quantity"] = json!("1000000000");
    orders[4]["quantity"] = json!("many");
    let told = |line: &Value| (line["line"].clone(), line["name"].clone());
    let expected = [
        (2, "SERVICE_NOT_FOUND"),
        (3, "VALIDATION_ERROR"),
        (4, "QUANTITY_OUT_OF_RANGE"),
        (5, "VALIDATION_ERROR"),
    ]
    .map(|(line, name)| (json!(line), json!(name)));
    let answer = world.customer.post(MASS, json!({ "orders": orders })).await;
    answer.failure(400, "MASS_ORDER_REFUSED");
    let refused = answer.json()["details"]["lines"].clone();
    let refused: Vec<_> = refused.as_array().expect("lines").iter().map(told).collect();
    assert_eq!(refused, expected);

    let body = json!({ "orders": orders, "validateOnly": true });
    let preview = world
        .customer
        .post(MASS, body)
        .await
        .success(200, "ORDERS_CHECKED");
    assert_eq!(
        (&preview["valid"], &preview["total"]),
        (&json!(false), &json!("1.17"))
    );
    assert_eq!(preview["lines"][0]["error"], Value::Null);
    assert_eq!(preview["lines"][1]["error"]["name"], "SERVICE_NOT_FOUND");

    // All is well but the sum.
    let mut orders = lines(&world, 100);
    for order in &mut orders {
        order["quantity"] = json!(10_000);
    }
    let answer = world.customer.post(MASS, json!({ "orders": orders })).await;
    answer.failure(402, "INSUFFICIENT_BALANCE");
    assert_eq!(answer.json()["details"]["price"], "1170.00");
    for number in [0, 101] {
        let orders = lines(&world, number);
        let answer = world.customer.post(MASS, json!({ "orders": orders })).await;
        answer.failure(400, "VALIDATION_ERROR");
    }
    let answer = world
        .customer
        .stranger()
        .post(MASS, json!({ "orders": lines(&world, 1) }))
        .await;
    answer.failure(401, "Validation Error");
    // Room for a hundred long lines, and not for everything.
    let mut long = lines(&world, 100);
    for order in &mut long {
        order["link"] = json!(format!("https://example.com/{}", "x".repeat(2_100)));
    }
    let answer = world.customer.post(MASS, json!({ "orders": long })).await;
    answer.failure(400, "MASS_ORDER_REFUSED");
    long[0]["link"] = json!("x".repeat(1_048_576));
    let answer = world.customer.post(MASS, json!({ "orders": long })).await;
    answer.failure(413, "PAYLOAD_TOO_LARGE");
    assert_eq!((placed(&world).await, world.wallet().await), (0, before));
    world.close().await;
}

async fn many_orders_sent_again_are_the_same_orders(way: Way) {
    let Some(world) = way.world().await else { return };
    let orders = lines(&world, 7);
    let answers = join_all((0..6).map(|_| keyed(&world, "mass-1", &orders))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
    }
    let replayed = answers
        .iter()
        .filter(|answer| answer.header("idempotent-replayed") == Some("true"));
    assert_eq!((replayed.count(), placed(&world).await), (5, 7));

    keyed(&world, "mass-1", &orders[..6])
        .await
        .failure(422, "IDEMPOTENCY_KEY_REUSED");
    let single = world.order_form("1012", "complete", 1_000);
    let answer = world
        .customer
        .send(Method::POST, "/api/v1/dashboard/orders", |request| {
            request.header("Idempotency-Key", "mass-1").json(&single)
        })
        .await;
    answer.failure(422, "IDEMPOTENCY_KEY_REUSED");

    // Without a key the same again at once is an accident.
    let orders = lines(&world, 2);
    let body = json!({ "orders": orders });
    let first = world
        .customer
        .post(MASS, body.clone())
        .await
        .success(201, "ORDERS_CREATED");
    let again = world.customer.post(MASS, body).await;
    again.failure(409, "DUPLICATE_ORDER");
    assert_eq!(again.json()["details"]["orderId"], first["orders"][0]["id"]);
    for order in answers[0].json()["result"]["orders"].as_array().expect("orders") {
        world
            .until(order["id"].as_i64().expect("an id"), "completed")
            .await;
    }
    for order in first["orders"].as_array().expect("orders") {
        world
            .until(order["id"].as_i64().expect("an id"), "completed")
            .await;
    }
    assert_eq!(world.spent().await, 9 * 1_170_000);
    world.close().await;
}

async fn mass_orders_that_race_for_one_wallet_are_placed_whole_or_not_at_all(way: Way) {
    let Some(world) = way.world().await else { return };
    let (funds, _) = world.wallet().await;
    // Each costs a little more than a third of what there is.
    let quantity = 1_000 * u64::try_from(funds / (3 * 4 * 1_170_000) + 1).expect("it fits");
    let races = (0..6).map(|_| {
        let mut orders = lines(&world, 4);
        for order in &mut orders {
            order["quantity"] = json!(quantity);
        }
        let world = &world;
        async move { world.customer.post(MASS, json!({ "orders": orders })).await }
    });
    let answers = join_all(races).await;
    let (mut spent, mut whole) = (0, 0);
    for answer in &answers {
        if answer.status == 201 {
            let result = answer.success(201, "ORDERS_CREATED");
            spent += money(&result["total"]);
            whole += 1;
            for order in result["orders"].as_array().expect("orders") {
                world
                    .until(order["id"].as_i64().expect("an id"), "completed")
                    .await;
            }
        } else {
            answer.failure(402, "INSUFFICIENT_BALANCE");
        }
    }
    assert_eq!((whole, placed(&world).await), (2, 8));
    assert_eq!(world.spent().await, spent);
    world.close().await;
}
