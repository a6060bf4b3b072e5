//! Reading a provider's report about an order, and what it does to money.

use std::time::Duration;

use super::change::{Change, FollowUp};
use super::event::{Actor, EventKind, OrderEvent};
use super::order::Order;
use super::policy::OrderPolicy;
use super::refund::RefundPlan;
use super::schedule::{PollPace, next_poll};
use super::state::{Hold, OrderState};
use super::unknown::DecisionRefusal;
use crate::providers::{UpstreamCount, UpstreamOrder, UpstreamStatus};
use crate::{Timestamp, UserId};

/// A provider's report and when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// When the request began; a report is as old as that.
    pub requested_at: Timestamp,
    /// What the provider said.
    pub report: UpstreamOrder,
    /// Whether the provider's circuit was half open.
    pub half_open: bool,
}

/// How the note of an order begins that a person has put in review.
const FLAGGED: &str = "flagged by staff";

/// Where a report leads.
enum Reading {
    Progress(OrderState),
    End(OrderState, RefundPlan),
    Review(String),
}

/// Applies a report. `None` if it says nothing new: then only the next poll moves, to the time that
/// [`next_poll`] gives. Terminal states are sticky; a report that contradicts one goes to a person.
#[must_use]
pub fn observe(order: &Order, seen: &Observation, policy: &OrderPolicy, now: Timestamp) -> Option<Change> {
    if order.hold != Hold::Posted {
        return None;
    }
    if order
        .observed_at
        .is_some_and(|applied| seen.requested_at < applied)
    {
        return Some(Change::of(order.clone()).event(observed(EventKind::Ignored, seen, now)));
    }
    let reading = read(order, &seen.report);
    let mut after = noted(order, seen);
    if order.state.is_terminal() {
        return contradiction(order, reading, seen, now);
    }
    after.due_at = Some(next_poll(&after, pace(order, seen), policy, now));
    match reading {
        Reading::Progress(state) => {
            after.state = state;
            let news = (
                after.state,
                &after.provider_status,
                after.start_count,
                after.remains,
                &after.review,
            ) != (
                order.state,
                &order.provider_status,
                order.start_count,
                order.remains,
                &order.review,
            );
            news.then(|| Change::of(after.touched(now)).event(observed(EventKind::Observed, seen, now)))
        }
        Reading::End(state, plan) => {
            let event = observed(EventKind::Observed, seen, now);
            let mut change = end(after, state, plan, Actor::Provider, now);
            change.events.insert(0, event);
            Some(change)
        }
        Reading::Review(reason) => {
            let repeated =
                order.review.as_ref() == Some(&reason) && order.provider_status == after.provider_status;
            (!repeated).then(|| to_review(after, reason, seen, now))
        }
    }
}

/// Applies a provider's refusal to report about an order it accepted, such as "Incorrect order ID". It says nothing
/// about delivery, so no money moves; a person looks at it. `None` if that is known already.
#[must_use]
pub fn observe_refusal(order: &Order, text: &str, policy: &OrderPolicy, now: Timestamp) -> Option<Change> {
    let reason = format!("the provider does not report about it: {}", shortened(text));
    if !order.state.is_tracked() || order.review.as_ref() == Some(&reason) {
        return None;
    }
    let mut after = order.clone();
    after.review = Some(reason.clone());
    after.due_at = Some(next_poll(order, PollPace::default(), policy, now));
    let event = OrderEvent::new(EventKind::Review, Actor::Provider, now).with("reason", reason);
    Some(Change::of(after.touched(now)).event(event))
}

/// What a person decides about an order in review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewDecision {
    /// Nothing is wrong: go on as before.
    Dismiss,
    /// It was delivered in full.
    Completed,
    /// It was delivered but for this many pieces.
    Partial {
        /// Pieces not delivered.
        remains: u64,
    },
    /// Nothing was delivered.
    Canceled,
}

/// A person puts an order that the provider has in review, because the provider says nothing of use about it: it is gone,
/// or forgets the order. No money moves, and asking goes on.
///
/// # Errors
/// [`DecisionRefusal`] if the provider does not have the order, or it is in review already.
pub fn flag(order: &Order, staff: &UserId, note: &str, now: Timestamp) -> Result<Change, DecisionRefusal> {
    if order.state.is_terminal() {
        return Err(DecisionRefusal::AlreadyEnded);
    }
    if !order.state.is_tracked() || order.review.is_some() {
        return Err(DecisionRefusal::NothingToDecide);
    }
    let reason = format!("{FLAGGED}: {}", shortened(note));
    let mut after = order.clone();
    after.review = Some(reason.clone());
    let event = OrderEvent::new(EventKind::Review, Actor::Staff(staff.clone()), now).with("reason", reason);
    Ok(Change::of(after.touched(now)).event(event))
}

/// Applies a person's decision about an order in review.
///
/// # Errors
/// [`DecisionRefusal`] if the order is not in review, or the decision would take money back from the customer or out
/// of revenue that is booked.
pub fn settle_review(
    order: &Order,
    decision: ReviewDecision,
    staff: &UserId,
    note: &str,
    now: Timestamp,
) -> Result<Change, DecisionRefusal> {
    if order.review.is_none() {
        return Err(DecisionRefusal::NothingToDecide);
    }
    let mut after = order.clone();
    after.review = None;
    let actor = Actor::Staff(staff.clone());
    let event = OrderEvent::new(EventKind::Decision, actor.clone(), now)
        .with("decision", decision.word())
        .with("note", note);
    let undelivered = match decision {
        ReviewDecision::Dismiss => {
            if !after.state.is_tracked() {
                return Ok(Change::of(after.touched(now)).event(event));
            }
            after.due_at = Some(now);
            let change = Change::of(after.touched(now)).event(event);
            return Ok(change.follow_up(FollowUp::Ask { due_at: now }));
        }
        ReviewDecision::Completed => 0,
        ReviewDecision::Partial { remains } => remains,
        ReviewDecision::Canceled => order.quantity,
    };
    if !order.state.is_tracked() {
        return Err(DecisionRefusal::AlreadyEnded);
    }
    let plan = RefundPlan::for_undelivered(order, undelivered).ok_or(DecisionRefusal::ImpossibleRefund)?;
    let mut change = end(after, end_state(order, undelivered), plan, actor, now);
    change.events.insert(0, event);
    Ok(change)
}

impl ReviewDecision {
    /// The word on the wire and in history.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dismiss => "dismiss",
            Self::Completed => "completed",
            Self::Partial { .. } => "partial",
            Self::Canceled => "canceled",
        }
    }
}

fn read(order: &Order, report: &UpstreamOrder) -> Reading {
    let Some(status) = UpstreamStatus::parse(&report.status) else {
        return Reading::Review(format!("unknown status word: {}", shortened(&report.status)));
    };
    let undelivered = match status {
        // It does not go back from "in progress".
        UpstreamStatus::Pending => return Reading::Progress(order.state),
        UpstreamStatus::InProgress => return Reading::Progress(OrderState::InProgress),
        UpstreamStatus::Completed => 0,
        UpstreamStatus::Canceled => order.quantity,
        UpstreamStatus::Partial => match &report.remains {
            UpstreamCount::Known(remains) => *remains,
            UpstreamCount::Absent => return Reading::Review("partial without remains".to_owned()),
            UpstreamCount::Invalid(text) => {
                return Reading::Review(format!("partial with unreadable remains: {}", shortened(text)));
            }
        },
    };
    match RefundPlan::for_undelivered(order, undelivered) {
        Some(plan) => Reading::End(end_state(order, undelivered), plan),
        None => Reading::Review(format!(
            "{} with {undelivered} of {} undelivered",
            report.status, order.quantity
        )),
    }
}

/// All undelivered is canceled, nothing undelivered is completed, whatever word was used.
const fn end_state(order: &Order, undelivered: u64) -> OrderState {
    if undelivered == 0 {
        OrderState::Completed
    } else if undelivered == order.quantity {
        OrderState::Canceled
    } else {
        OrderState::Partial
    }
}

fn end(mut order: Order, state: OrderState, plan: RefundPlan, actor: Actor, now: Timestamp) -> Change {
    let (movements, refunded, recognised) = plan.movements(&order);
    let kind = match state {
        OrderState::Partial => EventKind::Partial,
        OrderState::Canceled => EventKind::Canceled,
        _ => EventKind::Completed,
    };
    let event = OrderEvent::new(kind, actor, now)
        .with("refunded", refunded)
        .with("kept", recognised);
    order.state = state;
    order.refunded = refunded;
    order.recognised = recognised;
    // Clients refund by this number, so it is the one that money was moved by, whatever was counted before.
    order.remains = Some(plan.undelivered());
    order.due_at = None;
    order.review = None;
    order.ended_at = Some(now);
    let change = Change::of(order.touched(now)).event(event);
    movements.into_iter().fold(change, Change::movement)
}

/// A report about an ended order: the same end again is no news, anything else is for a person.
fn contradiction(order: &Order, reading: Reading, seen: &Observation, now: Timestamp) -> Option<Change> {
    let reason = match reading {
        Reading::Progress(_) => return None,
        Reading::End(state, _) if state == order.state => return None,
        Reading::End(state, _) => format!(
            "reported {} after it ended as {}",
            state.as_str(),
            order.state.as_str()
        ),
        Reading::Review(reason) => reason,
    };
    if order.review.as_ref() == Some(&reason) {
        return None;
    }
    Some(to_review(order.clone(), reason, seen, now))
}

fn to_review(mut order: Order, reason: String, seen: &Observation, now: Timestamp) -> Change {
    order.review = Some(reason.clone());
    let event = observed(EventKind::Review, seen, now).with("reason", reason);
    Change::of(order.touched(now)).event(event)
}

fn noted(order: &Order, seen: &Observation) -> Order {
    let mut after = order.clone();
    after.observed_at = Some(seen.requested_at);
    after.provider_status = Some(shortened(&seen.report.status));
    // The first counter is the one before the delivery began; later ones would hide how much was delivered.
    after.start_count = order.start_count.or(seen.report.start_count.known());
    // More left than was ordered is no count: customers would be told it.
    let counted = seen.report.remains.known();
    let possible = counted.filter(|remains| *remains <= order.quantity);
    after.remains = possible.or(order.remains);
    after
}

fn observed(kind: EventKind, seen: &Observation, now: Timestamp) -> OrderEvent {
    let count = |count: &UpstreamCount| match count {
        UpstreamCount::Absent => "absent".to_owned(),
        UpstreamCount::Known(count) => count.to_string(),
        UpstreamCount::Invalid(text) => format!("unreadable: {}", shortened(text)),
    };
    let event = OrderEvent::new(kind, Actor::Provider, now)
        .with("status", shortened(&seen.report.status))
        .with("start_count", count(&seen.report.start_count))
        .with("remains", count(&seen.report.remains));
    match &seen.report.charge {
        Some(charge) => event.with("charge", shortened(charge)),
        None => event,
    }
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// The finish at the speed between the last report and this one.
fn pace(order: &Order, seen: &Observation) -> PollPace {
    let finishes_in = (|| {
        let elapsed = seen.requested_at.since(order.observed_at?);
        let (before, after) = (order.remains?, seen.report.remains.known()?);
        let delivered = before.checked_sub(after).filter(|delivered| *delivered > 0)?;
        let micros = u128::from(after) * elapsed.as_micros() / u128::from(delivered);
        u64::try_from(micros).ok().map(Duration::from_micros)
    })();
    PollPace {
        finishes_in,
        half_open: seen.half_open,
    }
}
