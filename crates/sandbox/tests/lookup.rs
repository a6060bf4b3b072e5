//! Looking for an order whose answer was lost, where the panel can.

mod support;

use sandbox::{Lookup, Panel, PanelConfig};
use serde_json::{Value, json};
use support::{add, add_id, call, config};

fn error(text: &str) -> Value {
    json!({ "error": text })
}

#[tokio::test]
async fn the_order_list_shows_the_newest_orders_first() {
    let lookup = PanelConfig {
        lookup: Lookup::LinkAndTime,
        list_limit: 2,
        ..config()
    };
    let panel = Panel::start(lookup).await.unwrap();
    add(&panel, "https://a.test/1").await;
    let second = add_id(&panel, "https://a.test/2").await;
    add(&panel, "https://a.test/3?sandbox=review").await;
    let last = add_id(&panel, "https://a.test/4").await;
    let list = call(&panel, "action=orders&limit=50").await;
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        (&list[0]["order"], &list[1]["order"]),
        (&json!(last), &json!(second))
    );
    assert_eq!(list[1]["link"], "https://a.test/2");
    assert_eq!(
        (&list[1]["service"], &list[1]["quantity"], &list[1]["status"]),
        (&json!(1140), &json!(1000), &json!("Pending"))
    );
    assert_eq!(list[1]["created"], panel.order(second).unwrap().created);
    assert_eq!(
        call(&panel, "action=orders&limit=1")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(panel.placed_count_for_link("https://a.test/3?sandbox=review"), 1);
}

#[tokio::test]
async fn orders_are_found_by_the_callers_reference_where_the_panel_can() {
    let panel = Panel::start(PanelConfig {
        lookup: Lookup::Reference,
        ..config()
    })
    .await
    .unwrap();
    let answer = call(
        &panel,
        "action=add&service=1140&quantity=1000&link=l&request_id=ref-1",
    )
    .await;
    let found = call(&panel, "action=orders&request_id=ref-1").await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        (&found[0]["order"], &found[0]["request_id"]),
        (&answer["order"], &json!("ref-1"))
    );
    assert_eq!(call(&panel, "action=orders&request_id=ref-2").await, json!([]));
    assert_eq!(
        call(&panel, "action=orders&limit=5").await,
        error("Incorrect request")
    );
    let plain = support::panel().await;
    assert_eq!(
        call(&plain, "action=orders&limit=5").await,
        error("Incorrect request")
    );
}
