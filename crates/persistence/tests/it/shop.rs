//! The shop that other tests begin with is one that the product could have made.

use domain::Money;
use domain::orders::OrderState;
use testkit::fixtures::{NOW, Shop};

use crate::backend::{Bench, on_every_database};

on_every_database!(a_shop_with_an_order_has_sound_books);

async fn a_shop_with_an_order_has_sound_books(bench: Bench) {
    let store = bench.backend.store.as_ref();
    let funds = Money::from_micros(5_000_000);
    let shop = Shop::open(store, funds).await.expect("the shop opens");
    let order = shop
        .place(store, 1, 1_000, NOW)
        .await
        .expect("the order is placed");
    assert_eq!(order.price, Money::from_micros(1_000_000));
    let read = bench
        .backend
        .orders
        .find(order.id)
        .await
        .expect("orders can be read");
    let read = read.map(|view| view.order);
    assert_eq!(read.as_ref(), Some(&order));
    assert_eq!(order.state, OrderState::Held);
    let wallet = bench.backend.wallets.wallet(&shop.user.id).await;
    let wallet = wallet
        .expect("wallets can be read")
        .expect("the customer has one");
    assert_eq!(
        (wallet.available, wallet.held),
        (Money::from_micros(4_000_000), order.price)
    );
    let invariants = bench
        .backend
        .proof
        .verify()
        .await
        .expect("the books can be checked");
    let broken: Vec<_> = invariants.iter().filter(|count| count.violations != 0).collect();
    assert!(broken.is_empty() && !invariants.is_empty(), "{broken:?}");
}
