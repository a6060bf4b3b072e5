//! Counterparts of `application::orders::TrackOrders` and `CancelUpstream`: take what is due, ask about it together, apply
//! what is reported, put the rest back in groups, ask about some of those alone that the answer left out; ask the provider
//! to cancel.

use std::time::Duration;

use domain::orders::{
    Asked, Change, FollowUp, GroupPlan, Observation, Order, OrderPolicy, PollWindow, Regrouping,
    next_group_poll, next_poll_turn, observe, observe_refusal, poll_interval, regroup,
};
use domain::{OrderId, ProviderId, ProviderOrderId, Timestamp};
use ports::gateway::StatusAnswer;
use ports::orders::{PutBackPolls, TakePolls, TakenPoll, TakenPolls};

use super::dice::Dice;
use super::polls::{FULL_ENOUGH, REQUEST_MAX};
use super::schedules::PROVIDER;
use super::worker::{FAILURE_PAUSE, Flow, Task};
use super::world::World;

/// For so long nobody else asks about orders that were taken. As in the product.
const BUSY_FOR: Duration = Duration::from_secs(40);
/// How long after a cancel request the status is asked for. As in the product.
const ASK_AFTER: Duration = Duration::from_secs(5);
/// So many orders that were missing from an answer are asked about alone after it, at most. As in the product.
const ALONE_MAX: usize = 3;

/// What a provider says about some of its orders, and perhaps about others.
pub(super) type Answers = Vec<(ProviderOrderId, StatusAnswer)>;

/// What was taken, and what became of it so far.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    taken: TakenPolls,
    busy_until: Timestamp,
    requested_at: Timestamp,
    answers: Answers,
    /// What is not looked at yet.
    rest: Vec<TakenPoll>,
    quiet: Vec<Asked>,
    all_recorded: bool,
}

/// Where a poll stands.
#[derive(Debug, Clone)]
pub(super) enum Poll {
    /// About to take what is due.
    Take,
    /// About to ask about these.
    Ask(Batch),
    /// What was answered is not all recorded.
    Apply(Batch),
    /// About to put back those about which there is no news.
    PutBack(Batch),
    /// About to ask about these one by one.
    Alone(Vec<(OrderId, ProviderOrderId)>),
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
            Poll::Ask(mut batch) => {
                batch.requested_at = self.now();
                let ids: Vec<ProviderOrderId> = ids_of(&batch.taken).map(|(_, id)| id).collect();
                let Some(answers) = self.panel.statuses(&ids, dice) else {
                    // The orders stay taken for a while, which paces the next try.
                    return Flow::Done;
                };
                batch.answers = answers;
                goes(Poll::Apply(batch))
            }
            Poll::Apply(mut batch) => match batch.rest.pop() {
                Some(taken) => {
                    self.apply_answer(&taken, &mut batch, dice);
                    goes(Poll::Apply(batch))
                }
                None => goes(Poll::PutBack(batch)),
            },
            Poll::PutBack(batch) => self.put_back(&batch, dice),
            Poll::Alone(missing) => self.ask_alone(missing, dice),
        }
    }

    fn take_due(&mut self, dice: &mut Dice) -> Flow {
        let (now, policy) = (self.now(), self.policy);
        let take = TakePolls {
            provider: ProviderId(PROVIDER),
            window: PollWindow::at(now, &policy),
            busy_until: now.plus(BUSY_FOR),
            limit: REQUEST_MAX,
            enough: FULL_ENOUGH,
        };
        match self.store.take_due_polls(&take, Self::draw_commit(dice)) {
            Ok(None) => Flow::Done,
            Err(_) => Flow::Again(FAILURE_PAUSE),
            Ok(Some(taken)) => {
                let (orders, groups) = (taken.orders.len(), taken.groups.len());
                self.say("polls are taken", || {
                    format!("{orders} orders are taken to ask about, in {groups} groups and by themselves")
                });
                goes(Poll::Ask(Batch {
                    busy_until: take.busy_until,
                    requested_at: now,
                    answers: Vec::new(),
                    rest: taken.orders.clone(),
                    quiet: Vec::new(),
                    all_recorded: true,
                    taken,
                }))
            }
        }
    }

    /// One order's report is recorded; that it cannot be does not stop the rest.
    fn apply_answer(&mut self, taken: &TakenPoll, batch: &mut Batch, dice: &mut Dice) {
        let (policy, now) = (self.policy, self.now());
        let TakenPoll { order, group, .. } = taken;
        let upstream = order.provider_order_id.as_ref();
        let answer = upstream.and_then(|id| answer_about(&batch.answers, id));
        let is_news =
            |answer: &&StatusAnswer| news(order, answer, batch.requested_at, &policy, now).is_some();
        let Some(answer) = answer.filter(is_news) else {
            batch.quiet.push(Asked {
                order: order.id,
                group: *group,
                every: poll_interval(order, &policy, now),
            });
            return;
        };
        if !self.record_report(order.id, upstream, answer, batch.requested_at, dice) {
            let commit = Self::draw_commit(dice);
            self.store.leave_poll_group(order.id, batch.busy_until, commit);
            batch.all_recorded = false;
        }
    }

    fn record_report(
        &mut self,
        id: OrderId,
        upstream: Option<&ProviderOrderId>,
        answer: &StatusAnswer,
        requested_at: Timestamp,
        dice: &mut Dice,
    ) -> bool {
        let (policy, now, commit) = (self.policy, self.now(), Self::draw_commit(dice));
        let decide = |order: &Order, _: Option<&_>| {
            // After a restore, another order may have the id.
            let is_asked = order.provider_order_id.as_ref() == upstream;
            news(order, answer, requested_at, &policy, now).filter(|_| is_asked)
        };
        let recorded = self.store.amend(id, dice.one_in(8), commit, decide).is_ok();
        let after = self.about(id);
        self.say("a report is applied", || {
            format!("{answer:?} (recorded: {recorded}); {after}")
        });
        recorded
    }

    fn put_back(&mut self, batch: &Batch, dice: &mut Dice) -> Flow {
        let (policy, now) = (self.policy, self.now());
        let Regrouping { groups, emptied } = regroup(&batch.taken.groups, &batch.quiet);
        let due = |plan: GroupPlan| {
            let first = plan.joins.first().map_or(0, |order| order.0);
            let seed = plan.group.map_or(first, |group| group.0);
            let time = next_group_poll(plan.every, false, seed, &policy, now);
            (plan, time)
        };
        let turn = batch.taken.turn && batch.all_recorded;
        let polls = PutBackPolls {
            provider: ProviderId(PROVIDER),
            busy_until: batch.busy_until,
            asked_at: batch.requested_at,
            groups: groups.into_iter().map(due).collect(),
            emptied,
            turn: turn.then(|| next_poll_turn(&policy, now)),
        };
        let result = self.store.put_back_polls(&polls, Self::draw_commit(dice));
        let what = if matches!(result, Ok(false)) {
            "another worker has taken the group"
        } else {
            "polls are put back"
        };
        self.say(what, || format!("put back: {result:?}, {:?}", polls.groups));
        if result.is_err() {
            return Flow::Again(FAILURE_PAUSE);
        }
        let asked: Vec<_> = ids_of(&batch.taken).collect();
        let is_missing = |(_, id): &&(OrderId, ProviderOrderId)| answer_about(&batch.answers, id).is_none();
        let mut missing: Vec<_> = asked.iter().filter(is_missing).cloned().collect();
        if asked.len() < 2 || missing.is_empty() {
            return goes(Poll::Take);
        }
        let first = dice.index(missing.len()).unwrap_or_default();
        missing.rotate_left(first);
        missing.truncate(ALONE_MAX);
        goes(Poll::Alone(missing))
    }

    /// The order is back on its schedule already, and stays there if there is nothing to say about it.
    fn ask_alone(&mut self, mut missing: Vec<(OrderId, ProviderOrderId)>, dice: &mut Dice) -> Flow {
        let Some((id, upstream)) = missing.pop() else {
            return goes(Poll::Take);
        };
        let requested_at = self.now();
        let answers = self.panel.statuses(std::slice::from_ref(&upstream), dice);
        let heard = answers.is_some();
        self.say("an order is asked about alone", || {
            format!("order {id} is asked about alone (answered: {heard})")
        });
        let Some(answers) = answers else {
            return goes(Poll::Take);
        };
        if let Some(answer) = answer_about(&answers, &upstream) {
            self.record_report(id, Some(&upstream), answer, requested_at, dice);
        }
        goes(Poll::Alone(missing))
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
                        let due_at = now.plus(ASK_AFTER);
                        after.due_at = Some(due_at);
                        after.updated_at = now;
                        let change = Change::of(after);
                        change.follow_up(FollowUp::Ask { due_at })
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

/// Asked orders and their ids at the provider.
fn ids_of(taken: &TakenPolls) -> impl Iterator<Item = (OrderId, ProviderOrderId)> + '_ {
    let orders = taken.orders.iter().map(|taken| &taken.order);
    orders.filter_map(|order| Some((order.id, order.provider_order_id.clone()?)))
}

/// Nobody was asked about the others.
fn answer_about<'a>(answers: &'a Answers, id: &ProviderOrderId) -> Option<&'a StatusAnswer> {
    answers
        .iter()
        .find(|(answered, _)| answered == id)
        .map(|(_, answer)| answer)
}

const fn goes(step: Poll) -> Flow {
    Flow::Goes(Task::Poll(step))
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
