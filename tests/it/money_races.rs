//! Ten thousand orders race for the money of five hundred.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use application::caller::Caller;
use application::orders::{OrderPlacement, PlaceOrderError};
use domain::orders::OrderPolicy;
use domain::text::Link;
use domain::{Money, ServiceId};
use smm_guru::{EmbeddedOptions, System};

use crate::support::{Servers, Shop, distributed, prove_the_books};

const TASKS: u64 = 64;
const ORDERS: u64 = 10_000;
/// How many of them the wallet can pay.
const AFFORDABLE: i64 = 500;
/// 7 at 0.123457 for 1000, rounded up, in micro-units.
const PRICE: i64 = 865;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_affordable_orders_are_placed_on_sqlite() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let options = EmbeddedOptions::in_folder(folder.path());
    race(smm_guru::embedded(options).await.expect("it opens")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_affordable_orders_are_placed_on_postgres() {
    let Some(servers) = Servers::fresh("a race for money").await else {
        return;
    };
    let options = distributed(&servers, OrderPolicy::default());
    race(smm_guru::distributed(options).await.expect("it opens")).await;
}

async fn race(system: System) {
    let system = Arc::new(system);
    let shop = Shop::open(&system, "https://panel.example/api/v2", "0.123457").await;
    shop.fund(&system, all_of_them()).await;
    let (customer, service) = (shop.customer, shop.service);
    let next = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| tokio::spawn(order_on(system.clone(), customer.clone(), service, next.clone())))
        .collect();
    let mut placed = 0;
    for task in tasks {
        placed += task.await.expect("no task panics");
    }
    assert_eq!(placed, AFFORDABLE);
    let wallet = system
        .services()
        .wallets
        .browse
        .balance(&customer)
        .await
        .expect("a wallet");
    assert_eq!(wallet.available, Money::ZERO);
    assert_eq!(wallet.held, all_of_them());
    prove_the_books(&system).await;
    system.close().await;
}

fn all_of_them() -> Money {
    Money::from_micros(PRICE * AFFORDABLE)
}

/// Takes orders until none is left; how many were placed. Any refusal but the lack of money is a failure.
async fn order_on(system: Arc<System>, customer: Caller, service: ServiceId, next: Arc<AtomicU64>) -> i64 {
    let mut placed = 0;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= ORDERS {
            return placed;
        }
        let wanted = OrderPlacement {
            service,
            link: Link::parse(&format!("https://example.com/{number}")).expect("a link"),
            input: 7.into(),
            key: None,
            max_rate: None,
        };
        match system.services().orders.place.place(&customer, wanted).await {
            Ok(_) => placed += 1,
            Err(PlaceOrderError::InsufficientBalance { price, available }) => {
                assert_eq!(price.micros(), PRICE);
                assert!(
                    available >= Money::ZERO && available < price,
                    "{available} is enough"
                );
            }
            Err(error) => panic!("order {number}: {error}"),
        }
    }
}
