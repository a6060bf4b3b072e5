//! Ending an order before the provider does.

use super::change::{Change, FollowUp};
use super::event::{Actor, EventKind, OrderEvent};
use super::order::Order;
use super::state::{Hold, OrderState};
use crate::Timestamp;
use crate::wallets::Movement;

/// A provider is asked to cancel the same order at most this often.
const CANCEL_EVERY: std::time::Duration = std::time::Duration::from_mins(10);

/// Gives back a held order that cannot be sent any more, for instance because its provider was removed. `None` if the
/// order is not waiting to be sent.
#[must_use]
pub fn withdraw(order: &Order, reason: &str, now: Timestamp) -> Option<Change> {
    if order.state != OrderState::Held || order.hold != Hold::Pending {
        return None;
    }
    let event = OrderEvent::new(EventKind::Voided, Actor::System, now).with("reason", reason);
    Some(
        Change::of(order.given_back(now))
            .event(event)
            .movement(Movement::void(order)),
    )
}

/// Why an order is not canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelRefusal {
    /// It has ended.
    #[error("the order has ended already")]
    AlreadyEnded,
    /// The provider does not cancel this service.
    #[error("this service cannot be canceled once it was sent")]
    NotCancelable,
    /// It was asked for a moment ago.
    #[error("cancellation was asked for a moment ago")]
    AskedRecently,
}

/// A customer asks to cancel. Before it is claimed the order is given back at once; while its fate is open the wish is
/// noted and applied afterwards; later the provider is asked, and money moves only when it reports the end.
///
/// # Errors
/// [`CancelRefusal`] that says why not.
pub fn cancel_by_customer(order: &Order, now: Timestamp) -> Result<Change, CancelRefusal> {
    let actor = Actor::Customer(order.user.clone());
    if order.state.is_terminal() {
        return Err(CancelRefusal::AlreadyEnded);
    }
    if order.state == OrderState::Held {
        let after = order.given_back(now);
        let event =
            OrderEvent::new(EventKind::Voided, actor, now).with("reason", "canceled before it was sent");
        return Ok(Change::of(after).event(event).movement(Movement::void(order)));
    }
    if order.state.is_tracked() && !order.service.cancel {
        return Err(CancelRefusal::NotCancelable);
    }
    if order
        .cancel_requested_at
        .is_some_and(|asked| now.since(asked) < CANCEL_EVERY)
    {
        return Err(CancelRefusal::AskedRecently);
    }
    let mut after = order.clone();
    after.cancel_requested_at = Some(now);
    let event = OrderEvent::new(EventKind::CancelRequested, actor, now);
    let change = Change::of(after.touched(now)).event(event);
    Ok(if order.state.is_tracked() {
        change.follow_up(FollowUp::Cancel { due_at: now })
    } else {
        change
    })
}
