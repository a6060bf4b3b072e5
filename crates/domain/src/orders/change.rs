//! What a decision wants recorded.

use super::event::OrderEvent;
use super::order::Order;
use super::state::stored_words;
use crate::wallets::Movement;
use crate::{OrderId, ProviderOrderId, Timestamp};

/// What is known about one attempt to send an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptOutcome {
    /// Durable before the first byte leaves.
    Intent,
    /// It may have reached the provider.
    Unknown,
    /// The provider has it.
    Placed,
    /// The provider provably does not have it.
    NotPlaced,
}

stored_words!(AttemptOutcome {
    Intent => "intent",
    Unknown => "unknown",
    Placed => "placed",
    NotPlaced => "not_placed",
});

/// The attempt of an order that may have reached a provider. There is at most one; the database refuses a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The order.
    pub order: OrderId,
    /// Counts from one.
    pub no: u32,
    /// Who claimed the order: this claim, and no other one of the same process.
    pub worker: String,
    /// What is known.
    pub outcome: AttemptOutcome,
    /// When the intent was recorded.
    pub started_at: Timestamp,
}

/// What a decision does to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptChange {
    /// Records the intent.
    Open {
        /// Counts from one.
        no: u32,
        /// Who will send it: this claim, and no other one of the same process.
        worker: String,
        /// When.
        at: Timestamp,
    },
    /// Records an attempt that we know nothing of but that may have been made: the database that knew is gone.
    Presume {
        /// Counts from one.
        no: u32,
        /// From when on it may have been made.
        since: Timestamp,
        /// Why it is presumed.
        why: String,
    },
    /// Records the outcome, if the attempt still is what the decision was made on.
    Resolve {
        /// Which attempt.
        no: u32,
        /// What was known when the decision was made.
        from: AttemptOutcome,
        /// What is known now.
        outcome: AttemptOutcome,
        /// Why it is known; required for `not_placed`.
        proof: Option<String>,
        /// The provider's id, for `placed`.
        provider_order_id: Option<ProviderOrderId>,
    },
}

/// Work that follows from a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowUp {
    /// Send the order to its provider.
    Submit {
        /// Not before.
        due_at: Timestamp,
    },
    /// Ask the provider to cancel the order.
    Cancel {
        /// Not before.
        due_at: Timestamp,
    },
    /// Ask the provider about the order when it is due, without waiting until a request is full.
    Ask {
        /// When it is due.
        due_at: Timestamp,
    },
}

/// An order as it must be afterwards, and everything that goes with it. Recorded in one transaction or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The order afterwards. Its `revision` is still the one that the decision was made on.
    pub order: Order,
    /// The attempt's fate.
    pub attempt: Option<AttemptChange>,
    /// Money.
    pub movements: Vec<Movement>,
    /// History.
    pub events: Vec<OrderEvent>,
    /// Work.
    pub follow_ups: Vec<FollowUp>,
}

impl Change {
    /// A change of the order alone.
    #[must_use]
    pub const fn of(order: Order) -> Self {
        Self {
            order,
            attempt: None,
            movements: Vec::new(),
            events: Vec::new(),
            follow_ups: Vec::new(),
        }
    }

    /// Adds an event.
    #[must_use]
    pub fn event(mut self, event: OrderEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Adds a money movement, unless it moves nothing.
    #[must_use]
    pub fn movement(mut self, movement: Movement) -> Self {
        if !movement.transfers.is_empty() {
            self.movements.push(movement);
        }
        self
    }

    /// Adds work.
    #[must_use]
    pub fn follow_up(mut self, follow_up: FollowUp) -> Self {
        self.follow_ups.push(follow_up);
        self
    }

    /// Sets the attempt's fate.
    #[must_use]
    pub fn attempt(mut self, attempt: AttemptChange) -> Self {
        self.attempt = Some(attempt);
        self
    }
}
