//! A restored database gives the ids of the orders that it has forgotten to new ones. What comes in about a forgotten
//! order is not taken for its namesake's.

use domain::OrderId;
use domain::orders::OrderState;
use domain::providers::LookupCapability;
use ports::gateway::ListedOrder;

use crate::bench::{Bench, Desk};
use crate::panel::{about, accepted, says};

impl Desk {
    /// The order is another one from now on, placed a moment later.
    async fn is_another(&self, id: OrderId) {
        let sql = format!("UPDATE orders SET created_at = created_at + 1 WHERE id = {id}");
        self.database.execute(&sql).await.unwrap();
    }
}

#[tokio::test]
async fn the_answer_to_a_forgotten_order_is_not_recorded_on_its_namesake() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        other.is_another(id).await;
        accepted("77")
    });
    bench.send(id).await;
    let order = bench.order(id).await;
    assert_eq!(
        (order.state, order.provider_order_id),
        (OrderState::Submitting, None)
    );
    bench.close().await;
}

#[tokio::test]
async fn what_is_found_of_a_forgotten_order_is_not_recorded_on_its_namesake() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.unknown(1).await;
    let (other, order) = (bench.clone(), bench.order(id).await);
    let found = ListedOrder {
        id: domain::ProviderOrderId::new("77"),
        upstream_service: None,
        link: Some(order.link.as_str().to_owned()),
        quantity: Some(order.quantity),
        created_at: Some(order.created_at),
        reference: Some(order.reference()),
    };
    bench.panel.while_listing(move || async move {
        other.is_another(id).await;
        Ok(vec![found])
    });
    bench.reconcile(id).await;
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    bench.close().await;
}

#[tokio::test]
async fn a_report_about_a_forgotten_order_does_not_end_its_namesake() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.make_due(id).await;
    let other = bench.clone();
    bench.panel.while_asked(move || async move {
        let sql = format!(
            "UPDATE orders SET provider_order_id = '78' WHERE id = {id};
            UPDATE attempts SET provider_order_id = '78' WHERE order_id = {id}"
        );
        other.database.execute(&sql).await.unwrap();
        about([("77", says("Completed", 0))])
    });
    bench.poll().await;
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_forgotten_wish_to_cancel_cancels_nobody_elses_order() {
    let bench = Bench::new().await;
    let id = bench.submitted(1, "77").await;
    bench.canceling_upstream().ask(id).await.unwrap();
    bench.close().await;
}
