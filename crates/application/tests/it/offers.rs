//! An offer that changes between two orders, and under one that is being placed.

use application::orders::{PlaceOrder, PlaceOrderError, PlacedOrder};
use domain::Money;
use domain::catalog::Availability;
use domain::orders::PlaceRefusal;
use testkit::fixtures::rate;

use crate::bench::{Bench, Desk, PRICE, units};
use crate::place::{change_service, make_service};

/// One test for each database of a function that takes a [`Bench`].
macro_rules! on_both_databases {
    ($($case:ident),+ $(,)?) => { $(
        mod $case {
            #[tokio::test]
            async fn sqlite() {
                super::$case($crate::bench::Bench::new().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(bench) = $crate::bench::Bench::on_postgres().await {
                    super::$case(bench).await;
                }
            }
        }
    )+ };
}

on_both_databases!(
    a_price_that_another_node_changed_is_the_price_of_the_next_order,
    what_another_node_hid_is_refused_at_once_and_sold_again_once_it_is_shown,
    a_range_that_another_node_changed_is_the_range_of_the_next_order,
    a_price_that_changes_after_it_was_read_is_read_again,
    a_service_that_is_hidden_after_it_was_read_is_not_sold,
);

type Outcome = Result<PlacedOrder, PlaceOrderError>;

/// The node that has read the offer already places the `n`th order.
async fn order(node: &PlaceOrder, desk: &Desk, n: u32) -> Outcome {
    node.place(&desk.customer(), desk.wish(n, None)).await
}

fn price(outcome: Outcome) -> Money {
    outcome.unwrap().order.price
}

fn is_unavailable(outcome: &Outcome) -> bool {
    let refusal = PlaceRefusal::ServiceUnavailable;
    matches!(outcome, Err(PlaceOrderError::Refused(refused)) if *refused == refusal)
}

async fn cost_per_thousand(desk: &Desk, nanos: i64) {
    change_service(desk, |service| {
        service.rate = rate(nanos);
        service.profit = None;
    })
    .await;
}

async fn a_price_that_another_node_changed_is_the_price_of_the_next_order(bench: Bench) {
    let node = bench.placing();
    assert_eq!(price(order(&node, &bench, 1).await), PRICE);
    for (n, units_of_money) in [(2, 3), (3, 2), (4, 5)] {
        cost_per_thousand(&bench, units_of_money * 1_000_000_000).await;
        assert_eq!(price(order(&node, &bench, n).await), units(units_of_money));
    }
    assert_eq!(bench.wallet().await.1, units(11));
    bench.close().await;
}

async fn what_another_node_hid_is_refused_at_once_and_sold_again_once_it_is_shown(bench: Bench) {
    let node = bench.placing();
    order(&node, &bench, 1).await.unwrap();
    make_service(&bench, Availability::Disabled).await;
    assert!(is_unavailable(&order(&node, &bench, 2).await));
    make_service(&bench, Availability::Active).await;
    order(&node, &bench, 2).await.unwrap();
    bench.make_provider(Availability::Disabled).await;
    assert!(is_unavailable(&order(&node, &bench, 3).await));
    bench.make_provider(Availability::Active).await;
    order(&node, &bench, 3).await.unwrap();
    assert_eq!(bench.wallet().await.1, units(3));
    make_service(&bench, Availability::Archived).await;
    let outcome = order(&node, &bench, 4).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::UnknownService)),
        "{outcome:?}"
    );
    bench.close().await;
}

async fn a_range_that_another_node_changed_is_the_range_of_the_next_order(bench: Bench) {
    let node = bench.placing();
    order(&node, &bench, 1).await.unwrap();
    change_service(&bench, |service| {
        service.quantity = domain::catalog::QuantityRange::new(2_000, 3_000).unwrap();
    })
    .await;
    let outcome = order(&node, &bench, 2).await;
    let range = PlaceRefusal::QuantityOutOfRange {
        min: 2_000,
        max: 3_000,
    };
    assert!(
        matches!(&outcome, Err(PlaceOrderError::Refused(refused)) if *refused == range),
        "{outcome:?}"
    );
    // What the offer of a moment ago refuses is looked up again as well.
    let mut more = bench.wish(3, None);
    more.input = 200_000.into();
    change_service(&bench, |service| {
        service.quantity = domain::catalog::QuantityRange::new(10, 200_000).unwrap();
        service.rate = rate(1_000_000);
        service.profit = None;
    })
    .await;
    node.place(&bench.customer(), more).await.unwrap();
    bench.close().await;
}

async fn a_price_that_changes_after_it_was_read_is_read_again(bench: Bench) {
    let (node, desk) = (bench.placing(), bench.clone());
    bench.store.before_next(async move {
        cost_per_thousand(&desk, 7_000_000_000).await;
    });
    let placed = order(&node, &bench, 1).await.unwrap().order;
    assert_eq!((placed.price, placed.cost), (units(7), units(7)));
    assert_eq!(bench.order(placed.id).await, placed);
    bench.close().await;
}

async fn a_service_that_is_hidden_after_it_was_read_is_not_sold(bench: Bench) {
    let (node, desk) = (bench.placing(), bench.clone());
    bench.store.before_next(async move {
        make_service(&desk, Availability::Disabled).await;
    });
    assert!(is_unavailable(&order(&node, &bench, 1).await));
    let rows = bench.number("SELECT COUNT(*) FROM orders").await
        + bench.number("SELECT COUNT(*) FROM idempotency_keys").await;
    assert_eq!(rows, 0);
    bench.close().await;
}
