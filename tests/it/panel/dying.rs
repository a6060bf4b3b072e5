//! Whoever places an order for a key with a spend cap dies between any two statements: the order, its money and what the
//! key has spent are there together or not at all.

use application::caller::Caller;
use application::orders::{OrderLine, OrderPlacement, PlaceOrder, PlaceOrders};
use domain::orders::OrderPolicy;
use domain::text::{IdempotencyKey, Link};
use domain::{Money, OrderId, ServiceId};
use serde_json::json;

use super::{MANAGED, Script};
use crate::support::{DyingStore, Way, World, money, scenarios, survives};

scenarios!(on both ways:
    an_order_and_what_its_key_has_spent_survive_together_or_not_at_all,
    many_orders_and_what_their_key_has_spent_survive_together_or_not_at_all,
);

/// What 1000 followers cost, in micro-units.
const PRICE: i64 = 1_170_000;

/// Somebody who orders with a capped key in a process that dies.
struct Dying {
    world: World,
    script: Script,
    caller: Caller,
}

impl Dying {
    async fn open(way: Way, period: &str) -> Option<Self> {
        let world = way.world().await?;
        let cap = json!({ "spendCap": { "amount": "50", "period": period } });
        let script = Script::of(&world, cap).await;
        let keys = world.system().adapters().api_keys.keys_of(&world.user.id).await;
        let (key, _) = keys.expect("the database works").remove(0);
        let caller = Caller::new(world.user.clone()).showing(key);
        assert!(caller.budget().is_some());
        Some(Self {
            world,
            script,
            caller,
        })
    }

    /// What the key has spent, as its owner sees it.
    async fn spent(&self) -> i64 {
        let listed = self.world.customer.get(MANAGED).await;
        let listed = listed.success(200, "API_KEYS_FETCHED")["apiKeys"].clone();
        let listed = listed.as_array().expect("keys").clone();
        let found = listed.iter().find(|key| key["id"] == self.script.id.as_str());
        money(&found.expect("it is listed")["spendCap"]["spent"])
    }

    /// The customer's orders, and what the customer has paid and put aside for them.
    async fn ordered(&self) -> (i64, i64) {
        let orders = self
            .world
            .customer
            .get("/api/v1/dashboard/orders?limit=100")
            .await;
        let orders = orders.success(200, "ORDER_FETCHED")["orders"].clone();
        let orders = i64::try_from(orders.as_array().map_or(0, Vec::len)).expect("a few");
        (orders, 100_000_000 - self.world.wallet().await.0)
    }

    /// `orders` orders are there with their money, and the key has spent as much.
    async fn has(&self, orders: i64, step: i64) {
        assert_eq!(self.ordered().await, (orders, orders * PRICE), "at step {step}");
        assert_eq!(self.spent().await, orders * PRICE, "at step {step}");
    }

    async fn close(self) {
        let orders = self.world.system().adapters().orders.clone();
        let all = orders
            .list(
                &ports::orders::OrderFilter::default(),
                None,
                domain::PageSize::WHOLE,
            )
            .await
            .expect("the database works");
        for view in all {
            self.world.until(view.order.id.0, "completed").await;
        }
        self.world.close().await;
    }

    fn link(&self) -> Link {
        Link::parse(&self.world.link("complete")).expect("a link")
    }
}

fn service(world: &World) -> ServiceId {
    ServiceId(world.service("1012"))
}

async fn an_order_and_what_its_key_has_spent_survive_together_or_not_at_all(way: Way) {
    let Some(dying) = Dying::open(way, "total").await else {
        return;
    };
    let ports = dying.world.system().adapters();
    let mut deaths = 0;
    for step in 0.. {
        let wanted = OrderPlacement {
            service: service(&dying.world),
            link: dying.link(),
            input: 1_000.into(),
            key: Some(IdempotencyKey::parse(&format!("death-{step}")).expect("a key")),
            max_rate: None,
        };
        let place = PlaceOrder::new(
            DyingStore::after(step, ports.store.clone()),
            ports.orders.clone(),
            ports.catalog.clone(),
            ports.clock.clone(),
            OrderPolicy::default(),
        );
        let (caller, link) = (dying.caller.clone(), wanted.link.clone());
        let deed = async move { drop(place.place(&caller, wanted).await) };
        let survived = survives(deed).await;
        deaths += i64::from(!survived);
        let (orders, _) = dying.ordered().await;
        assert!([step, step + 1].contains(&orders), "{orders} at step {step}");
        dying.has(orders, step).await;
        // The script was not answered, and asks again, and again.
        let mut answers = Vec::new();
        for _ in 0..2 {
            let fields = [
                ("service", service(&dying.world).0.to_string()),
                ("link", link.to_string()),
                ("quantity", "1000".to_owned()),
                ("request_id", format!("death-{step}")),
            ];
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            answers.push(dying.script.told("add", &fields).await);
        }
        assert!(answers[0]["order"].is_i64(), "{answers:?}");
        assert_eq!(answers[0], answers[1]);
        dying.has(step + 1, step).await;
        if survived {
            break;
        }
    }
    assert!(deaths >= 9, "there are only {deaths} points to die at");
    dying.close().await;
}

async fn many_orders_and_what_their_key_has_spent_survive_together_or_not_at_all(way: Way) {
    const EACH: i64 = 2;
    let Some(dying) = Dying::open(way, "day").await else {
        return;
    };
    let ports = dying.world.system().adapters();
    let mut deaths = 0;
    for step in 0.. {
        let lines: Vec<OrderLine> = (0..EACH)
            .map(|_| OrderLine {
                service: service(&dying.world),
                link: dying.link(),
                quantity: 1_000,
            })
            .collect();
        let key = Some(IdempotencyKey::parse(&format!("many-{step}")).expect("a key"));
        let place = |store| {
            PlaceOrders::new(
                store,
                ports.orders.clone(),
                ports.catalog.clone(),
                ports.clock.clone(),
                OrderPolicy::default(),
            )
        };
        let (doomed, again) = (
            place(DyingStore::after(step, ports.store.clone())),
            place(ports.store.clone()),
        );
        let (caller, same, its_key) = (dying.caller.clone(), lines.clone(), key.clone());
        let survived = survives(async move { drop(doomed.place(&caller, &same, its_key).await) }).await;
        deaths += i64::from(!survived);
        let (orders, _) = dying.ordered().await;
        assert!(
            [step * EACH, (step + 1) * EACH].contains(&orders),
            "{orders} at step {step}"
        );
        dying.has(orders, step).await;
        let mut placed: Vec<Vec<OrderId>> = Vec::new();
        for _ in 0..2 {
            let answer = again.place(&dying.caller, &lines, key.clone()).await;
            let answer = answer.expect("it is placed");
            assert_eq!(answer.total, Money::from_micros(EACH * PRICE));
            placed.push(answer.orders.iter().map(|order| order.id).collect());
        }
        assert_eq!(placed[0], placed[1]);
        dying.has((step + 1) * EACH, step).await;
        if survived {
            break;
        }
    }
    assert!(deaths >= 9, "there are only {deaths} points to die at");
    dying.close().await;
}
