//! Orders whose fate is unknown: looked up, decided by people, written off in the end.

use super::change::{Attempt, AttemptOutcome, Change};
use super::event::{Actor, EventKind, OrderEvent};
use super::order::Order;
use super::policy::OrderPolicy;
use super::schedule::next_lookup;
use super::state::{Hold, OrderState};
use super::submit::{Evidence, resolve};
use crate::wallets::Movement;
use crate::{OrderId, Timestamp};

/// How long a written-off order is still looked up.
const WATCH_FOR: std::time::Duration = std::time::Duration::from_hours(24 * 7);
/// How often.
const WATCH_EVERY: std::time::Duration = std::time::Duration::from_hours(8);

/// Gives up on an order that stayed unknown too long: the customer is refunded, our possible loss is booked, and the
/// order is watched for a while. `None` before that time.
#[must_use]
pub fn write_off(order: &Order, attempt: &Attempt, policy: &OrderPolicy, now: Timestamp) -> Option<Change> {
    let since = order
        .unknown_since
        .filter(|_| order.state == OrderState::Unknown)?;
    if now < since.plus(policy.write_off_after) || attempt.outcome != AttemptOutcome::Unknown {
        return None;
    }
    let mut after = order.clone();
    after.state = OrderState::Voided;
    after.hold = Hold::Voided;
    after.ended_at = Some(now);
    after.due_at = Some(now.plus(WATCH_EVERY));
    let event = OrderEvent::new(EventKind::WrittenOff, Actor::System, now).with("refunded", order.price);
    Some(
        Change::of(after.touched(now))
            .event(event)
            .movement(Movement::void(order))
            .movement(Movement::writeoff(order)),
    )
}

/// Takes an order off the look-up schedule of a provider that offers no look-up: it is due again when it is to be
/// written off. `None` if it waits for that already.
#[must_use]
pub fn await_decision(order: &Order, policy: &OrderPolicy, now: Timestamp) -> Option<Change> {
    let due_at = order
        .unknown_since
        .filter(|_| order.state == OrderState::Unknown)
        .map(|since| since.plus(policy.write_off_after));
    if order.due_at == due_at {
        return None;
    }
    let mut after = order.clone();
    after.due_at = due_at;
    Some(Change::of(after.touched(now)))
}

/// Notes a look-up that settled nothing, and when the next one is due. A written-off order is watched for a week.
#[must_use]
pub fn looked_up(order: &Order, result: &str, policy: &OrderPolicy, now: Timestamp) -> Change {
    let mut after = order.clone();
    after.lookups = order.lookups.saturating_add(1);
    after.due_at = match order.ended_at {
        Some(ended) => (now.since(ended) < WATCH_FOR).then(|| now.plus(WATCH_EVERY)),
        None => Some(next_lookup(&after, policy, now)),
    };
    let event = OrderEvent::new(EventKind::LookedUp, Actor::System, now).with("result", result);
    Change::of(after.touched(now)).event(event)
}

/// Whether `other` is why a provider refused `order` that takes one order for a link at a time, if it is still under way after
/// that refusal. The provider had accepted it before `sent_at`, when the first byte of `order` left: however often that request
/// came there on its way, each time the link was in use.
#[must_use]
pub fn keeps_the_link(other: &Order, order: &Order, sent_at: Timestamp) -> bool {
    let place = |order: &Order| {
        let service = &order.service;
        (service.provider, service.upstream_id.clone(), order.link.clone())
    };
    let was_accepted = other.submitted_at.is_some_and(|at| at < sent_at);
    was_accepted && other.state.is_tracked() && place(other) == place(order)
}

/// Gives an order back that the provider refused, in the words of `text`, because of `other`. `None` if that changes nothing.
#[must_use]
pub fn refused_for_another(
    order: &Order,
    attempt: &Attempt,
    text: &str,
    other: OrderId,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Option<Change> {
    let refused = Evidence::Refused {
        text: text.to_owned(),
    };
    let mut change = resolve(order, attempt, &refused, policy, now)?;
    let seen = format!("order {other} for the same link is under way there");
    let event = OrderEvent::new(EventKind::LookedUp, Actor::System, now).with("result", seen);
    change.events.insert(0, event);
    Some(change)
}

/// Whether not finding the order at the provider proves that it is not there: only when no request of ours could still
/// be on its way at `asked_at`, which is when the provider was asked and not when its answer is recorded. A process may
/// stand still in between for longer than the quarantine.
#[must_use]
pub fn absence_proves(order: &Order, policy: &OrderPolicy, asked_at: Timestamp) -> bool {
    order
        .lease_until
        .is_some_and(|until| asked_at > until.plus(policy.quarantine))
}

/// Why a person's decision is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecisionRefusal {
    /// The order is neither unknown nor in review.
    #[error("there is nothing to decide about this order")]
    NothingToDecide,
    /// A request may still be on its way to the provider.
    #[error("a request for this order may still be under way")]
    TooEarly {
        /// When the decision can be taken.
        allowed_at: Timestamp,
    },
    /// The order has ended.
    #[error("the order has ended already")]
    AlreadyEnded,
    /// It would take back money that is not there to take.
    #[error("the refund would be outside of what the order still holds")]
    ImpossibleRefund,
}

/// Whether a person may say now that the provider has (`placed`) or does not have the order.
///
/// # Errors
/// [`DecisionRefusal`] that says why not.
pub fn staff_decision_allowed(
    order: &Order,
    attempt: &Attempt,
    placed: bool,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Result<(), DecisionRefusal> {
    let undecided = attempt.outcome == AttemptOutcome::Unknown
        && matches!(order.state, OrderState::Unknown | OrderState::Voided);
    if !undecided {
        return Err(DecisionRefusal::NothingToDecide);
    }
    if !placed && !absence_proves(order, policy, now) {
        let lease_until = order.lease_until.unwrap_or(order.updated_at);
        return Err(DecisionRefusal::TooEarly {
            allowed_at: lease_until.plus(policy.quarantine),
        });
    }
    Ok(())
}
