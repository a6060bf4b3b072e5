//! A placement in one statement: what only PostgreSQL does.

use std::time::Duration;

use domain::text::IdempotencyKey;
use domain::{Fingerprint, Money};
use ports::StoreError;
use ports::outbox::WorkSignal;
use ports::placing::Placement;
use testkit::fixtures::{NOW, Shop};
use tokio::time::timeout;

use crate::backend::Bench;

async fn shop(bench: &Bench) -> Shop {
    let wealth = Money::from_units(10).expect("ten fits");
    Shop::open(bench.backend.store.as_ref(), wealth)
        .await
        .expect("it opens")
}

fn placement(shop: &Shop, n: u32) -> Placement {
    Placement {
        order: shop.new_order(n, 1_000, NOW),
        key: IdempotencyKey::from_stored(format!("key {n}")),
        fingerprint: Fingerprint::of(&[("request", &n.to_string())]),
        by_key: None,
        session: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_hears_of_an_order_that_was_placed_and_of_no_other() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let shop = shop(&bench).await;
    let hears = async || {
        let news = timeout(Duration::from_millis(500), bench.signal.notified()).await;
        news.is_ok()
    };
    while hears().await {}
    let placed = bench.backend.store.place(&placement(&shop, 1)).await;
    assert!(placed.expect("it works").is_some());
    assert!(hears().await);
    while hears().await {}
    let again = bench.backend.store.place(&placement(&shop, 1)).await;
    assert_eq!(again, Ok(None));
    assert!(!hears().await);
}

/// The row that the statement returns is on its way before the commit; it is no proof of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_commit_fails_was_not_placed() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let shop = shop(&bench).await;
    let refusing = "
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse();";
    bench.database.execute(refusing).await.expect("it is made");
    let outcome = bench.backend.store.place(&placement(&shop, 1)).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    let orders = bench.database.number("SELECT COUNT(*) FROM orders").await;
    assert_eq!(orders, Ok(0));
}

/// A second node holds the wallet for longer than anybody waits for a row.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_waits_too_long_for_its_wallet_may_be_tried_again() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let shop = shop(&bench).await;
    let mut other = bench.backend.store.begin().await.expect("it begins");
    let frozen = domain::wallets::WalletStatus::Frozen;
    let set = other.wallets().set_status(&shop.user.id, frozen, NOW).await;
    assert_eq!(set, Ok(true));
    let outcome = bench.backend.store.place(&placement(&shop, 1)).await;
    assert_eq!(outcome, Err(StoreError::Contended));
    drop(other);
    let placed = bench.backend.store.place(&placement(&shop, 1)).await;
    assert!(placed.expect("it works").is_some());
}
