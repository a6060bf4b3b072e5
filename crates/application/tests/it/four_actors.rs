//! Many orders, and for each a customer, a provider, a member of staff and workers who do things at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use application::orders::Fate;
use async_trait::async_trait;
use domain::orders::ReviewDecision;
use domain::providers::AddAnswer;
use domain::{OrderId, ProviderOrderId};
use futures::StreamExt;
use futures::stream::iter;
use ports::gateway::{PanelBalance, PanelCatalogue, PanelError, PanelGateway, PanelOrder, PanelTarget};

use crate::bench::{Bench, Desk, units};
use crate::panel::{Listed, Statuses, accepted, lost, says};

/// Orders of an ordinary test run, and on request.
const FEW: u32 = 300;
const MANY: u32 = 1_000;
/// Orders that are worked on at once.
const AT_ONCE: usize = 16;

/// Takes two of three orders, loses the answer of the third, and says something else whenever it is asked.
#[derive(Default)]
struct Fickle {
    orders: AtomicU64,
    asked: AtomicU64,
}

const WORDS: [(&str, u64); 7] = [
    ("In progress", 900),
    ("Partial", 400),
    ("Completed", 0),
    ("Partial", 700),
    ("Canceled", 1_000),
    ("Refunded", 500),
    ("Partial", 5_000),
];

#[async_trait]
impl PanelGateway for Fickle {
    async fn add(&self, _: &PanelTarget, _: &PanelOrder) -> AddAnswer {
        match self.orders.fetch_add(1, Ordering::Relaxed) {
            lost_one if lost_one % 3 == 2 => lost(),
            number => accepted(&format!("{number}")),
        }
    }

    async fn statuses(&self, _: &PanelTarget, ids: &[ProviderOrderId]) -> Statuses {
        let said = ids.iter().map(|id| {
            let asked = usize::try_from(self.asked.fetch_add(1, Ordering::Relaxed)).unwrap();
            let (word, remains) = WORDS[asked % WORDS.len()];
            (id.clone(), says(word, remains))
        });
        Ok(said.collect::<HashMap<_, _>>())
    }

    async fn recent_orders(&self, _: &PanelTarget, _: Option<String>) -> Listed {
        Ok(Vec::new())
    }

    async fn cancel(&self, _: &PanelTarget, _: &ProviderOrderId) -> Result<(), PanelError> {
        Ok(())
    }

    async fn refill(&self, _: &PanelTarget, _: &ProviderOrderId) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn refill_status(&self, _: &PanelTarget, _: &str) -> Result<String, PanelError> {
        panic!("nobody refills here")
    }

    async fn services(&self, _: &PanelTarget) -> Result<PanelCatalogue, PanelError> {
        panic!("nobody asks for services here")
    }

    async fn balance(&self, _: &PanelTarget) -> Result<PanelBalance, PanelError> {
        panic!("nobody asks for the balance here")
    }

    fn check_address(&self, _: &str) -> Result<(), PanelError> {
        Ok(())
    }
}

/// Everybody does something about the order: what they are told does not matter, what becomes of the money does.
async fn everybody(desk: &Desk, id: OrderId) {
    let n = id.0;
    let customer = async {
        let _ = desk.canceling().cancel(&desk.customer(), id).await;
        let _ = desk.canceling().cancel(&desk.customer(), id).await;
    };
    let news = async {
        desk.make_due(id).await;
        desk.poll().await;
        desk.make_due(id).await;
        desk.poll().await;
    };
    let workers = async {
        let _ = desk.submitting().submit(id).await;
        let _ = desk.reconciling().reconcile(id).await;
        let _ = desk.canceling_upstream().ask(id).await;
    };
    let staff = async {
        let fate = match n % 2 {
            0 => Fate::NotPlaced,
            _ => Fate::PlacedAs(ProviderOrderId::new(format!("s{n}"))),
        };
        let deciding = desk.deciding();
        let _ = deciding.decide_fate(&desk.staff(1), id, &fate, "race").await;
        let decision = match n % 3 {
            0 => ReviewDecision::Canceled,
            1 => ReviewDecision::Completed,
            _ => ReviewDecision::Partial { remains: 300 },
        };
        let _ = deciding.decide_review(&desk.staff(2), id, decision, "race").await;
    };
    futures::join!(news, customer, staff, workers);
}

async fn race(bench: Bench, orders: u32) {
    bench.panel.is_played_by(Arc::new(Fickle::default()));
    bench.has_money_for(orders).await;
    bench
        .turn(|provider| provider.settings.exposure_cap = units(10_000))
        .await;
    let desk: &Desk = &bench;
    let placed: Vec<OrderId> = iter(0..orders)
        .map(|n| async move {
            let id = desk.place(n).await;
            if n % 4 != 0 {
                let _ = desk.submitting().submit(id).await;
            }
            id
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    bench.pass(bench.policy.lease + bench.policy.quarantine);
    iter(placed)
        .for_each_concurrent(AT_ONCE, |id| everybody(desk, id))
        .await;
    let books = |what: &'static str, sql: &'static str| async move {
        assert_eq!(desk.number(sql).await, 0, "{what}");
    };
    books(
        "given back and kept is what was charged, at most",
        "SELECT COUNT(*) FROM orders WHERE refunded + recognised > price",
    )
    .await;
    books(
        "what a customer got back for an order is its price, at most",
        "SELECT COUNT(*) FROM (
            SELECT order_id FROM transfers JOIN orders ON orders.id = order_id
            WHERE kind IN ('refund', 'void') GROUP BY order_id, price HAVING SUM(amount) > price) AS doubled",
    )
    .await;
    books(
        "an order is given back by a void or by refunds, not by both",
        "SELECT COUNT(*) FROM transfers v JOIN transfers p ON p.order_id = v.order_id AND p.kind = 'post'
            WHERE v.kind = 'void'",
    )
    .await;
    let ended = "SELECT COUNT(*) FROM orders WHERE state IN ('completed', 'partial', 'canceled', 'voided')";
    assert!(
        desk.number(ended).await > i64::from(orders) / 2,
        "most races come to an end"
    );
    let wallet = bench
        .backend
        .wallets
        .wallet(&bench.shop.user.id)
        .await
        .unwrap()
        .unwrap();
    let held = "SELECT CAST(COALESCE(SUM(price), 0) AS BIGINT) FROM orders WHERE hold = 'pending'";
    assert_eq!(wallet.held.micros(), desk.number(held).await);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_actors_on_each_order_give_nothing_back_twice_on_sqlite() {
    race(Bench::in_a_file().await, FEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_actors_on_each_order_give_nothing_back_twice_on_postgres() {
    if let Some(bench) = Bench::on_postgres().await {
        race(bench, FEW).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute; docs/TESTING.md says how to run it"]
async fn four_actors_on_each_of_many_orders_give_nothing_back_twice_on_sqlite() {
    race(Bench::in_a_file().await, MANY).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute; docs/TESTING.md says how to run it"]
async fn four_actors_on_each_of_many_orders_give_nothing_back_twice_on_postgres() {
    if let Some(bench) = Bench::on_postgres().await {
        race(bench, MANY).await;
    }
}
