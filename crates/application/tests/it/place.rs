//! Placing an order: what is taken, what is refused, and what counts as the same order.

use std::time::Duration;

use application::caller::Caller;
use application::orders::{PlaceOrderError, PlacedOrder};
use domain::catalog::{Availability, Service};
use domain::identity::Ban;
use domain::orders::{EventKind, Hold, OrderState, PlaceRefusal};
use domain::wallets::WalletStatus;
use domain::{Money, OrderId, ServiceId};
use ports::Store;
use testkit::fixtures::{after, rate, user};

use crate::bench::{Bench, COST, Desk, PRICE, WEALTH, units};
use crate::panel::about;

type Outcome = Result<PlacedOrder, PlaceOrderError>;

pub async fn change_service(desk: &Desk, change: impl FnOnce(&mut Service)) {
    let mut tx = desk.store.begin().await.unwrap();
    let mut service = tx
        .catalog()
        .lock_service(desk.shop.service.id)
        .await
        .unwrap()
        .unwrap();
    change(&mut service);
    tx.catalog().update_service(&service).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn make_service(desk: &Desk, availability: Availability) {
    let mut tx = desk.store.begin().await.unwrap();
    let now = after(1);
    let id = desk.shop.service.id;
    assert!(
        tx.catalog()
            .set_service_availability(id, availability, now)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

async fn assert_nothing_recorded(desk: &Desk) {
    for table in ["orders", "order_events", "idempotency_keys", "outbox"] {
        assert_eq!(
            desk.number(&format!("SELECT COUNT(*) FROM {table}")).await,
            0,
            "{table}"
        );
    }
}

fn order_of(outcome: Outcome) -> OrderId {
    outcome.unwrap().order.id
}

#[tokio::test]
async fn an_order_holds_the_price_and_leaves_a_job_behind() {
    let bench = Bench::new().await;
    let placed = bench.try_place(bench.wish(1, Some("key"))).await.unwrap();
    assert!(!placed.replayed);
    let order = bench.order(placed.order.id).await;
    assert_eq!(order, placed.order);
    assert_eq!((order.state, order.hold), (OrderState::Held, Hold::Pending));
    assert_eq!((order.price, order.cost), (PRICE, COST));
    assert_eq!(bench.wallet().await, (units(WEALTH).saturating_sub(PRICE), PRICE));
    assert_eq!(bench.jobs().await, [format!("order.submit {} due", order.id)]);
    assert_eq!(bench.events(order.id).await, [EventKind::Placed]);
    bench.close().await;
}

#[tokio::test]
async fn the_same_key_with_the_same_request_is_the_same_order_for_ever() {
    let bench = Bench::new().await;
    let first = order_of(bench.try_place(bench.wish(1, Some("key"))).await);
    bench.pass(Duration::from_hours(24 * 365));
    bench.canceling().cancel(&bench.customer(), first).await.unwrap();
    let again = bench.try_place(bench.wish(1, Some("key"))).await.unwrap();
    assert_eq!((again.order.id, again.replayed), (first, true));
    assert_eq!(again.order.state, OrderState::Voided, "the order as it is now");
    assert_eq!(bench.number("SELECT COUNT(*) FROM orders").await, 1);
    bench.close().await;
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused_and_changes_nothing() {
    let bench = Bench::new().await;
    order_of(bench.try_place(bench.wish(1, Some("key"))).await);
    let mut more = bench.wish(1, Some("key"));
    more.input = 1_001.into();
    for other in [bench.wish(2, Some("key")), more] {
        let outcome = bench.try_place(other).await;
        assert!(matches!(outcome, Err(PlaceOrderError::KeyReused)), "{outcome:?}");
    }
    assert_eq!(bench.wallet().await.1, PRICE);
    bench.close().await;
}

#[tokio::test]
async fn two_customers_may_use_the_same_key() {
    let bench = Bench::new().await;
    let other = user(2);
    let mut tx = bench.store.begin().await.unwrap();
    tx.identity().insert_user(&other).await.unwrap();
    tx.wallets().create(&other.id, after(0)).await.unwrap();
    tx.commit().await.unwrap();

    order_of(bench.try_place(bench.wish(1, Some("key"))).await);
    let outcome = bench
        .placing()
        .place(&Caller::new(other), bench.wish(1, Some("key")))
        .await;
    // The other one has no money; with the first one's order they would have got an order instead.
    assert!(
        matches!(outcome, Err(PlaceOrderError::InsufficientBalance { .. })),
        "{outcome:?}"
    );
    bench.close().await;
}

#[tokio::test]
async fn two_keys_make_the_same_request_two_orders() {
    let bench = Bench::new().await;
    let first = order_of(bench.try_place(bench.wish(1, Some("one"))).await);
    let second = order_of(bench.try_place(bench.wish(1, Some("two"))).await);
    assert_ne!(first, second);
    assert_eq!(bench.wallet().await.1, units(2));
    bench.close().await;
}

#[tokio::test]
async fn without_a_key_the_same_order_within_the_window_is_an_accident() {
    let bench = Bench::new().await;
    let first = order_of(bench.try_place(bench.wish(1, None)).await);
    bench.pass(bench.policy.twin_window);
    let outcome = bench.try_place(bench.wish(1, None)).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::Twin { order }) if order == first),
        "{outcome:?}"
    );
    order_of(bench.try_place(bench.wish(2, None)).await);
    order_of(bench.try_place(bench.wish(1, Some("meant"))).await);

    bench.pass(Duration::from_micros(1));
    let third = order_of(bench.try_place(bench.wish(1, None)).await);
    let outcome = bench.try_place(bench.wish(1, None)).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::Twin { order }) if order == third),
        "{outcome:?}"
    );
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_has_ended_is_no_twin() {
    let bench = Bench::new().await;
    let first = order_of(bench.try_place(bench.wish(1, None)).await);
    bench.canceling().cancel(&bench.customer(), first).await.unwrap();
    assert_ne!(order_of(bench.try_place(bench.wish(1, None)).await), first);
    bench.close().await;
}

#[tokio::test]
async fn an_order_keeps_its_price_its_provider_and_its_words_when_the_service_changes() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let before = bench.order(id).await;
    change_service(&bench, |service| {
        service.rate = rate(9_000_000_000);
        service.profit = None;
        service.name = testkit::fixtures::name("Something else");
        service.upstream_id = "9999".to_owned();
        service.cancel = false;
    })
    .await;

    bench.panel.answers(crate::panel::accepted("77"));
    bench.send(id).await;
    assert_eq!(
        bench.panel.received()[0].upstream_service,
        before.service.upstream_id
    );
    bench.pass(Duration::from_mins(2));
    bench
        .panel
        .reports(about([("77", crate::panel::says("Completed", 0))]));
    bench.poll().await;
    let order = bench.order(id).await;
    assert_eq!(
        (order.price, order.cost, &order.service),
        (PRICE, COST, &before.service)
    );
    assert_eq!((order.state, order.recognised), (OrderState::Completed, PRICE));

    let next = bench.order(bench.place(1).await).await;
    assert_eq!(
        (next.price, next.service.upstream_id),
        (units(9), "9999".to_owned())
    );
    bench.close().await;
}

#[tokio::test]
async fn what_is_not_offered_is_not_sold() {
    let bench = Bench::new().await;
    let mut nowhere = bench.wish(1, None);
    nowhere.service = ServiceId(404);
    let outcome = bench.try_place(nowhere).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::UnknownService)),
        "{outcome:?}"
    );

    for away in [Availability::Disabled, Availability::Archived] {
        bench.make_provider(away).await;
        let outcome = bench.try_place(bench.wish(1, Some("key"))).await;
        let refused = matches!(
            outcome,
            Err(PlaceOrderError::Refused(PlaceRefusal::ServiceUnavailable))
        );
        assert!(refused, "provider {away:?}: {outcome:?}");
        if away == Availability::Disabled {
            bench.make_provider(Availability::Active).await;
        }
    }
    assert_nothing_recorded(&bench).await;
    bench.close().await;
}

#[tokio::test]
async fn a_hidden_service_is_refused_and_an_archived_one_is_not_there() {
    let bench = Bench::new().await;
    make_service(&bench, Availability::Disabled).await;
    let outcome = bench.try_place(bench.wish(1, None)).await;
    let refused = matches!(
        outcome,
        Err(PlaceOrderError::Refused(PlaceRefusal::ServiceUnavailable))
    );
    assert!(refused, "{outcome:?}");

    make_service(&bench, Availability::Archived).await;
    let outcome = bench.try_place(bench.wish(1, None)).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::UnknownService)),
        "{outcome:?}"
    );
    assert_nothing_recorded(&bench).await;
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_was_taken_is_found_by_its_key_even_if_it_would_be_refused_now() {
    let bench = Bench::new().await;
    let first = order_of(bench.try_place(bench.wish(1, Some("key"))).await);
    for away in [Availability::Disabled, Availability::Archived] {
        make_service(&bench, away).await;
        let again = bench.try_place(bench.wish(1, Some("key"))).await.unwrap();
        assert_eq!((again.order.id, again.replayed), (first, true), "{away:?}");
        let other = bench.try_place(bench.wish(2, Some("key"))).await;
        assert!(matches!(other, Err(PlaceOrderError::KeyReused)), "{other:?}");
        let new = bench.try_place(bench.wish(1, Some("new"))).await;
        assert!(new.is_err(), "{new:?}");
    }
    assert_eq!(bench.number("SELECT COUNT(*) FROM idempotency_keys").await, 1);
    bench.close().await;
}

#[tokio::test]
async fn a_quantity_outside_the_range_is_refused() {
    let bench = Bench::new().await;
    for quantity in [0, 9, 100_001, u64::MAX] {
        let mut wish = bench.wish(1, None);
        wish.input = quantity.into();
        let outcome = bench.try_place(wish).await;
        let refused = matches!(
            outcome,
            Err(PlaceOrderError::Refused(PlaceRefusal::QuantityOutOfRange {
                min: 10,
                max: 100_000
            }))
        );
        assert!(refused, "{quantity}: {outcome:?}");
    }
    assert_nothing_recorded(&bench).await;
    bench.close().await;
}

#[tokio::test]
async fn a_banned_customer_orders_nothing_until_the_ban_is_over() {
    let bench = Bench::new().await;
    let mut banned = bench.shop.user.clone();
    banned.ban = Some(Ban {
        reason: None,
        until: Some(after(60)),
    });
    let banned = Caller::new(banned);
    let outcome = bench.placing().place(&banned, bench.wish(1, None)).await;
    let refused = matches!(outcome, Err(PlaceOrderError::Refused(PlaceRefusal::Banned)));
    assert!(refused, "{outcome:?}");
    assert_nothing_recorded(&bench).await;
    bench.pass(Duration::from_secs(60));
    order_of(bench.placing().place(&banned, bench.wish(1, None)).await);
    bench.close().await;
}

#[tokio::test]
async fn a_frozen_wallet_buys_nothing_and_still_gets_refunds() {
    let bench = Bench::new().await;
    let earlier = bench.place(1).await;
    let mut tx = bench.store.begin().await.unwrap();
    let user = &bench.shop.user.id;
    assert!(
        tx.wallets()
            .set_status(user, WalletStatus::Frozen, after(1))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    let outcome = bench.try_place(bench.wish(2, None)).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::WalletFrozen)),
        "{outcome:?}"
    );
    bench
        .canceling()
        .cancel(&bench.customer(), earlier)
        .await
        .unwrap();
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn what_the_wallet_does_not_hold_is_not_spent() {
    let bench = Bench::new().await;
    for key in ["one", "two"] {
        let mut wish = bench.wish(1, Some(key));
        wish.input = 100_000.into();
        order_of(bench.try_place(wish).await);
    }
    let outcome = bench.try_place(bench.wish(2, Some("other"))).await;
    let Err(PlaceOrderError::InsufficientBalance { price, available }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((price, available), (PRICE, Money::ZERO));
    assert_eq!(bench.number("SELECT COUNT(*) FROM idempotency_keys").await, 2);

    let stranger = Caller::new(user(9));
    let mut tx = bench.store.begin().await.unwrap();
    tx.identity().insert_user(stranger.user()).await.unwrap();
    tx.commit().await.unwrap();
    let outcome = bench.placing().place(&stranger, bench.wish(3, None)).await;
    let refused = matches!(
        outcome,
        Err(PlaceOrderError::InsufficientBalance {
            available: Money::ZERO,
            ..
        })
    );
    assert!(refused, "{outcome:?}");
    bench.close().await;
}
