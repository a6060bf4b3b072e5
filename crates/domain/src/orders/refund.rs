//! Refund arithmetic: a cumulative target, never increments.

use super::order::Order;
use crate::Money;
use crate::wallets::Movement;

/// What an undelivered `remains` of `quantity` is worth: `floor(price × remains / quantity)`. `None` if `remains` is
/// more than `quantity`.
#[must_use]
pub fn refund_target(price: Money, quantity: u64, remains: u64) -> Option<Money> {
    price.share_rounded_down(remains, quantity)
}

/// The end of an order in money: what has been refunded and recognised when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundPlan {
    target: Money,
    undelivered: u64,
}

impl RefundPlan {
    /// The plan for `undelivered` pieces of the order. `None` if that is more than was ordered, or if it would take
    /// money back from the customer or out of revenue that is booked already: a person decides such cases.
    #[must_use]
    pub fn for_undelivered(order: &Order, undelivered: u64) -> Option<Self> {
        let target = refund_target(order.price, order.quantity, undelivered)?;
        let grows_after_the_end = order.recognised.is_positive() && target > order.refunded;
        (target >= order.refunded && !grows_after_the_end).then_some(Self { target, undelivered })
    }

    /// The pieces that were not delivered.
    #[must_use]
    pub const fn undelivered(self) -> u64 {
        self.undelivered
    }

    /// The movements that bring the order there, and what is refunded and recognised afterwards.
    #[must_use]
    pub fn movements(self, order: &Order) -> (Vec<Movement>, Money, Money) {
        let mut movements = Vec::new();
        let delta = self.target.saturating_sub(order.refunded);
        if delta.is_positive() {
            movements.push(Movement::refund(order, self.target, delta));
            let back = order
                .cost
                .share_rounded_down(self.undelivered, order.quantity)
                .unwrap_or(Money::ZERO);
            if back.is_positive() {
                movements.push(Movement::provider_refund(order, self.target, back));
            }
        }
        let rest = order.price.saturating_sub(self.target);
        if !order.recognised.is_positive() && rest.is_positive() {
            movements.push(Movement::recognise(order, rest));
        }
        (movements, self.target, rest)
    }
}
