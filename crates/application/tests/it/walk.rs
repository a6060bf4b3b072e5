//! Random stories: whatever happens in whatever order, no order is sent twice, no money is lost or made, and once the
//! misfortunes end every order ends.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use application::jobs::Schedule;
use async_trait::async_trait;
use domain::orders::{Hold, Order};
use domain::providers::{AddAnswer, LookupCapability};
use domain::{Money, OrderId, ProviderOrderId};
use ports::gateway::{
    ListedOrder, PanelBalance, PanelCatalogue, PanelError, PanelGateway, PanelOrder, PanelTarget,
    StatusAnswer,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::bench::{Bench, Desk, PIECES, WEALTH, units};
use crate::panel::{accepted, lost, not_sent, refused, says};

/// Stories told.
const STORIES: u32 = 48;
/// Stories told on the database that takes longer to make.
const STORIES_ON_POSTGRES: u32 = 8;
/// Steps of the longest one.
const STEPS_MAX: usize = 60;
/// Orders end within this many rounds of half an hour once nothing goes wrong any more.
const ROUNDS_MAX: u32 = 60;

/// An order as the provider has it.
#[derive(Debug, Default)]
struct Delivery {
    reference: String,
    remains: u64,
    canceled: bool,
}

/// A provider that keeps books of its own and is told by dice what goes wrong.
#[derive(Default)]
struct Memory {
    dice: VecDeque<u8>,
    deliveries: BTreeMap<String, Delivery>,
}

struct Dicer {
    desk: Desk,
    memory: Mutex<Memory>,
}

impl Dicer {
    /// Zero, when the dice are used up, is luck.
    fn roll(&self) -> u8 {
        self.memory.lock().unwrap().dice.pop_front().unwrap_or(0)
    }

    fn receive(&self, order: &PanelOrder) -> String {
        let mut memory = self.memory.lock().unwrap();
        let id = format!("p{}", memory.deliveries.len());
        let delivery = Delivery {
            reference: order.reference.clone().unwrap(),
            remains: order.quantity.unwrap(),
            canceled: false,
        };
        memory.deliveries.insert(id.clone(), delivery);
        id
    }
}

#[async_trait]
impl PanelGateway for Dicer {
    async fn add(&self, _: &PanelTarget, order: &PanelOrder) -> AddAnswer {
        match self.roll() % 8 {
            0 | 1 => accepted(&self.receive(order)),
            2 => {
                self.receive(order);
                lost()
            }
            3 => lost(),
            4 => not_sent(),
            5 => refused("Incorrect link"),
            6 => {
                // The worker sleeps past its lease with the answer in its hands.
                let id = self.receive(order);
                self.desk.pass(self.desk.policy.lease + Duration::from_secs(1));
                self.desk.rescue().await;
                accepted(&id)
            }
            _ => refused("Please wait"),
        }
    }

    async fn statuses(
        &self,
        _: &PanelTarget,
        ids: &[ProviderOrderId],
    ) -> Result<HashMap<ProviderOrderId, StatusAnswer>, PanelError> {
        let roll = self.roll();
        if roll % 8 == 7 {
            return Err(PanelError::Broken("timeout".to_owned()));
        }
        let mut memory = self.memory.lock().unwrap();
        let mut answers = HashMap::new();
        for id in ids {
            let delivery = memory.deliveries.get_mut(id.as_str()).unwrap();
            let answer = match roll % 8 {
                _ if delivery.canceled => says("Canceled", delivery.remains),
                1 | 2 => {
                    delivery.remains -= delivery.remains / 3;
                    says("In progress", delivery.remains)
                }
                3 => says("Partial", delivery.remains / 2),
                4 => continue,
                _ => says("Completed", 0),
            };
            answers.insert(id.clone(), answer);
        }
        Ok(answers)
    }

    async fn recent_orders(
        &self,
        _: &PanelTarget,
        reference: Option<String>,
    ) -> Result<Vec<ListedOrder>, PanelError> {
        if self.roll() % 8 == 7 {
            return Err(PanelError::Unreadable("HTML".to_owned()));
        }
        let memory = self.memory.lock().unwrap();
        let found = memory
            .deliveries
            .iter()
            .filter(|(_, delivery)| Some(&delivery.reference) == reference.as_ref());
        let rows = found.map(|(id, delivery)| ListedOrder {
            id: ProviderOrderId::new(id),
            upstream_service: None,
            link: None,
            quantity: Some(PIECES),
            created_at: None,
            reference: Some(delivery.reference.clone()),
        });
        Ok(rows.collect())
    }

    async fn cancel(&self, _: &PanelTarget, id: &ProviderOrderId) -> Result<(), PanelError> {
        if self.roll() % 2 == 1 {
            return Err(PanelError::Refused("Not possible".to_owned()));
        }
        let mut memory = self.memory.lock().unwrap();
        memory.deliveries.get_mut(id.as_str()).unwrap().canceled = true;
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

/// What happens next; the numbers choose among orders, times and commits.
#[derive(Debug, Clone, Copy)]
enum Step {
    Place,
    Work,
    Sweep,
    Rescue,
    Seconds(u8),
    Minutes(u8),
    Cancel(u8),
    Lie(u8),
    Contend(u8),
}

fn step() -> impl Strategy<Value = (Step, u8)> {
    let kind = prop_oneof![
        4 => Just(Step::Place),
        6 => Just(Step::Work),
        4 => Just(Step::Sweep),
        1 => Just(Step::Rescue),
        4 => any::<u8>().prop_map(Step::Seconds),
        2 => any::<u8>().prop_map(Step::Minutes),
        2 => any::<u8>().prop_map(Step::Cancel),
        1 => (1..4_u8).prop_map(Step::Lie),
        1 => (1..4_u8).prop_map(Step::Contend),
    ];
    (kind, any::<u8>())
}

async fn orders(desk: &Desk) -> Vec<Order> {
    let ids = "SELECT CAST(id AS TEXT) FROM orders ORDER BY id";
    let mut orders = Vec::new();
    for id in desk.database.texts(ids).await.unwrap() {
        orders.push(desk.order(OrderId(id.parse().unwrap())).await);
    }
    orders
}

async fn take(desk: &Desk, no: usize, step: Step) {
    match step {
        Step::Place => {
            // A commit that lies makes this fail although the order is there.
            let wish = desk.wish(no.try_into().unwrap(), None);
            let _ = desk.try_place(wish).await;
        }
        Step::Work => {
            desk.work().await;
        }
        Step::Sweep => sweep(desk).await,
        Step::Rescue => {
            desk.rescue().await;
        }
        Step::Seconds(seconds) => desk.pass(Duration::from_secs(seconds.into())),
        Step::Minutes(minutes) => desk.pass(Duration::from_mins(minutes.into())),
        Step::Cancel(which) => {
            let orders = orders(desk).await;
            if let Some(order) = orders.get(usize::from(which) % orders.len().max(1)) {
                let _ = desk.canceling().cancel(&desk.customer(), order.id).await;
            }
        }
        Step::Lie(nth) => desk.store.lies_at(nth.into()),
        Step::Contend(nth) => desk.store.contends_at(nth.into()),
    }
}

async fn sweep(desk: &Desk) {
    for schedule in Schedule::ALL {
        // A commit that lies or contends makes a sweep fail; the next one makes up for it.
        let _ = desk.schedules().run(schedule).await;
    }
}

/// V12 and V13 tell how late the workers are; in these stories they may be as late as they like.
async fn assert_sound(desk: &Desk) -> Result<(), TestCaseError> {
    let counts = desk.backend.proof.verify().await.unwrap();
    for count in counts.iter().filter(|count| !["V12", "V13"].contains(&count.id)) {
        prop_assert_eq!(count.violations, 0, "{}: {}", count.id, count.rule);
    }
    Ok(())
}

async fn tell(bench: Bench, steps: Vec<(Step, u8)>) -> Result<(), TestCaseError> {
    bench.finds_orders(LookupCapability::Reference).await;
    let dicer = std::sync::Arc::new(Dicer {
        desk: (*bench).clone(),
        memory: Mutex::default(),
    });
    bench.panel.is_played_by(dicer.clone());
    for (no, (step, die)) in steps.into_iter().enumerate() {
        dicer.memory.lock().unwrap().dice.push_back(die);
        take(&bench, no, step).await;
        assert_sound(&bench).await?;
    }

    // Nothing goes wrong any more: every order must end.
    bench.store.calms_down();
    dicer.memory.lock().unwrap().dice.clear();
    let mut rounds = 0;
    while orders(&bench)
        .await
        .iter()
        .any(|order| !order.state.is_terminal())
    {
        sweep(&bench).await;
        while bench.work().await > 0 {}
        bench.pass(Duration::from_mins(30));
        rounds += 1;
        prop_assert!(rounds < ROUNDS_MAX, "still open: {:#?}", orders(&bench).await);
    }

    let mut spent = Money::ZERO;
    let deliveries = std::mem::take(&mut dicer.memory.lock().unwrap().deliveries);
    for order in orders(&bench).await {
        let reference = order.reference();
        let received: Vec<_> = deliveries
            .iter()
            .filter(|(_, delivery)| delivery.reference == reference)
            .map(|(id, _)| ProviderOrderId::new(id))
            .collect();
        prop_assert!(received.len() <= 1, "sent twice: {:?} as {:?}", order, received);
        prop_assert_eq!(order.hold == Hold::Posted, received.len() == 1, "{:?}", order);
        prop_assert_eq!(order.provider_order_id.as_ref(), received.first());
        if order.hold == Hold::Posted {
            let kept = order.price.saturating_sub(order.refunded);
            spent = spent.checked_add(kept).unwrap();
        }
    }
    prop_assert_eq!(
        bench.wallet().await,
        (units(WEALTH).saturating_sub(spent), Money::ZERO)
    );
    bench.close().await;
    Ok(())
}

fn tell_stories(stories: u32, database: impl AsyncFn() -> Option<Bench>) {
    let config = ProptestConfig {
        cases: stories,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    proptest!(config, |(steps in proptest::collection::vec(step(), 1..STEPS_MAX))| {
        runtime.block_on(async {
            match database().await {
                Some(bench) => tell(bench, steps).await,
                None => Ok(()),
            }
        })?;
    });
}

#[test]
fn in_every_story_orders_are_sent_once_and_end_and_the_money_adds_up() {
    tell_stories(STORIES, async || Some(Bench::new().await));
}

#[test]
fn in_stories_on_postgres_orders_are_sent_once_and_end_and_the_money_adds_up() {
    tell_stories(STORIES_ON_POSTGRES, Bench::on_postgres);
}
