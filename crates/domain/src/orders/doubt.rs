//! Orders of a database that may have forgotten what was done about them.

use super::change::{Attempt, AttemptChange, Change};
use super::event::{Actor, EventKind, OrderEvent};
use super::order::Order;
use super::policy::OrderPolicy;
use super::schedule::next_lookup;
use super::state::{Hold, OrderState};
use super::submit::{Evidence, resolve};
use crate::Timestamp;

/// Who made an attempt that is only presumed.
pub const IN_DOUBT: &str = "nobody-known";

/// Takes an order for one that may have been sent without our knowing, in a database that may lack its latest commits:
/// it is unknown, looked up, and never sent again on its own. No request of ours is on its way any more after
/// `sent_until`, so that absence proves nothing before the quarantine after that. `None` if there is nothing to doubt
/// any more.
#[must_use]
pub fn doubt(
    order: &Order,
    attempt: Option<&Attempt>,
    why: &str,
    sent_until: Timestamp,
    policy: &OrderPolicy,
    now: Timestamp,
) -> Option<Change> {
    if order.hold != Hold::Pending {
        return None;
    }
    let mut change = match order.state {
        OrderState::Held => presumed(order, why, policy, now),
        OrderState::Submitting => {
            let evidence = Evidence::Unknown { why: why.to_owned() };
            resolve(order, attempt?, &evidence, policy, now)?
        }
        OrderState::Unknown if order.lease_until.is_none_or(|until| until < sent_until) => {
            Change::of(order.clone().touched(now))
        }
        _ => return None,
    };
    change.order.lease_until = change.order.lease_until.max(Some(sent_until));
    Some(change)
}

/// The attempt that the database has forgotten, if it was made: at any time since the order was placed.
fn presumed(order: &Order, why: &str, policy: &OrderPolicy, now: Timestamp) -> Change {
    let mut after = order.clone();
    after.state = OrderState::Unknown;
    after.attempts = order.attempts.saturating_add(1);
    after.unknown_since = Some(now);
    after.due_at = Some(next_lookup(order, policy, now));
    let attempt = AttemptChange::Presume {
        no: after.attempts,
        since: order.created_at,
        why: why.to_owned(),
    };
    let event = OrderEvent::new(EventKind::Unknown, Actor::System, now).with("why", why);
    Change::of(after.touched(now)).attempt(attempt).event(event)
}
