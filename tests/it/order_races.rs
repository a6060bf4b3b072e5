//! Customers, staff and workers act on one order at the same moment.

use futures::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{Answer, Way, money, scenarios};

scenarios!(on both ways:
    a_cancellation_that_races_the_submission_loses_no_money,
    a_decision_that_several_take_at_once_is_taken_once,
);
scenarios!(on two nodes:
    a_cancellation_that_races_the_submission_loses_no_money,
    a_decision_that_several_take_at_once_is_taken_once,
);

async fn a_cancellation_that_races_the_submission_loses_no_money(way: Way) {
    let Some(world) = way.world().await else { return };
    let races = (0..24).map(|number| {
        let world = &world;
        async move {
            let id = world.place_of("1012", "complete", 100).await;
            // From at once to after the order was sent.
            tokio::time::sleep(std::time::Duration::from_millis(number * 4)).await;
            let path = format!("/api/v1/dashboard/orders/{id}/cancel");
            let cancel = || world.customer.post(&path, json!({}));
            let (first, second) = join(cancel(), cancel()).await;
            let heard = [&first, &second]
                .iter()
                .filter(|answer| answer.status == 200)
                .count();
            assert!(
                heard <= 1,
                "one order is canceled once: {} {}",
                first.text,
                second.text
            );
            for answer in [first, second] {
                assert!([200, 409].contains(&answer.status), "{}", answer.text);
            }
            id
        }
    });
    let ids = join_all(races).await;
    let mut spent = 0;
    for id in ids {
        // What had begun when the provider heard of the wish ends as partial.
        let ends = ["voided", "completed", "canceled", "partial"];
        let is_over = |order: &Value| ends.iter().any(|end| order["order"]["state"] == *end);
        let order = world.until_it(id, "over", is_over).await["order"].clone();
        if order["hold"] == "posted" {
            spent += money(&order["price"]) - money(&order["refunded"]);
        }
    }
    assert_eq!(world.spent().await, spent);
    world.close().await;
}

async fn a_decision_that_several_take_at_once_is_taken_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let id = world.place("accept-hang").await;
    world.until(id, "unknown").await;
    let theirs = world.panel.orders()[0].id.to_string();
    let path = format!("/api/v1/admin/orders/{id}/decision");
    let placed = json!({ "decision": "placed", "providerOrderId": theirs, "note": "Seen" });
    let answers: Vec<Answer> = join_all((0..6).map(|_| world.admin.post(&path, placed.clone()))).await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(taken, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.failure(409, "DECISION_REFUSED");
    }
    let order = world.until(id, "completed").await;
    let history = order["history"].as_array().expect("a history").iter();
    assert_eq!(history.filter(|event| event["event"] == "decision").count(), 1);
    assert_eq!(world.spent().await, 1_170_000);
    world.close().await;
}
