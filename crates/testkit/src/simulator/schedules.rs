//! Counterpart of `application::jobs::Schedules` and `application::orders::RescueOrders`: what is looked at again and
//! again, on any node, at any time.

use std::time::Duration;

use domain::OrderId;
use domain::orders::{Attempt, Change, FollowUp, Order, OrderState, expire_lease};

use super::dice::Dice;
use super::jobs::Topic;
use super::world::World;

/// A held order without a job is forgotten after this time. As in the product.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);
/// The one provider.
pub(super) const PROVIDER: i64 = 1;

impl World {
    pub(super) fn run_schedule(&mut self, dice: &mut Dice) {
        match dice.below(4) {
            0 => self.rescue(dice),
            1 => self.ensure_look_ups(),
            2 => self.ensure_polls(),
            _ => self.ensure_submissions(),
        }
    }

    /// All of them, as they run on a node that nothing disturbs.
    pub(super) fn run_schedules(&mut self) {
        self.rescue(&mut Dice::new(0));
        self.ensure_look_ups();
        self.ensure_polls();
        self.ensure_submissions();
    }

    fn rescue(&mut self, dice: &mut Dice) {
        let (policy, now) = (self.policy, self.now());
        let requeues = self.rules.requeue;
        let expired = |order: &Order| {
            order.state == OrderState::Submitting && order.lease_until.is_some_and(|until| until < now)
        };
        for id in self.ids_of(expired) {
            let commit = Self::draw_commit(dice);
            let decide = |order: &Order, attempt: Option<&Attempt>| {
                let change = attempt.and_then(|attempt| expire_lease(order, attempt, &policy, now))?;
                Some(if requeues { requeued(order, now) } else { change })
            };
            let rescued = self.store.amend(id, dice.one_in(8), commit, decide).is_ok();
            let after = self.about(id);
            self.say("an order is rescued", || {
                format!("the lease has ended (recorded: {rescued}); {after}")
            });
        }
    }

    fn ensure_look_ups(&mut self) {
        let now = self.now();
        let due = |order: &Order| {
            matches!(order.state, OrderState::Unknown | OrderState::Voided)
                && order.due_at.is_some_and(|due| due <= now)
        };
        for id in self.ids_of(due) {
            self.store.jobs.ensure(Topic::LookUp, id.0, now);
        }
    }

    fn ensure_polls(&mut self) {
        let now = self.now();
        if self.store.polls_are_due(now) {
            self.store.jobs.ensure(Topic::Poll, PROVIDER, now);
        }
    }

    fn ensure_submissions(&mut self) {
        let now = self.now();
        let forgotten =
            |order: &Order| order.state == OrderState::Held && order.updated_at < now.minus(FORGOTTEN_AFTER);
        for id in self.ids_of(forgotten) {
            self.store.jobs.ensure(Topic::Submit, id.0, now);
        }
    }

    pub(super) fn ids_of(&self, wanted: impl Fn(&Order) -> bool) -> Vec<OrderId> {
        let rows = self.store.orders.iter().filter(|row| wanted(&row.order));
        rows.map(|row| row.order.id).collect()
    }
}

/// What a queue does that delivers at least once: the order waits to be sent as if it never had been.
fn requeued(order: &Order, now: domain::Timestamp) -> Change {
    let mut after = order.clone();
    after.state = OrderState::Held;
    after.lease_until = None;
    after.due_at = Some(now);
    after.updated_at = now;
    Change::of(after).follow_up(FollowUp::Submit { due_at: now })
}
