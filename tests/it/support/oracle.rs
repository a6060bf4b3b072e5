//! What must be true at the end of every test, whatever happened in it.

use domain::Money;
use domain::PageSize;
use domain::orders::{Hold, Order, OrderState};
use ports::orders::OrderFilter;
use sandbox::Panel;
use smm_guru::System;

use super::values::money;
use super::world::World;

/// Every order has ended, and ours is the provider's view of it.
pub async fn prove(world: &World, decided: &[i64]) {
    let queries = &world.system().adapters().orders;
    let everything = queries.list(&OrderFilter::default(), None, PageSize::WHOLE).await;
    let orders: Vec<Order> = everything
        .expect("orders can be listed")
        .into_iter()
        .map(|view| view.order)
        .collect();
    for order in &orders {
        assert!(
            order.state.is_terminal(),
            "order {} is {:?}",
            order.id,
            order.state
        );
        let same_link = orders.iter().filter(|other| other.link == order.link);
        let sent = same_link.filter(|other| other.hold == Hold::Posted).count();
        let placed = world.panel.placed_count_for_link(order.link.as_str());
        assert_eq!(
            usize::try_from(placed),
            Ok(sent),
            "order {} at the panel",
            order.id
        );
        if !decided.contains(&order.id.0) {
            the_panel_agrees(&world.panel, order);
        }
    }
    let owned = world.panel.orders();
    assert!(
        owned
            .iter()
            .all(|theirs| orders.iter().any(|ours| ours.link.as_str() == theirs.link)),
        "the panel has an order that is none of ours: {owned:#?}"
    );
    the_wallet_is_the_sum_of_its_entries(world).await;
}

/// The panel bills what the order costs, and keeps what was delivered of it.
pub fn the_panel_agrees(panel: &Panel, order: &Order) {
    let Some(id) = &order.provider_order_id else {
        return;
    };
    let id = id.to_string().parse().expect("the panel's ids are numbers");
    let theirs = panel.order(id).expect("the panel has it");
    assert_eq!(theirs.link, order.link.as_str());
    assert_eq!(theirs.quantity, order.quantity);
    assert_eq!(
        micros(order.cost),
        theirs.billed_micros,
        "what order {} costs",
        order.id
    );
    let undelivered = match order.state {
        OrderState::Partial => order.remains.expect("a partial order has remains"),
        OrderState::Canceled => order.quantity,
        _ => 0,
    };
    let back = order.cost.share_rounded_down(undelivered, order.quantity);
    let kept = order.cost.saturating_sub(back.expect("a share fits"));
    assert_eq!(
        micros(kept),
        theirs.charge_micros,
        "what the panel keeps of order {}",
        order.id
    );
}

fn micros(amount: Money) -> u64 {
    u64::try_from(amount.micros()).expect("an amount is not negative")
}

async fn the_wallet_is_the_sum_of_its_entries(world: &World) {
    let path = "/api/v1/dashboard/wallet/transactions?limit=100";
    let entries = world
        .customer
        .get(path)
        .await
        .success(200, "TRANSACTIONS_FETCHED");
    assert!(
        entries["nextCursor"].is_null(),
        "the test has more entries than a page"
    );
    let entries = entries["transactions"].as_array().expect("entries").clone();
    let sum: i64 = entries.iter().map(|entry| money(&entry["amount"])).sum();
    let (balance, held) = world.wallet().await;
    assert_eq!((balance, held), (sum, 0), "{entries:#?}");
}

/// V1 to V17.
pub async fn prove_the_books(system: &System) {
    let proof = system
        .adapters()
        .ledger
        .verify()
        .await
        .expect("the books can be read");
    assert_eq!(proof.len(), 15);
    let violated: Vec<_> = proof
        .iter()
        .filter(|invariant| invariant.violations != 0)
        .collect();
    assert!(violated.is_empty(), "the books are wrong: {violated:#?}");
}

#[cfg(test)]
mod tests {
    use domain::{ProviderId, Secret};
    use ports::gateway::{PanelOrder, PanelTarget};

    use crate::support::{PANEL_KEY, Way};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "at the panel")]
    async fn an_order_that_was_sent_twice_does_not_go_unnoticed() {
        let world = Way::Embedded.world().await.expect("it needs no servers");
        let id = world.place("complete").await;
        let order = world.until(id, "completed").await;
        let target = PanelTarget {
            provider: ProviderId(world.provider),
            api_url: world.panel.url(),
            api_key: Secret::new(PANEL_KEY),
        };
        let again = PanelOrder {
            upstream_service: "1012".to_owned(),
            link: order["order"]["link"].as_str().expect("a link").to_owned(),
            quantity: Some(1_000),
            comments: None,
            reference: None,
        };
        world.system().adapters().gateway.add(&target, &again).await;
        world.close().await;
    }
}
