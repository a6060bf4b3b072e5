//! Everything there is: database, provider, network, processes and clocks.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::orders::{Order, OrderPolicy};
use domain::providers::{AddAnswer, LookupCapability};
use domain::{Money, OrderId, Timestamp};

use super::dice::Dice;
use super::panel::{Mood, Panel};
use super::people::Shop;
use super::plan::{Move, PROCESSES, Step, WORKERS};
use super::restore::{Gate, Server};
use super::store::{Commit, Store};
use super::worker::Worker;
use super::{Rules, Violation, books};
use crate::fixtures;

/// How far the clocks of our database and of the provider are off at most. Together they stay within the two minutes
/// that `find_in_list` allows for.
const CLOCK_ERROR_MAX_MILLIS: u64 = 45_000;

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) arrives_at: Duration,
    pub(super) order: Box<Order>,
    pub(super) mood: Mood,
    /// Under which number the answer waits, unless it is lost.
    pub(super) reply_to: Option<u64>,
    pub(super) salt: u64,
}

/// The world.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) policy: OrderPolicy,
    pub(super) store: Store,
    pub(super) panel: Panel,
    pub(super) shop: Shop,
    pub(super) workers: Vec<Worker>,
    /// What each process knows about the database.
    pub(super) gates: Vec<Gate>,
    pub(super) server: Server,
    /// True time since the beginning; also the monotonic clock of every process.
    pub(super) time: Duration,
    /// Microseconds by which the clock of the database is wrong.
    pub(super) clock_error: i64,
    panel_clock_error: i64,
    pub(super) letters: Vec<Letter>,
    pub(super) replies: BTreeMap<u64, (Duration, AddAnswer)>,
    pub(super) tickets: u64,
    pub(super) claims: u64,
    pub(super) tally: BTreeMap<&'static str, u64>,
    history: Option<Vec<String>>,
}

impl World {
    /// The world of a seed, before anything happened. It writes its history down if asked.
    pub(super) fn new(seed: u64, rules: Rules, keep_history: bool) -> Self {
        let mut dice = Dice::new(seed ^ 0x0012_3456_789A_BCDE);
        let policy = OrderPolicy::default();
        let quarantine = if rules.quarantine {
            policy.quarantine
        } else {
            Duration::ZERO
        };
        let capabilities = [
            LookupCapability::LinkAndTime,
            LookupCapability::Reference,
            LookupCapability::None,
        ];
        let capability = dice
            .pick(&capabilities)
            .copied()
            .unwrap_or(LookupCapability::None);
        let shop = Shop::open(&mut dice);
        let (server, submission) = Server::first();
        let mut store = Store::new(rules, submission);
        for user in &shop.customers {
            let micros = i64::try_from(500_000 + dice.below(6_000_000)).unwrap_or_default();
            store.deposit(&user.id, Money::from_micros(micros));
        }
        let day_before = fixtures::NOW.minus(Duration::from_hours(24));
        Self {
            rules,
            policy: OrderPolicy { quarantine, ..policy },
            store,
            panel: Panel::new(capability, dice.one_in(3), day_before),
            shop,
            workers: vec![Worker::default(); WORKERS],
            gates: vec![Gate::closed(); PROCESSES],
            server,
            time: Duration::ZERO,
            clock_error: clock_error(&mut dice),
            panel_clock_error: clock_error(&mut dice),
            letters: Vec::new(),
            replies: BTreeMap::new(),
            tickets: 0,
            claims: 0,
            tally: BTreeMap::new(),
            history: keep_history.then(Vec::new),
        }
    }

    /// What the clock of the database shows.
    pub(super) fn now(&self) -> Timestamp {
        shown(self.time, self.clock_error)
    }

    /// One step, and whether everything still holds after it.
    pub(super) fn step(&mut self, step: Step) -> Result<(), Violation> {
        let mut dice = Dice::new(step.salt);
        match step.who {
            Move::Time => self.pass_time(&mut dice),
            Move::Worker(index) => self.worker_step(index, &mut dice),
            Move::Schedule => self.run_schedule(&mut dice),
            Move::Customer => self.customer_step(&mut dice),
            Move::Staff => self.staff_step(&mut dice),
            Move::Kill(index) => self.kill(index, &mut dice),
            Move::Freeze(index) => self.freeze(index, &mut dice),
            Move::Clock => self.set_clock(&mut dice),
            Move::Guard(process) => self.keep_guard(process, &mut dice),
            Move::BackUp => self.back_up(),
            Move::Restore => self.restore(&mut dice),
            Move::LoseJob => {
                let now = self.now();
                if let Some(topic) = self.store.jobs.lose(&mut dice, now) {
                    self.say("a job is lost", || format!("the queue loses a job: {topic:?}"));
                }
            }
        }
        self.check()
    }

    /// Safety, and the books if somebody wrote in them.
    pub(super) fn check(&mut self) -> Result<(), Violation> {
        books::check_witness(&self.store, &self.panel)?;
        if std::mem::take(&mut self.store.changed) && self.rules.is_product() {
            books::check_books(&self.store)?;
        }
        Ok(())
    }

    /// Counts what happened, and writes it down if a history is kept.
    pub(super) fn say(&mut self, what: &'static str, line: impl FnOnce() -> String) {
        *self.tally.entry(what).or_default() += 1;
        let seconds = self.time.as_secs_f64();
        if let Some(history) = &mut self.history {
            history.push(format!("{seconds:>10.3} s  {}", line()));
        }
    }

    /// What happened, line by line.
    pub(super) fn into_history(self) -> Vec<String> {
        self.history.unwrap_or_default()
    }

    /// What the next commit does.
    pub(super) fn draw_commit(dice: &mut Dice) -> Commit {
        match dice.below(20) {
            1 | 2 => Commit::Fails,
            3 | 4 => Commit::WorksInSilence,
            _ => Commit::Works,
        }
    }

    /// Lets time pass and delivers what arrives meanwhile, in the order of arrival.
    pub(super) fn advance(&mut self, by: Duration) {
        self.time += by;
        let time = self.time;
        let (mut due, later): (Vec<_>, Vec<_>) = self
            .letters
            .drain(..)
            .partition(|letter| letter.arrives_at <= time);
        self.letters = later;
        due.sort_by_key(|letter| letter.arrives_at);
        for letter in due {
            let at = shown(letter.arrives_at, self.panel_clock_error);
            let mut dice = Dice::new(letter.salt);
            let ids: Vec<_> = self.panel.orders.iter().map(|row| row.id.clone()).collect();
            let recorded = self
                .store
                .known(&ids)
                .into_iter()
                .map(|it| it.id)
                .collect::<Vec<_>>();
            let Letter { order, mood, .. } = &letter;
            let answer = self.panel.receive(order, *mood, &recorded, &mut dice, at);
            let (id, mood) = (letter.order.id, letter.mood);
            self.say("a request arrives", || {
                format!("the provider gets the request for order {id}: {mood:?}")
            });
            if let Some(ticket) = letter.reply_to {
                self.replies.insert(ticket, (letter.arrives_at, answer));
            }
        }
    }

    fn pass_time(&mut self, dice: &mut Dice) {
        let by = match dice.below(80) {
            0..46 => dice.millis(50, 3_000),
            46..66 => dice.millis(3_000, 20_000),
            66..73 => dice.millis(20_000, 100_000),
            73..78 => dice.millis(100_000, 900_000),
            78 => dice.millis(900_000, 7_200_000),
            _ => dice.millis(3_600_000, 108_000_000),
        };
        self.advance(by);
        if dice.one_in(4) {
            self.panel.work(dice);
        }
        let now = self.now().micros();
        self.say("time passes", || {
            format!("{:.3} s pass; the database says {now}", by.as_secs_f64())
        });
    }

    fn set_clock(&mut self, dice: &mut Dice) {
        self.clock_error = clock_error(dice);
        let error = self.clock_error / 1_000;
        self.say("the clock is set", || {
            format!("the clock of the database is now {error} ms off")
        });
    }

    fn kill(&mut self, index: usize, dice: &mut Dice) {
        let back_at = self.time + dice.millis(0, 30_000);
        if let Some(gate) = self.gates.get_mut(index) {
            *gate = Gate::closed();
        }
        if let Some(worker) = self.workers.get_mut(index)
            && let Some(what) = worker.kill(back_at)
        {
            self.say("a worker is killed at work", || {
                format!("worker {index} is killed: {what}")
            });
        }
    }

    fn freeze(&mut self, index: usize, dice: &mut Dice) {
        let pause = match dice.below(3) {
            0 => dice.millis(5_000, 60_000),
            1 => dice.millis(60_000, 400_000),
            _ => dice.millis(600_000, 1_500_000),
        };
        let until = self.time + pause;
        if let Some(worker) = self.workers.get_mut(index) {
            worker.freeze(until);
            self.say("a worker stands still", || {
                format!("worker {index} stands still for {:.0} s", pause.as_secs_f64())
            });
        }
    }

    /// An order as it is, for the history.
    pub(super) fn about(&self, id: OrderId) -> String {
        self.store.row(id).map_or_else(String::new, |row| {
            let attempts: Vec<&str> = row
                .attempts
                .iter()
                .map(|it| it.attempt.outcome.as_str())
                .collect();
            format!(
                "order {id}: {}{}, hold {}, attempts {attempts:?}, at the provider {}",
                row.order.state.as_str(),
                if row.group.is_some() { " (grouped)" } else { "" },
                row.order.hold.as_str(),
                self.panel.took(&row.order)
            )
        })
    }
}

fn clock_error(dice: &mut Dice) -> i64 {
    let millis = i64::try_from(dice.below(2 * CLOCK_ERROR_MAX_MILLIS)).unwrap_or_default();
    let middle = i64::try_from(CLOCK_ERROR_MAX_MILLIS).unwrap_or_default();
    (millis - middle) * 1_000
}

fn shown(time: Duration, error: i64) -> Timestamp {
    let true_time = fixtures::NOW.plus(time);
    Timestamp::from_micros(true_time.micros() + error)
}
