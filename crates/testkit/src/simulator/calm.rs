//! After the last fault: everything has to come to an end.

use std::time::Duration;

use domain::OrderId;
use domain::orders::{Order, OrderState, ReviewDecision};

use super::dice::Dice;
use super::plan::{PROCESSES, WORKERS};
use super::world::World;
use super::{Breach, Violation};

/// By then every order has ended: an order that nobody can look up is written off after a day, and an old order is
/// asked about every few hours.
const ENDED_WITHIN: Duration = Duration::from_hours(36);
/// A process stands still for 25 minutes at most; then a held order may still wait for its turn.
const STILL_MAX: Duration = Duration::from_mins(40);
/// V12: a lease has ended no longer ago than this.
const LEASE_GONE: Duration = Duration::from_mins(2);
/// V13: an order is held no longer than this.
const HELD_MAX: Duration = Duration::from_mins(10);
/// Steps that one worker makes at most before time moves on.
const BURST_MAX: usize = 400;

impl World {
    /// Nothing fails any more: how long until every order has ended.
    pub(super) fn settle_down(&mut self) -> Result<Duration, Violation> {
        let started = self.time;
        self.say("the faults stop", || "from here on nothing fails".to_owned());
        loop {
            let open: Vec<OrderId> = self.open_orders();
            if open.is_empty() && self.letters.is_empty() {
                return Ok(self.time.saturating_sub(started));
            }
            if self.time.saturating_sub(started) > ENDED_WITHIN {
                let stuck: Vec<String> = open.into_iter().map(|id| self.about(id)).collect();
                let text = format!("not ended after {ENDED_WITHIN:?}: {}", stuck.join("; "));
                return Err(Violation {
                    kind: Breach::Stuck,
                    text,
                });
            }
            for process in 0..PROCESSES {
                self.keep_guard(process, &mut Dice::new(0));
            }
            self.release(&mut Dice::new(0));
            self.run_schedules();
            for index in 0..WORKERS {
                self.burst(index)?;
            }
            self.panel.work(&mut Dice::new(0));
            for id in self.in_review() {
                self.settle_one(id, ReviewDecision::Completed, &mut Dice::new(0));
            }
            self.check()?;
            self.nothing_is_forgotten(started)?;
            let wait = self.until_something_is_due();
            self.advance(wait);
        }
    }

    /// V12 and V13, as soon as they may be asked: nobody stands still for longer than this.
    fn nothing_is_forgotten(&self, calm_since: Duration) -> Result<(), Violation> {
        if self.time.saturating_sub(calm_since) < STILL_MAX {
            return Ok(());
        }
        let now = self.now();
        let forgotten = |order: &Order| match order.state {
            OrderState::Submitting => {
                let ended = order
                    .lease_until
                    .is_some_and(|until| until < now.minus(LEASE_GONE));
                ended.then_some("V12")
            }
            OrderState::Held => (order.updated_at < now.minus(HELD_MAX)).then_some("V13"),
            _ => None,
        };
        let found = self
            .store
            .orders
            .iter()
            .find_map(|row| Some((forgotten(&row.order)?, row.order.id)));
        match found {
            None => Ok(()),
            Some((rule, id)) => Err(Violation {
                kind: Breach::Stuck,
                text: format!("{rule}: {}", self.about(id)),
            }),
        }
    }

    fn open_orders(&self) -> Vec<OrderId> {
        let open = self
            .store
            .orders
            .iter()
            .filter(|row| !row.order.state.is_terminal());
        open.map(|row| row.order.id).collect()
    }

    /// A worker does what it can do without waiting.
    fn burst(&mut self, index: usize) -> Result<(), Violation> {
        for _ in 0..BURST_MAX {
            let idle = self.workers.get(index).is_none_or(super::worker::Worker::is_idle);
            let now = self.now();
            if idle
                && self
                    .store
                    .jobs
                    .next_due(now)
                    .is_none_or(|wait| wait > Duration::ZERO)
            {
                break;
            }
            self.worker_step(index, &mut Dice::new(0));
            self.check()?;
        }
        Ok(())
    }

    fn until_something_is_due(&self) -> Duration {
        let now = self.now();
        let orders = self.store.orders.iter().map(|row| &row.order);
        let open = orders.filter(|order| !order.state.is_terminal());
        let due = open.flat_map(|order| [order.due_at, order.lease_until]).flatten();
        let due = due.chain(self.store.polls.times());
        let waits = due.map(|due| due.since(now)).chain(self.store.jobs.next_due(now));
        let soonest = waits.filter(|wait| *wait > Duration::ZERO).min();
        soonest
            .unwrap_or(Duration::from_secs(1))
            .clamp(Duration::from_secs(1), Duration::from_mins(30))
    }
}
