//! Ten thousand open orders at two providers, in compressed time: how full requests are, how many there are, and whether
//! answers that lie touch the right rows only.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::orders::TrackOrders;
use domain::orders::POLL_GROUP_MAX;
use domain::{OrderId, ProviderId, Timestamp};
use persistence::testing::{CopySchedule, GroupRow, OrderCopy};
use ports::Clock;
use ports::orders::PollMeter;
use testkit::contract::steps;
use testkit::crowd::{CrowdPanel, Drive, Manners, Member, Population, Tally, model_polls};
use testkit::fake::FakeClock;
use testkit::fixtures::sealed_key;

use crate::bench::Bench;
use crate::panel::{about, says};

const MINUTE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_secs(2);

/// How the second provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    Well,
    Dead,
    /// None of its orders is due before the test ends.
    Idle,
}

/// When each provider was asked, and how late each order was then.
struct Diary {
    clock: Arc<FakeClock>,
    tally: Arc<Tally>,
    lines: Mutex<Vec<(ProviderId, Line)>>,
}

type Line = (Timestamp, Vec<Duration>);

impl PollMeter for Diary {
    fn asked(&self, provider: ProviderId, late: &[Duration]) {
        self.tally.asked(provider, late);
        let mut late = late.to_vec();
        late.sort();
        self.lines
            .lock()
            .unwrap()
            .push((provider, (self.clock.now(), late)));
    }

    fn asked_alone(&self, provider: ProviderId) {
        self.tally.asked_alone(provider);
    }
}

impl Diary {
    fn of(&self, provider: ProviderId) -> Vec<Line> {
        let lines = self.lines.lock().unwrap();
        let own = lines.iter().filter(|(asked, _)| *asked == provider);
        own.map(|(_, line)| line.clone()).collect()
    }
}

/// A crowd on a bench.
struct Crowd {
    bench: Bench,
    providers: Vec<ProviderId>,
    population: Population,
    since: Timestamp,
    /// How many there were at first, and how many arrived since.
    open: u64,
    arrived: u64,
    template: OrderId,
    panel: Arc<CrowdPanel>,
    tally: Arc<Tally>,
    diary: Arc<Diary>,
    drive: Drive,
    neighbour: Neighbour,
}

impl Crowd {
    async fn gather(open: u64, manners: Manners, with_groups: bool) -> Self {
        Self::beside(Neighbour::Well, open, manners, with_groups).await
    }

    async fn beside(neighbour: Neighbour, open: u64, manners: Manners, with_groups: bool) -> Self {
        let bench = Bench::new().await;
        let template = template(&bench).await;
        let mut providers = vec![bench.shop.provider.id];
        providers.push(second(&bench).await);
        let panel = Arc::new(CrowdPanel::new(bench.clock.clone(), manners));
        let tally = Arc::new(Tally::default());
        let diary = Arc::new(Diary {
            clock: bench.clock.clone(),
            tally: Arc::clone(&tally),
            lines: Mutex::default(),
        });
        let tracking = TrackOrders::new(
            Arc::clone(&bench.backend.store),
            panel.clone(),
            Arc::clone(&bench.panels),
            bench.clock.clone(),
            diary.clone(),
            bench.policy,
        );
        let drive = Drive {
            tracking,
            orders: Arc::clone(&bench.backend.orders),
            clock: bench.clock.clone(),
        };
        let population = Population {
            providers: providers.len(),
            seed: 7,
        };
        let mut crowd = Self {
            providers,
            population,
            since: bench.now(),
            bench,
            open,
            arrived: 0,
            template,
            panel,
            tally,
            diary,
            drive,
            neighbour,
        };
        crowd.settle(with_groups).await;
        crowd
    }

    /// The orders that are open from the beginning, in groups or each by itself.
    async fn settle(&mut self, with_groups: bool) {
        let now = self.since;
        let mut members: Vec<Member> = (0..self.open).map(|n| self.population.open(n, now)).collect();
        members.sort_by_key(|member| (member.provider, member.every));
        let mut groups: Vec<GroupRow> = Vec::new();
        let mut copies = Vec::new();
        for same in members.chunk_by(|a, b| (a.provider, a.every) == (b.provider, b.every)) {
            for cohort in same.chunks(POLL_GROUP_MAX) {
                let id = i64::try_from(groups.len()).unwrap() + 1;
                if with_groups {
                    groups.push(GroupRow {
                        id,
                        provider: self.providers[cohort[0].provider],
                        every: i64::try_from(cohort[0].every.as_micros()).unwrap(),
                        members: cohort.len(),
                        due_at: self.due_at(&cohort[0], now.plus(phase(&cohort[0]))),
                    });
                }
                copies.extend(cohort.iter().map(|member| {
                    let schedule = if with_groups {
                        CopySchedule::Group(id)
                    } else {
                        CopySchedule::Due(self.due_at(member, now.plus(phase(member))))
                    };
                    self.copy(member, schedule)
                }));
            }
        }
        self.bench.database.add_poll_groups(&groups).await.unwrap();
        self.bench
            .database
            .copy_orders(self.template, &copies)
            .await
            .unwrap();
    }

    fn due_at(&self, member: &Member, at: Timestamp) -> Timestamp {
        match (self.neighbour, member.provider) {
            (Neighbour::Idle, 1) => at.plus(MINUTE * 600),
            _ => at,
        }
    }

    fn copy(&self, member: &Member, schedule: CopySchedule) -> OrderCopy {
        OrderCopy {
            provider: self.providers[member.provider],
            upstream: member.upstream.clone(),
            submitted_at: member.submitted_at,
            schedule,
        }
    }

    /// Lets time pass, with new orders all the while; how often the orders should have been asked about.
    async fn pass(&mut self, time: Duration) -> f64 {
        let (from, began) = (self.arrived, self.bench.now());
        let mut model: f64 = (0..self.open)
            .map(|n| model_polls(&self.population.open(n, self.since), began, time))
            .sum();
        let mut due = 0.0;
        while self.bench.now() < began.plus(time) {
            due += Population::arrivals(f64::from(u32::try_from(self.open).unwrap()), STEP);
            let now = self.bench.now();
            let mut copies = Vec::new();
            while due >= 1.0 {
                due -= 1.0;
                let member = self.population.arriving(self.open + self.arrived, now);
                model += model_polls(&member, now, began.plus(time).since(now));
                let schedule = CopySchedule::Due(self.due_at(&member, now.plus(MINUTE)));
                copies.push(self.copy(&member, schedule));
                self.arrived += 1;
            }
            self.bench
                .database
                .copy_orders(self.template, &copies)
                .await
                .unwrap();
            self.drive.step(STEP).await.unwrap();
        }
        assert!(self.arrived > from);
        model
    }

    fn fill(&self) -> f64 {
        self.tally.fill()
    }

    async fn count(&self, condition: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM orders WHERE {condition}");
        self.bench.number(&sql).await
    }
}

#[tokio::test]
async fn ten_thousand_orders_are_asked_about_in_full_requests_and_as_often_as_the_model_says() {
    let mut crowd = Crowd::gather(10_000, Manners::Polite, true).await;
    crowd.pass(MINUTE * 3).await;
    crowd.tally.reset();
    let model = crowd.pass(MINUTE * 10).await / 80.0;
    let requests = per(crowd.tally.requests(None), 1);
    assert!(crowd.fill() >= 0.8, "requests are {} full", crowd.fill());
    assert!(requests <= model * 1.2, "{requests} requests instead of {model}");
    assert!(requests >= model * 0.6, "{requests} requests instead of {model}");
    let late = crowd.tally.late(990, None);
    assert!(late <= MINUTE + STEP, "an order was {late:?} late");
    crowd.bench.leave();
}

#[tokio::test]
async fn providers_that_lie_about_who_was_asked_for_end_no_wrong_order() {
    let mut crowd = Crowd::gather(2_000, Manners::Confused, false).await;
    crowd.pass(MINUTE * 25).await;
    let now = crowd.bench.now().micros();
    let early = format!("state = 'completed' AND substr(provider_order_id, 1, 16) > '{now:016}'");
    assert_eq!(crowd.count(&early).await, 0, "nothing ends before its time");
    assert!(crowd.count("state = 'completed'").await > 5);
    assert!(
        crowd.count("review IS NOT NULL").await > 0,
        "errors about one order are seen"
    );
    let ends = (crowd.bench.now().minus(MINUTE * 10)).micros();
    let forgotten = format!(
        "state <> 'completed' AND review IS NULL AND substr(provider_order_id, 1, 16) < '{ends:016}'
        AND submitted_at > {}",
        crowd.bench.now().minus(MINUTE * 55).micros()
    );
    assert_eq!(crowd.count(&forgotten).await, 0, "what has ended is noticed");
    let unscheduled = "state IN ('submitted', 'in_progress') AND due_at IS NULL AND poll_group IS NULL";
    assert_eq!(crowd.count(unscheduled).await, 0);
    crowd.bench.leave();
}

#[tokio::test]
async fn a_dead_provider_changes_nothing_for_the_orders_of_another() {
    let mut requests = Vec::new();
    for neighbour in [Neighbour::Dead, Neighbour::Idle] {
        let mut crowd = Crowd::beside(neighbour, 2_000, Manners::Polite, true).await;
        let living = crowd.providers[0];
        if neighbour == Neighbour::Dead {
            crowd.panel.kill(crowd.providers[1]);
        }
        crowd.pass(MINUTE * 50).await;
        requests.push(crowd.diary.of(living));
        let to_neighbour = crowd.tally.requests(Some(living));
        assert_eq!(to_neighbour > 0, neighbour == Neighbour::Dead);
        crowd.bench.leave();
    }
    let [beside_dead, beside_idle] = [&requests[0], &requests[1]];
    assert!(beside_dead.len() > 40, "{} requests", beside_dead.len());
    let pairs = beside_dead.iter().zip(beside_idle);
    assert_eq!(pairs.clone().find(|(one, other)| one != other), None);
    assert_eq!(beside_dead.len(), beside_idle.len());
}

fn per(a: u64, b: u64) -> f64 {
    f64::from(u32::try_from(a).unwrap()) / f64::from(u32::try_from(b).unwrap())
}

fn phase(member: &Member) -> Duration {
    member.every * member.phase / 1_000
}

/// A tracked order to copy; it ends before anything begins.
async fn template(bench: &Bench) -> OrderId {
    let id = bench.submitted(1, "template").await;
    bench.pass(MINUTE * 2);
    bench
        .panel
        .reports(about([("template", says("In progress", 500))]));
    bench.poll().await;
    bench.hide(id).await;
    id
}

async fn second(bench: &Bench) -> ProviderId {
    let elsewhere = steps::second_provider(&bench.backend, &bench.shop).await.unwrap();
    let id = elsewhere.service.provider;
    let mut tx = bench.backend.store.begin().await.unwrap();
    tx.providers()
        .set_key(id, &sealed_key(2), bench.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}
