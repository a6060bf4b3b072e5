//! Counterparts of `application::orders::TrackOrders` and `CancelUpstream`: ask about orders, apply what is reported,
//! ask the provider to cancel.
//!
//! The product schedules orders about which there is no news in groups, to write less; here every order has a due time of its
//! own. When an order is asked about differs, what is done with an answer does not.

use std::time::Duration;

use domain::orders::{
    Change, Observation, Order, OrderPolicy, PollPace, next_poll, observe, observe_refusal,
};
use domain::{OrderId, ProviderOrderId, Timestamp};
use ports::gateway::StatusAnswer;

use super::dice::Dice;
use super::store::Commit;
use super::worker::{Flow, Task};
use super::world::World;

/// For so long nobody else asks about orders that were taken. As in the product.
const BUSY_FOR: Duration = Duration::from_secs(40);
/// How long after a cancel request the status is asked for. As in the product.
const ASK_AFTER: Duration = Duration::from_secs(5);

/// Where a poll stands.
#[derive(Debug, Clone)]
pub(super) enum Poll {
    /// About to take what is due.
    Take,
    /// About to ask about these.
    Ask {
        taken: Vec<Order>,
        requested_at: Timestamp,
    },
    /// What was answered is not all recorded.
    Apply {
        rest: Vec<(Order, StatusAnswer)>,
        requested_at: Timestamp,
    },
}

/// Where a request to cancel stands.
#[derive(Debug, Clone)]
pub(super) enum Cancel {
    Ask { id: OrderId, upstream: ProviderOrderId },
    Note { id: OrderId },
}

impl World {
    pub(super) fn poll_step(&mut self, step: Poll, dice: &mut Dice) -> Flow {
        match step {
            Poll::Take => self.take_due(dice),
            Poll::Ask { taken, requested_at } => {
                let ids: Vec<ProviderOrderId> = taken
                    .iter()
                    .filter_map(|order| order.provider_order_id.clone())
                    .collect();
                let Some(answers) = self.panel.statuses(&ids, dice) else {
                    // The orders stay taken for a while, which paces the next try.
                    return Flow::Done;
                };
                let with_answer = |order: Order| {
                    let id = order.provider_order_id.as_ref()?;
                    let (_, answer) = answers.iter().find(|(answered, _)| answered == id)?;
                    Some((order, answer.clone()))
                };
                let rest = taken.into_iter().filter_map(with_answer).collect();
                Flow::Goes(Task::Poll(Poll::Apply { rest, requested_at }))
            }
            Poll::Apply {
                mut rest,
                requested_at,
            } => {
                let Some((order, answer)) = rest.pop() else {
                    return Flow::Done;
                };
                self.apply_report(&order, &answer, requested_at, dice);
                Flow::Goes(Task::Poll(Poll::Apply { rest, requested_at }))
            }
        }
    }

    fn take_due(&mut self, dice: &mut Dice) -> Flow {
        let now = self.now();
        let due = |order: &Order| order.state.is_tracked() && order.due_at.is_some_and(|due| due <= now);
        let orders = self.store.orders.iter().map(|row| row.order.clone());
        let taken: Vec<Order> = orders.filter(due).collect();
        let commit = Self::draw_commit(dice);
        if commit != Commit::Fails {
            for order in &taken {
                self.store.reschedule(order.id, now.plus(BUSY_FOR));
            }
        }
        if taken.is_empty() || commit != Commit::Works {
            return Flow::Done;
        }
        Flow::Goes(Task::Poll(Poll::Ask {
            taken,
            requested_at: now,
        }))
    }

    /// One order's report is recorded; that it cannot be does not stop the rest.
    fn apply_report(
        &mut self,
        order: &Order,
        answer: &StatusAnswer,
        requested_at: Timestamp,
        dice: &mut Dice,
    ) {
        let (policy, now, id) = (self.policy, self.now(), order.id);
        if news(order, answer, requested_at, &policy, now).is_none() {
            self.store
                .reschedule(id, next_poll(order, PollPace::default(), &policy, now));
            return;
        }
        let commit = Self::draw_commit(dice);
        let upstream = &order.provider_order_id;
        let decide = |order: &Order, _: Option<&_>| {
            // After a restore, another order may have the id.
            let is_asked = order.provider_order_id == *upstream;
            news(order, answer, requested_at, &policy, now).filter(|_| is_asked)
        };
        let recorded = self.store.amend(id, dice.one_in(8), commit, decide).is_ok();
        let after = self.about(id);
        self.say("a report is applied", || {
            format!("{answer:?} (recorded: {recorded}); {after}")
        });
    }

    pub(super) fn begin_cancel(&mut self, id: OrderId) -> Flow {
        let order = self
            .store
            .row(id)
            .map(|row| &row.order)
            .filter(|order| order.state.is_tracked() && order.cancel_requested_at.is_some());
        match order.and_then(|order| order.provider_order_id.clone()) {
            Some(upstream) => Flow::Goes(Task::Cancel(Cancel::Ask { id, upstream })),
            None => Flow::Done,
        }
    }

    pub(super) fn cancel_step(&mut self, step: &Cancel, dice: &mut Dice) -> Flow {
        match step {
            Cancel::Ask { id, upstream } => {
                self.panel.cancel(upstream, dice);
                Flow::Goes(Task::Cancel(Cancel::Note { id: *id }))
            }
            Cancel::Note { id } => {
                let (now, commit) = (self.now(), Self::draw_commit(dice));
                let decide = |order: &Order, _: Option<&_>| {
                    order.state.is_tracked().then(|| {
                        let mut after = order.clone();
                        after.due_at = Some(now.plus(ASK_AFTER));
                        after.updated_at = now;
                        Change::of(after)
                    })
                };
                // A note that is not recorded only costs a later poll.
                let noted = self.store.amend(*id, dice.one_in(8), commit, decide);
                self.say("a cancel is asked for", || {
                    format!("order {id} is to be canceled: {noted:?}", noted = noted.is_ok())
                });
                Flow::Done
            }
        }
    }
}

fn news(
    order: &Order,
    answer: &StatusAnswer,
    requested_at: Timestamp,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Option<Change> {
    match answer {
        StatusAnswer::Reported(report) => {
            let seen = Observation {
                requested_at,
                report: report.clone(),
                half_open: false,
            };
            observe(order, &seen, policy, now)
        }
        StatusAnswer::Refused(text) => observe_refusal(order, text, policy, now),
    }
}
