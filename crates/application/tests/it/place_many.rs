//! Many orders at once: all of them or none, and each as if it had been placed alone.

use application::orders::{LineRefusal, OrderLine, PlaceOrders, PlaceOrdersError, PlacedOrders};
use domain::orders::{EventKind, OrderState, PlaceRefusal};
use domain::text::IdempotencyKey;
use domain::{Money, ServiceId};
use ports::StoreError;
use testkit::fixtures::{link, rate};

use crate::bench::{Bench, Desk, PIECES, PRICE, WEALTH, units};
use crate::panel::accepted;
use crate::place::change_service;

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
    each_of_many_orders_is_what_it_would_be_alone,
    the_same_line_many_times_is_as_many_orders,
    the_same_key_with_the_same_orders_is_the_same_orders_for_ever,
    a_commit_of_unknown_fate_is_found_by_its_key,
    a_price_that_changes_after_it_was_read_is_read_again,
    racers_take_what_there_is_in_whole_mass_orders,
    racers_with_one_key_place_the_orders_once,
    what_cannot_be_paid_or_is_not_sold_leaves_nothing_behind,
);

type Outcome = Result<PlacedOrders, PlaceOrdersError>;

fn node(desk: &Desk) -> PlaceOrders {
    let backend = desk.backend.clone();
    PlaceOrders::new(
        backend.store,
        backend.orders,
        backend.catalog,
        desk.clock.clone(),
        desk.policy,
    )
}

fn lines(desk: &Desk, range: std::ops::Range<u32>) -> Vec<OrderLine> {
    let line = |n| OrderLine {
        service: desk.shop.service.id,
        link: link(n),
        quantity: PIECES,
    };
    range.map(line).collect()
}

async fn place(desk: &Desk, lines: &[OrderLine], key: Option<&str>) -> Outcome {
    let key = key.map(IdempotencyKey::from_stored);
    node(desk).place(&desk.customer(), lines, key).await
}

async fn rows(desk: &Desk) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in ["orders", "order_events", "idempotency_keys", "outbox"] {
        rows.push(desk.number(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    rows
}

async fn each_of_many_orders_is_what_it_would_be_alone(bench: Bench) {
    let alone = bench.order(bench.place(0).await).await;
    let placed = place(&bench, &lines(&bench, 1..6), None).await.unwrap();
    assert_eq!((placed.total, placed.replayed), (units(5), false));
    for (n, order) in (1..6).zip(&placed.orders) {
        assert_eq!(bench.order(order.id).await, *order);
        let mut same = order.clone();
        (same.id, same.link) = (alone.id, alone.link.clone());
        assert_eq!((same, &order.link), (alone.clone(), &link(n)));
        assert_eq!(bench.events(order.id).await, [EventKind::Placed]);
        bench.panel.answers(accepted(&format!("p{n}")));
        bench.send(order.id).await;
        assert_eq!(bench.state(order.id).await, OrderState::Submitted);
    }
    let jobs = bench.jobs().await;
    assert_eq!(jobs.len(), 6);
    assert!(
        jobs.iter()
            .all(|job| job.starts_with("order.submit ") && job.ends_with(" due"))
    );
    assert_eq!(bench.wallet().await, (units(WEALTH - 6), PRICE));
    bench.close().await;
}

async fn the_same_line_many_times_is_as_many_orders(bench: Bench) {
    let line = lines(&bench, 1..2).remove(0);
    let placed = place(&bench, &vec![line; 100], Some("key")).await.unwrap();
    let ids: std::collections::BTreeSet<_> = placed.orders.iter().map(|order| order.id).collect();
    assert_eq!((ids.len(), placed.total), (100, units(100)));
    assert_eq!(rows(&bench).await, [100, 100, 100, 100]);
    bench.close().await;
}

async fn the_same_key_with_the_same_orders_is_the_same_orders_for_ever(bench: Bench) {
    // The longest key there is.
    let key = "k".repeat(255);
    let wanted = lines(&bench, 0..4);
    let first = place(&bench, &wanted, Some(&key)).await.unwrap();
    change_service(&bench, |service| service.rate = rate(9_000_000_000)).await;
    let canceled = first.orders[2].id;
    bench
        .canceling()
        .cancel(&bench.customer(), canceled)
        .await
        .unwrap();
    let again = place(&bench, &wanted, Some(&key)).await.unwrap();
    assert!(again.replayed);
    let ids = |placed: &PlacedOrders| placed.orders.iter().map(|order| order.id).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&first));
    assert_eq!(
        again.orders[2].state,
        OrderState::Voided,
        "the order as it is now"
    );
    change_service(&bench, |service| {
        service.quantity = domain::catalog::QuantityRange::new(1, 2).unwrap()
    })
    .await;
    assert_eq!(
        ids(&place(&bench, &wanted, Some(&key)).await.unwrap()),
        ids(&first)
    );

    let mut turned = wanted.clone();
    turned.swap(0, 1);
    for other in [turned, wanted[..3].to_vec()] {
        let outcome = place(&bench, &other, Some(&key)).await;
        assert!(matches!(outcome, Err(PlaceOrdersError::KeyReused)), "{outcome:?}");
    }
    assert_eq!(rows(&bench).await[0], 4);
    bench.close().await;
}

async fn a_commit_of_unknown_fate_is_found_by_its_key(bench: Bench) {
    let wanted = lines(&bench, 0..3);
    bench.store.lies_at(1);
    let outcome = place(&bench, &wanted, Some("key")).await;
    assert!(
        matches!(outcome, Err(PlaceOrdersError::Store(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
    bench.store.contends_at(1);
    assert!(place(&bench, &wanted, Some("key")).await.unwrap().replayed);
    bench.store.calms_down();
    bench.store.contends_at(1);
    assert!(!place(&bench, &wanted, Some("other")).await.unwrap().replayed);
    assert_eq!(bench.wallet().await.1, units(6));
    bench.close().await;
}

async fn a_price_that_changes_after_it_was_read_is_read_again(bench: Bench) {
    let desk = bench.clone();
    bench.store.before_next(async move {
        change_service(&desk, |service| {
            (service.rate, service.profit) = (rate(7_000_000_000), None);
        })
        .await;
    });
    let placed = place(&bench, &lines(&bench, 0..3), None).await.unwrap();
    assert_eq!(placed.total, units(21));
    bench.close().await;
}

async fn racers_take_what_there_is_in_whole_mass_orders(bench: Bench) {
    // 30 of 200 each, beside single orders of one.
    let many = (0..10_u32).map(|n| {
        let (desk, lines) = (bench.clone(), lines(&bench, n * 30..n * 30 + 30));
        async move { place(&desk, &lines, None).await.is_ok() }
    });
    let singles = (1_000..1_016).map(|n| bench.try_place(bench.wish(n, None)));
    let (many, singles) = futures::join!(
        futures::future::join_all(many),
        futures::future::join_all(singles)
    );
    let (many, singles) = (
        many.into_iter().filter(|placed| *placed).count(),
        singles.into_iter().filter(Result::is_ok).count(),
    );
    assert_eq!((many, singles), (6, 16));
    assert_eq!(bench.wallet().await, (units(4), units(196)));
    bench.close().await;
}

async fn racers_with_one_key_place_the_orders_once(bench: Bench) {
    let wanted = lines(&bench, 0..20);
    let racers = (0..8).map(|_| place(&bench, &wanted, Some("key")));
    let placed = futures::future::join_all(racers).await;
    let placed: Vec<_> = placed.into_iter().map(Result::unwrap).collect();
    assert_eq!(placed.iter().filter(|placed| !placed.replayed).count(), 1);
    assert!(placed.iter().all(|one| one.orders == placed[0].orders));
    assert_eq!(bench.wallet().await.1, units(20));
    bench.close().await;
}

async fn what_cannot_be_paid_or_is_not_sold_leaves_nothing_behind(bench: Bench) {
    let mut wanted = lines(&bench, 0..3);
    wanted[1].service = ServiceId(404);
    wanted[2].quantity = 9;
    let outcome = place(&bench, &wanted, Some("key")).await;
    let Err(PlaceOrdersError::Lines(refused)) = outcome else {
        panic!("{outcome:?}");
    };
    let range = PlaceRefusal::QuantityOutOfRange {
        min: 10,
        max: 100_000,
    };
    let expected = [
        (1, LineRefusal::UnknownService),
        (2, LineRefusal::Refused(range.clone())),
    ];
    assert_eq!(refused, expected);
    let preview = node(&bench).preview(&bench.customer(), &wanted).await.unwrap();
    let prices = [
        Ok(PRICE),
        Err(LineRefusal::UnknownService),
        Err(LineRefusal::Refused(range)),
    ];
    assert_eq!(
        (preview.lines.as_slice(), preview.total),
        (prices.as_slice(), PRICE)
    );

    let mut dear = lines(&bench, 0..3);
    dear.iter_mut().for_each(|line| line.quantity = 70_000);
    let outcome = place(&bench, &dear, Some("key")).await;
    assert!(
        matches!(outcome, Err(PlaceOrdersError::InsufficientBalance { price, available })
            if price == units(210) && available == units(WEALTH)),
        "{outcome:?}"
    );
    change_service(&bench, |service| service.rate = rate(9_000_000_000_000_000_000)).await;
    let outcome = place(&bench, &dear, Some("key")).await;
    assert!(matches!(outcome, Err(PlaceOrdersError::TooLarge)), "{outcome:?}");
    for number in [0, 101] {
        let outcome = place(&bench, &lines(&bench, 0..number), None).await;
        assert!(matches!(outcome, Err(PlaceOrdersError::Number)), "{outcome:?}");
    }
    assert_eq!(rows(&bench).await, [0; 4]);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}
