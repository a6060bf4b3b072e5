//! Sending an order at most once, and finding out what became of it.

use super::change::{Attempt, AttemptChange, AttemptOutcome, Change, FollowUp};
use super::event::{Actor, EventKind, OrderEvent};
use super::order::Order;
use super::policy::OrderPolicy;
use super::schedule::{PollPace, next_lookup, next_poll, next_submit};
use super::state::{Hold, OrderState};
use crate::wallets::Movement;
use crate::{ProviderOrderId, Timestamp};

/// Gives a worker the right to send a held order once: the intent is durable before the first byte leaves. `None` if
/// the order is not waiting to be sent.
#[must_use]
pub fn claim(order: &Order, worker: &str, policy: &OrderPolicy, now: Timestamp) -> Option<Change> {
    if order.state != OrderState::Held || order.hold != Hold::Pending {
        return None;
    }
    let mut after = order.clone();
    after.state = OrderState::Submitting;
    after.attempts = order.attempts.saturating_add(1);
    after.lease_until = Some(now.plus(policy.lease));
    after.due_at = after.lease_until;
    let attempt = AttemptChange::Open {
        no: after.attempts,
        worker: worker.to_owned(),
        at: now,
    };
    let event = OrderEvent::new(EventKind::Claimed, Actor::System, now).with("attempt", after.attempts);
    Some(Change::of(after.touched(now)).attempt(attempt).event(event))
}

/// What is known about an attempt now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The provider has the order under this id.
    Placed {
        /// The provider's id.
        provider_order_id: ProviderOrderId,
        /// Who says so.
        actor: Actor,
    },
    /// Nothing was sent; it may be tried again.
    NotSent {
        /// The proof.
        proof: String,
    },
    /// The provider refused it.
    Refused {
        /// The provider's words.
        text: String,
    },
    /// The provider does not have it, by a look-up after the quarantine or by a person's word.
    Absent {
        /// The proof.
        proof: String,
        /// Who says so.
        actor: Actor,
    },
    /// Nobody knows.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Records what is known about an attempt. `None` if that changes nothing, which is what makes late and repeated news
/// harmless. Money held is posted or given back at most once; a customer who got it back is never charged again.
#[must_use]
pub fn resolve(
    order: &Order,
    attempt: &Attempt,
    evidence: &Evidence,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Option<Change> {
    let open = matches!(attempt.outcome, AttemptOutcome::Intent | AttemptOutcome::Unknown);
    match (order.hold, evidence) {
        (
            Hold::Pending,
            Evidence::Placed {
                provider_order_id,
                actor,
            },
        ) if open => Some(accepted(order, attempt, provider_order_id, actor, policy, now)),
        (Hold::Pending, Evidence::NotSent { proof }) if open => {
            Some(not_sent(order, attempt, proof, policy, now))
        }
        (Hold::Pending, Evidence::Refused { text }) if open => {
            let refused = OrderEvent::new(EventKind::Refused, Actor::Provider, now).with("answer", text);
            Some(voided(
                order,
                attempt,
                &format!("refused:{text}"),
                Actor::Provider,
                now,
                Some(refused),
            ))
        }
        (Hold::Pending, Evidence::Absent { proof, actor }) if open => {
            Some(voided(order, attempt, proof, actor.clone(), now, None))
        }
        (Hold::Pending, Evidence::Unknown { why }) if attempt.outcome == AttemptOutcome::Intent => {
            Some(unknown(order, attempt, why, policy, now))
        }
        (
            Hold::Voided,
            Evidence::Placed {
                provider_order_id,
                actor,
            },
        ) if attempt.outcome != AttemptOutcome::Placed => {
            Some(placed_after_all(order, attempt, provider_order_id, actor, now))
        }
        (Hold::Voided, Evidence::Absent { proof, actor }) if open => {
            Some(absent_after_all(order, attempt, proof, actor, now))
        }
        (Hold::Voided, Evidence::NotSent { proof } | Evidence::Refused { text: proof }) if open => {
            Some(absent_after_all(order, attempt, proof, &Actor::Provider, now))
        }
        _ => None,
    }
}

/// Takes an order from a worker whose lease has ended. It never goes back to be sent.
#[must_use]
pub fn expire_lease(
    order: &Order,
    attempt: &Attempt,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Option<Change> {
    let expired = order.state == OrderState::Submitting && order.lease_until.is_some_and(|until| until < now);
    let evidence = Evidence::Unknown {
        why: "the worker's lease ended without a word".to_owned(),
    };
    expired
        .then(|| resolve(order, attempt, &evidence, policy, now))
        .flatten()
}

/// Takes back a claim that `worker` made without learning whether it was recorded. Such a worker sends nothing, so the
/// order can be sent by the next one, without waiting for the lease. `None` unless the attempt is that very claim and
/// nothing else is known of it: a worker can vouch for its own claim only.
#[must_use]
pub fn take_back(
    order: &Order,
    attempt: &Attempt,
    worker: &str,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Option<Change> {
    let own = attempt.worker == worker && attempt.outcome == AttemptOutcome::Intent;
    let evidence = Evidence::NotSent {
        proof: "local:not_sent".to_owned(),
    };
    own.then(|| resolve(order, attempt, &evidence, policy, now))
        .flatten()
}

fn accepted(
    order: &Order,
    attempt: &Attempt,
    provider_order_id: &ProviderOrderId,
    actor: &Actor,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Change {
    let mut after = order.clone();
    after.state = OrderState::Submitted;
    after.hold = Hold::Posted;
    after.provider_order_id = Some(provider_order_id.clone());
    after.submitted_at = Some(now);
    after.unknown_since = None;
    after.lease_until = None;
    after.review = None;
    after.due_at = Some(next_poll(&after, PollPace::default(), policy, now));
    let how = if order.state == OrderState::Unknown {
        "evidence"
    } else {
        "answer"
    };
    let event = OrderEvent::new(EventKind::Submitted, actor.clone(), now)
        .with("provider_order_id", provider_order_id)
        .with("known_by", how);
    let change = Change::of(after.touched(now))
        .attempt(resolved(
            attempt,
            AttemptOutcome::Placed,
            None,
            Some(provider_order_id),
        ))
        .movement(Movement::post(order))
        .event(event);
    if order.cancel_requested_at.is_some() && order.service.cancel {
        change.follow_up(FollowUp::Cancel { due_at: now })
    } else {
        change
    }
}

fn not_sent(order: &Order, attempt: &Attempt, proof: &str, policy: &OrderPolicy, now: Timestamp) -> Change {
    if order.attempts >= policy.attempts_max || order.cancel_requested_at.is_some() {
        return voided(order, attempt, proof, Actor::System, now, None);
    }
    let due_at = next_submit(order.attempts, now);
    let mut after = order.clone();
    after.state = OrderState::Held;
    after.lease_until = None;
    after.unknown_since = None;
    after.due_at = Some(due_at);
    let event = OrderEvent::new(EventKind::Deferred, Actor::System, now).with("proof", proof);
    Change::of(after.touched(now))
        .attempt(resolved(attempt, AttemptOutcome::NotPlaced, Some(proof), None))
        .event(event)
        .follow_up(FollowUp::Submit { due_at })
}

fn voided(
    order: &Order,
    attempt: &Attempt,
    proof: &str,
    actor: Actor,
    now: Timestamp,
    first: Option<OrderEvent>,
) -> Change {
    let event = OrderEvent::new(EventKind::Voided, actor, now)
        .with("proof", proof)
        .with("refunded", order.price);
    let mut change = Change::of(order.given_back(now))
        .attempt(resolved(attempt, AttemptOutcome::NotPlaced, Some(proof), None))
        .movement(Movement::void(order));
    change.events.extend(first.into_iter().chain([event]));
    change
}

fn unknown(order: &Order, attempt: &Attempt, why: &str, policy: &OrderPolicy, now: Timestamp) -> Change {
    let mut after = order.clone();
    after.state = OrderState::Unknown;
    after.unknown_since = Some(now);
    after.due_at = Some(next_lookup(order, policy, now));
    let event = OrderEvent::new(EventKind::Unknown, Actor::System, now).with("why", why);
    Change::of(after.touched(now))
        .attempt(resolved(attempt, AttemptOutcome::Unknown, Some(why), None))
        .event(event)
}

/// A written-off order had its possible loss booked then; one that was taken for absent has it booked now.
fn placed_after_all(
    order: &Order,
    attempt: &Attempt,
    provider_order_id: &ProviderOrderId,
    actor: &Actor,
    now: Timestamp,
) -> Change {
    let mut after = order.clone();
    after.due_at = None;
    after.review = Some(format!(
        "refunded, but placed at the provider as {provider_order_id}"
    ));
    let event = OrderEvent::new(EventKind::LateEvidence, actor.clone(), now)
        .with("provider_order_id", provider_order_id);
    let change = Change::of(after.touched(now))
        .attempt(resolved(
            attempt,
            AttemptOutcome::Placed,
            None,
            Some(provider_order_id),
        ))
        .event(event);
    if attempt.outcome == AttemptOutcome::NotPlaced {
        change.movement(Movement::late_placed(order))
    } else {
        change
    }
}

fn absent_after_all(order: &Order, attempt: &Attempt, proof: &str, actor: &Actor, now: Timestamp) -> Change {
    let mut after = order.clone();
    after.due_at = None;
    let event = OrderEvent::new(EventKind::LateEvidence, actor.clone(), now).with("proof", proof);
    Change::of(after.touched(now))
        .attempt(resolved(attempt, AttemptOutcome::NotPlaced, Some(proof), None))
        .movement(Movement::writeoff_reversal(order))
        .event(event)
}

fn resolved(
    attempt: &Attempt,
    outcome: AttemptOutcome,
    proof: Option<&str>,
    provider_order_id: Option<&ProviderOrderId>,
) -> AttemptChange {
    AttemptChange::Resolve {
        no: attempt.no,
        from: attempt.outcome,
        outcome,
        proof: proof.map(str::to_owned),
        provider_order_id: provider_order_id.cloned(),
    }
}
