//! Every action, byte for byte.

use reqwest::Method;
use serde_json::{Value, json};

use super::{HANDLERS, PANELS, Script};
use crate::support::{Way, scenarios, undated};

scenarios!(on both ways:
    every_action_answers_in_the_types_that_scripts_compare_with,
    a_request_may_be_a_form_json_parts_or_an_address,
    json_at_the_old_handler_is_answered_as_it_used_to_be,
    an_order_says_what_is_left_of_it_and_what_it_costs_in_the_end,
    orders_are_canceled_one_by_one,
    a_lost_answer_is_found_again_by_its_request_id,
);

const FOLLOWERS: &str = "Instagram Followers | Mixed quality | 50K/day";

async fn every_action_answers_in_the_types_that_scripts_compare_with(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let service = world.service("1012");

    let balance = script.told("balance", &[]).await;
    assert_eq!(balance, json!({ "balance": "100.00", "currency": "USD" }));

    let services = script.told("services", &[]).await;
    let row = services
        .as_array()
        .expect("an array")
        .iter()
        .find(|row| row["service"] == service);
    let expected = json!({
        "service": service, "name": FOLLOWERS, "type": "Default", "category": "Instagram Followers", "rate": "1.17",
        "min": "50", "max": "100000", "refill": false, "cancel": true, "dripfeed": true, "currency": "USD",
    });
    assert_eq!(row, Some(&expected));

    let order = script.add(&world, "complete", 1_000).await;
    let written = order.to_string();
    let status = script.told("status", &[("order", &written)]).await;
    assert_eq!(status["charge"], "1.17");
    assert_eq!(status["currency"], "USD");
    for count in ["start_count", "remains"] {
        let text = status[count].as_str().expect("a text");
        assert!(text.parse::<u64>().is_ok(), "{status}");
    }
    world.until(order, "completed").await;
    let status = script.told("status", &[("order", &written)]).await;
    assert_eq!(
        status,
        json!({ "charge": "1.17", "start_count": status["start_count"], "status": "Completed", "remains": "0",
            "currency": "USD" })
    );

    let list = format!("{written}, 999999,x,{written}");
    let many = script.told("status", &[("orders", &list)]).await;
    let wrong = json!({ "error": "Incorrect order ID" });
    assert_eq!(
        many,
        json!({ written.clone(): status, "999999": wrong, "x": wrong })
    );

    let refills = script.told("refill", &[("orders", &list)]).await;
    let disabled = json!({ "error": "Refill is disabled for this service" });
    assert_eq!(
        refills,
        json!([{ "order": order, "refill": disabled }, { "order": 999_999, "refill": wrong }, { "order": "x", "refill": wrong }])
    );
    assert_eq!(
        script.refused("refill", &[("order", &written)]).await,
        "Refill is disabled for this service"
    );
    assert_eq!(
        script.refused("refill_status", &[("refill", "1")]).await,
        "Refill not found"
    );
    let missing = json!([{ "refill": 1, "status": { "error": "Refill not found" } }]);
    assert_eq!(script.told("refill_status", &[("refills", "1")]).await, missing);
    world.close().await;
}

async fn a_request_may_be_a_form_json_parts_or_an_address(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let expected = json!({ "balance": "100.00", "currency": "USD" });
    let key = script.key.as_str();
    let form = [("key", key), ("action", "balance")];
    let parts = format!(
        "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{key}\r\n--b\r\nContent-Disposition: form-data; \
         name=\"action\"\r\n\r\nbalance\r\n--b--\r\n"
    );
    for path in PANELS.into_iter().chain(HANDLERS) {
        let send =
            async |method,
                   query: &str,
                   complete: &dyn Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder| {
                let path = format!("{path}{query}");
                let answer = script.browser.send(method, &path, complete).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text);
                assert_eq!(answer.json(), expected, "{path}");
            };
        send(Method::POST, "", &|it| it.form(&form)).await;
        send(Method::POST, "", &|it| {
            it.json(&json!({ "key": key, "action": "balance" }))
        })
        .await;
        send(Method::POST, "", &|it| {
            it.header("content-type", "multipart/form-data; boundary=b")
                .body(parts.clone())
        })
        .await;
        // As the sample of PHP sends it, and with a type that says nothing.
        send(Method::POST, "", &|it| {
            it.header(
                "user-agent",
                "Mozilla/4.0 (compatible; MSIE 5.01; Windows NT 5.0)",
            )
            .header("content-type", "text/plain")
            .body(format!("key={key}&action=balance"))
        })
        .await;
        // The body wins.
        send(Method::POST, "?key=nonsense&action=add", &|it| it.form(&form)).await;
        send(Method::POST, "?action=balance", &|it| it.bearer_auth(key)).await;
        send(Method::GET, "?action=balance", &|it| it.header("x-api-key", key)).await;
        let query = format!("?key={key}&action=balance");
        send(Method::GET, &query, &|it| it).await;
    }
    world.close().await;
}

async fn json_at_the_old_handler_is_answered_as_it_used_to_be(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let service = world.service("1012");
    for path in HANDLERS {
        let services = script.handler(path, json!({ "action": "services" })).await.json();
        let row = services.as_array().expect("a bare array").iter();
        let row = row
            .clone()
            .find(|row| row["service"] == service)
            .expect("it is listed");
        assert_eq!(
            (&row["rate"], &row["min"], &row["max"], &row["currency"]),
            (&json!(1.17), &json!(50), &json!(100_000), &json!("USD"))
        );
        let form =
            json!({ "action": "add", "service": service, "link": world.link("complete"), "quantity": 1_000 });
        let placed = script.handler(path, form).await;
        assert_eq!(placed.status, 201, "{}", placed.text);
        let order = placed.json()["order"].as_i64().expect("a number");
        world.until(order, "completed").await;
        let status = script
            .handler(path, json!({ "action": "status", "order": order }))
            .await;
        assert_eq!(status.status, 200);
        let status = status.json();
        assert_eq!(
            (&status["charge"], &status["status"], &status["currency"]),
            (&json!(1.17), &json!("COMPLETED"), &json!("USD"))
        );
        let missing = script
            .handler(path, json!({ "action": "status", "order": 999_999 }))
            .await;
        assert_eq!(missing.status, 404);
        assert_eq!(
            missing.json(),
            json!({ "success": false, "name": "ORDER_NOT_FOUND", "message": "Incorrect order ID", "result": null,
                "error": "Incorrect order ID" })
        );
    }
    world.close().await;
}

async fn an_order_says_what_is_left_of_it_and_what_it_costs_in_the_end(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let partial = script.add(&world, "partial:50", 1_000).await;
    let canceled = script.add(&world, "cancel", 1_000).await;
    world.until(partial, "partial").await;
    world.until(canceled, "canceled").await;
    let list = format!("{partial},{canceled}");
    let statuses = script.told("status", &[("orders", &list)]).await;
    let told = |order: i64| {
        let status = &statuses[order.to_string()];
        ["status", "charge", "remains"].map(|field| status[field].clone())
    };
    assert_eq!(told(partial), ["Partial", "0.585", "500"]);
    assert_eq!(told(canceled), ["Canceled", "0.00", "1000"]);
    let balance = script.told("balance", &[]).await;
    assert_eq!(balance["balance"], "99.415");
    world.close().await;
}

async fn orders_are_canceled_one_by_one(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let (_, stranger) = world.join("stranger", domain::identity::Role::User).await;
    let stranger = Script::of_owner(&stranger, json!({})).await;
    let ended = script.add(&world, "complete", 1_000).await;
    world.until(ended, "completed").await;
    let list = format!("{ended},999999,x");
    let wrong = json!({ "error": "Incorrect order ID" });
    assert_eq!(
        script.told("cancel", &[("orders", &list)]).await,
        json!([
            { "order": ended, "cancel": { "error": "The order has ended" } },
            { "order": 999_999, "cancel": wrong },
            { "order": "x", "cancel": wrong },
        ])
    );
    let written = ended.to_string();
    assert_eq!(
        stranger.refused("cancel", &[("order", &written)]).await,
        "Incorrect order ID"
    );

    // One that the panel works on is canceled there, and the money comes back when the panel says so.
    let running = script.add(&world, "stuck", 1_000).await;
    world.until(running, "in_progress").await;
    let written = running.to_string();
    let answer = script.told("cancel", &[("orders", &written)]).await;
    assert_eq!(answer, json!([{ "order": running, "cancel": 1 }]));
    world
        .until_it(running, "ended", |order| {
            ["canceled", "partial"]
                .iter()
                .any(|state| order["order"]["state"] == *state)
        })
        .await;
    world.close().await;
}

async fn a_lost_answer_is_found_again_by_its_request_id(way: Way) {
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({})).await;
    let (service, link) = (world.service("1012"), world.link("complete"));
    let written = service.to_string();
    let fields = [
        ("service", written.as_str()),
        ("link", link.as_str()),
        ("quantity", "1000"),
        ("request_id", "reference-1"),
    ];
    let placed = script.told("add", &fields).await;
    let again = script.ask("add", &fields).await;
    assert_eq!(again.json(), placed);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = [fields[0], fields[1], ("quantity", "2000"), fields[3]];
    assert_eq!(
        script.refused("add", &other).await,
        "Incorrect request: request_id was used for another order"
    );
    // The header of the other interfaces means the same, and cannot mean something else.
    let send = async |key: &str| {
        let mut form = vec![("key", script.key.as_str()), ("action", "add")];
        form.extend(&fields);
        let post = |request: reqwest::RequestBuilder| request.header("idempotency-key", key).form(&form);
        script.browser.send(Method::POST, PANELS[0], post).await.json()
    };
    assert_eq!(send("reference-1").await, placed);
    assert_eq!(
        send("reference-2").await,
        json!({ "error": "Incorrect request: request_id and Idempotency-Key differ" })
    );

    let found = script.told("orders", &[("request_id", "reference-1")]).await;
    let expected = json!([{
        "order": placed["order"], "service": service, "link": link, "quantity": 1_000, "status": found[0]["status"],
        "created": "DATE", "request_id": "reference-1",
    }]);
    assert_eq!(undated(&found), expected);
    assert_eq!(
        script.told("orders", &[("request_id", "reference-2")]).await,
        json!([])
    );
    let recent = script.told("orders", &[("limit", "1")]).await;
    assert_eq!(recent[0]["order"], placed["order"]);
    assert_eq!(recent[0].get("request_id"), None::<&Value>);
    world
        .until(placed["order"].as_i64().expect("an id"), "completed")
        .await;
    world.close().await;
}
