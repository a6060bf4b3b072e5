//! The order that is placed in one statement is the order that is placed in many. Only PostgreSQL places in one.

#![expect(clippy::as_conversions, reason = "the numbers are those of small dice")]

use std::time::Duration;

use application::caller::Caller;
use application::orders::{OrderPlacement, PlaceOrder, PlaceOrderError};
use domain::catalog::{Availability, QuantityRange};
use domain::text::IdempotencyKey;
use domain::wallets::{Movement, WalletStatus};
use domain::{OrderId, ServiceId};
use ports::{Store, StoreError};
use testkit::fixtures::{link, name, rate, user};

use crate::bench::{Bench, Desk, PRICE, units};
use crate::place::{change_service, make_service};

/// How many things happen in the long story.
const STEPS: u64 = 400;

/// Something that happens to a shop.
#[derive(Debug, Clone)]
enum Step {
    Order { customer: u32, wish: OrderPlacement },
    Wait(Duration),
    Rename(u64),
    Price(u64),
    Range(u64),
    Show(bool),
    Employ(bool),
    Freeze(bool),
    Credit,
    Cancel(u64),
}

/// Dice that always fall the same way.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % sides
    }

    fn step(&mut self, service: ServiceId) -> Step {
        match self.roll(100) {
            0..62 => Step::Order {
                customer: if self.roll(6) == 0 { 2 } else { 1 },
                wish: self.wish(service),
            },
            62..72 => Step::Wait(
                [0, 1_000_000, 15_000_000, 15_000_001, 20_000_000].map(Duration::from_micros)
                    [self.roll(5) as usize],
            ),
            72..76 => Step::Rename(self.roll(3)),
            76..80 => Step::Price(self.roll(3)),
            80..82 => Step::Range(self.roll(3)),
            82..86 => Step::Show(self.roll(6) > 0),
            86..89 => Step::Employ(self.roll(6) > 0),
            89..92 => Step::Freeze(self.roll(6) == 0),
            92..95 => Step::Credit,
            _ => Step::Cancel(self.roll(1_000)),
        }
    }

    fn wish(&mut self, service: ServiceId) -> OrderPlacement {
        let key = match self.roll(12) {
            0..4 => None,
            4..7 => Some(format!("key{}", self.roll(6))),
            _ => Some(format!("key{}", self.roll(10_000))),
        };
        // Without keys it is always the same few orders.
        let quantities = match key {
            None => [1_000, 1_000, 5_000, 1_000, 1_000, 5_000],
            Some(_) => [10, 1_000, 2_000, 30_000, 9, 100_001],
        };
        OrderPlacement {
            service: if self.roll(40) == 0 {
                ServiceId(404)
            } else {
                service
            },
            link: link(self.roll(2) as u32),
            input: quantities[self.roll(6) as usize].into(),
            key: key.map(IdempotencyKey::from_stored),
            max_rate: None,
        }
    }
}

/// A shop, and the node through which it is asked.
struct Side {
    bench: Bench,
    node: PlaceOrder,
    placed: Vec<OrderId>,
}

impl Side {
    async fn open() -> Option<Self> {
        let bench = Bench::on_postgres().await?;
        let poor = user(2);
        let mut tx = bench.store.begin().await.unwrap();
        tx.identity().insert_user(&poor).await.unwrap();
        tx.wallets().create(&poor.id, bench.now()).await.unwrap();
        tx.commit().await.unwrap();
        credit(&bench, 2, 3).await;
        let node = bench.placing();
        Some(Self {
            bench,
            node,
            placed: Vec::new(),
        })
    }

    /// What is to be seen of a step; orders are named by when they were placed.
    async fn take(&mut self, step: Step) -> String {
        let desk = &*self.bench;
        match step {
            Step::Order { customer, wish } => {
                let outcome = self.node.place(&Caller::new(user(customer)), wish).await;
                return self.seen(outcome);
            }
            Step::Wait(time) => desk.pass(time),
            Step::Rename(n) => {
                change_service(desk, |service| match n {
                    0 => service.name = name(&format!("{} again", service.id)),
                    1 => service.upstream_id = format!("{}0", &service.upstream_id[..1]),
                    _ => service.cancel = !service.cancel,
                })
                .await;
            }
            Step::Price(n) => {
                change_service(desk, |service| match n {
                    0 => service.rate = rate(service.rate.nanos() % 2_000_000_000 + 300_000_000),
                    1 => service.profit = None,
                    _ => service.profit = Some(rate(100_000_001)),
                })
                .await;
            }
            Step::Range(n) => {
                let range = QuantityRange::new(10, [5_000, 50_000, 100_000][n as usize]);
                change_service(desk, |service| service.quantity = range.unwrap()).await;
            }
            Step::Show(shown) => make_service(desk, active(shown)).await,
            Step::Employ(employed) => desk.make_provider(active(employed)).await,
            Step::Freeze(frozen) => freeze(desk, frozen).await,
            Step::Credit => credit(desk, 1, 40).await,
            Step::Cancel(n) => {
                if let Some(id) = self.placed.get(n as usize % self.placed.len().max(1)) {
                    let outcome = desk.canceling().cancel(&desk.customer(), *id).await;
                    return format!("{}", outcome.is_ok());
                }
            }
        }
        String::new()
    }

    fn seen(&mut self, outcome: Result<application::orders::PlacedOrder, PlaceOrderError>) -> String {
        let mut nth = |id: OrderId| {
            let known = self.placed.iter().position(|placed| *placed == id);
            known.unwrap_or_else(|| {
                self.placed.push(id);
                self.placed.len() - 1
            })
        };
        match outcome {
            Ok(mut placed) => {
                placed.order.id = OrderId(nth(placed.order.id) as i64);
                format!("{placed:?}")
            }
            Err(PlaceOrderError::Twin { order }) => format!("twin of {}", nth(order)),
            Err(other) => format!("{other:?}"),
        }
    }

    /// Every row of every table, without the numbers that the database gave it.
    async fn rows(&self) -> Vec<String> {
        let tables = "SELECT table_name::TEXT FROM information_schema.tables
            WHERE table_schema = 'public' AND table_name <> 'seaql_migrations' ORDER BY 1";
        let mut rows = Vec::new();
        for table in self.bench.database.texts(tables).await.unwrap() {
            let order = match table.as_str() {
                "orders" => "t.id",
                "outbox" => "t.subject",
                "order_events" | "idempotency_keys" | "transfers" => "t.order_id",
                _ => "NULL::BIGINT",
            };
            let sql = format!(
                "SELECT '{table} ' || (SELECT COUNT(*) FROM orders o WHERE o.id <= {order}) || ' ' || (to_jsonb(t)
                    - 'id' - 'order_id' - CASE WHEN '{table}' = 'outbox' THEN 'subject' ELSE '' END
                    || CASE WHEN '{table}' = 'transfers' AND {order} IS NOT NULL THEN jsonb_build_object(
                        'reference', replace(to_jsonb(t) ->> 'reference', {order}::TEXT, 'order')) ELSE '{{}}' END
                )::TEXT AS row FROM {table} t ORDER BY 1"
            );
            rows.extend(self.bench.database.texts(&sql).await.unwrap());
        }
        rows
    }
}

const fn active(active: bool) -> Availability {
    if active {
        Availability::Active
    } else {
        Availability::Disabled
    }
}

async fn credit(desk: &Desk, customer: u32, amount: i64) {
    let reference = format!("credit {}", desk.number("SELECT COUNT(*) FROM transfers").await);
    let credit = Movement::adjustment(&user(customer).id, units(amount), &reference, "for the story");
    let mut tx = desk.store.begin().await.unwrap();
    tx.wallets().record(&credit.transfers, desk.now()).await.unwrap();
    tx.wallets()
        .apply(&credit.wallet.unwrap(), desk.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn freeze(desk: &Desk, frozen: bool) {
    let status = if frozen {
        WalletStatus::Frozen
    } else {
        WalletStatus::Active
    };
    let mut tx = desk.store.begin().await.unwrap();
    let user = &desk.shop.user.id;
    assert!(tx.wallets().set_status(user, status, desk.now()).await.unwrap());
    tx.commit().await.unwrap();
}

/// The long story, told to two shops: in one of them orders are placed at once, in the other one step by step.
#[tokio::test]
async fn an_order_placed_at_once_leaves_the_rows_of_one_placed_step_by_step() {
    let (Some(mut quick), Some(mut slow)) = (Side::open().await, Side::open().await) else {
        return;
    };
    slow.bench.store.goes_step_by_step();
    let service = quick.bench.shop.service.id;
    let mut dice = Dice(20_261_121);
    let mut told = std::collections::BTreeMap::<String, u32>::new();
    for n in 0..STEPS {
        let step = dice.step(service);
        let seen = quick.take(step.clone()).await;
        assert_eq!(seen, slow.take(step.clone()).await, "step {n}: {step:?}");
        let word = seen.split([' ', '(', '{']).next().unwrap_or_default();
        *told.entry(word.to_owned()).or_default() += 1;
        if n % 100 == 99 {
            assert_eq!(quick.rows().await, slow.rows().await, "after step {n}");
        }
    }
    // The story is worth telling: everything that can happen to an order happened.
    for word in [
        "PlacedOrder",
        "twin",
        "Refused",
        "InsufficientBalance",
        "WalletFrozen",
        "KeyReused",
        "UnknownService",
    ] {
        assert!(told.contains_key(word), "{word} is not in {told:?}");
    }
    let at_once = quick.bench.store.placed_at_once();
    assert!(at_once > 20, "{at_once} of {told:?}");
    assert_eq!(slow.bench.store.placed_at_once(), 0);
    quick.bench.close().await;
    slow.bench.close().await;
}

#[tokio::test]
async fn an_order_of_which_nobody_knows_whether_it_was_recorded_is_found_by_its_key() {
    let Some(bench) = Bench::on_postgres().await else {
        return;
    };
    bench.store.lies_at(1);
    let outcome = bench.try_place(bench.wish(1, Some("key"))).await;
    assert!(
        matches!(outcome, Err(PlaceOrderError::Store(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
    assert_eq!(bench.store.placed_at_once(), 1, "it is not tried again");
    let again = bench.try_place(bench.wish(1, Some("key"))).await.unwrap();
    assert!(again.replayed);
    assert_eq!(bench.wallet().await.1, PRICE);
    bench.close().await;
}

/// Racers that all come at once, some of which find the database changed by the others.
#[tokio::test]
async fn racers_with_few_keys_and_little_money_place_each_key_once() {
    let Some(bench) = Bench::on_postgres().await else {
        return;
    };
    let node = bench.placing();
    let customer = bench.customer();
    let racers = (0..64).map(|n: u32| {
        let mut wish = bench.wish(n % 32, Some(&format!("key{}", n % 32)));
        wish.input = 10_000.into();
        node.place(&customer, wish)
    });
    let outcomes = futures::future::join_all(racers).await;
    let placed: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(placed.iter().filter(|placed| !placed.replayed).count(), 20);
    for outcome in &outcomes {
        let expected = matches!(outcome, Ok(_) | Err(PlaceOrderError::InsufficientBalance { .. }));
        assert!(expected, "{outcome:?}");
    }
    assert_eq!(bench.wallet().await, (units(0), units(200)));
    assert_eq!(bench.number("SELECT COUNT(*) FROM orders").await, 20);
    assert_eq!(bench.number("SELECT COUNT(*) FROM idempotency_keys").await, 20);
    assert_eq!(bench.store.placed_at_once(), 20);
    bench.close().await;
}
