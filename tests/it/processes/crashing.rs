//! PostgreSQL is restarted at once, without time to finish anything, while customers order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::orders::Hold;
use domain::providers::LookupCapability;

use super::buyers::{Buyers, panel};
use super::installation::{HURRIED, Installation};
use super::shop::Shop;
use crate::support::{PrivatePostgres, eventually, the_panel_agrees};

const CRASHES: usize = 3;
/// How many orders were asked for when it happens, and how many more when it has happened.
const BEFORE: usize = 15;
const AFTER: usize = 5;
/// Orders between two crashes at most.
const ORDERS: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_customers_place_while_postgres_crashes_are_there_once_and_sent_once() {
    const TEST: &str = "crashing while customers order";
    let Some(postgres) = PrivatePostgres::start(TEST) else {
        return;
    };
    let Some(installation) = Installation::on(HURRIED, &postgres.url(), TEST).await else {
        return;
    };
    let panel = panel("").await;
    let mut shop = Shop::at(&installation, &panel.url(), LookupCapability::Reference).await;
    let (_server, address) = installation.serve().await;
    let _worker = installation.work().await;
    let buyers = Buyers::arrive(&shop, &address).await;
    for _ in 0..CRASHES {
        let enough = Arc::new(AtomicBool::new(false));
        let shopping = buyers.go_shopping(&address, ORDERS, &enough);
        buyers.have_asked_for(BEFORE).await;
        let restart = || {
            postgres.crash();
            postgres.go_on();
        };
        shop = shop.reopened(&installation, restart).await;
        buyers.have_asked_for(AFTER).await;
        enough.store(true, Ordering::SeqCst);
        for buyer in shopping {
            buyer.await.unwrap();
        }
    }
    buyers.ask_again(&address).await;
    let orders = buyers.orders().await;
    println!("{CRASHES} crashes, {} orders", orders.len());
    let mut sent = 0;
    for (id, link) in &orders {
        let order = eventually(
            || format!("order {id} has ended"),
            async || {
                let order = shop.order(*id).await.order;
                order.state.is_terminal().then_some(order)
            },
        )
        .await;
        let (asked, has) = (
            panel.asked_count_for_link(link),
            panel.placed_count_for_link(link),
        );
        assert!(
            asked <= 1 && has == u64::from(order.hold == Hold::Posted),
            "{order:#?}"
        );
        the_panel_agrees(&panel, &order);
        sent += usize::try_from(has).unwrap();
    }
    assert_eq!(panel.orders().len(), sent, "nobody was told of some order");
    buyers.ask_once_more(&address).await;
    installation.books_are_right();
    panel.stop().await;
}
