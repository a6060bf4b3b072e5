//! The history of an order.

use super::state::stored_words;
use crate::{Timestamp, UserId};

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The system on its own: workers, rescue, policy.
    System,
    /// The provider's answer.
    Provider,
    /// The customer.
    Customer(UserId),
    /// A member of staff.
    Staff(UserId),
    /// Somebody who is not signed in.
    Visitor,
}

impl Actor {
    /// The stored word of the kind of actor.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Provider => "provider",
            Self::Customer(_) => "customer",
            Self::Staff(_) => "staff",
            Self::Visitor => "visitor",
        }
    }

    /// The person, if it was one.
    #[must_use]
    pub const fn user(&self) -> Option<&UserId> {
        match self {
            Self::System | Self::Provider | Self::Visitor => None,
            Self::Customer(user) | Self::Staff(user) => Some(user),
        }
    }
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The customer paid for it.
    Placed,
    /// A worker is about to send it.
    Claimed,
    /// The provider accepted it.
    Submitted,
    /// It could not be sent and will be tried again.
    Deferred,
    /// The provider refused it.
    Refused,
    /// Nobody knows whether the provider has it.
    Unknown,
    /// The provider was asked whether it has it, and nothing was settled by that.
    LookedUp,
    /// The provider reported a status.
    Observed,
    /// A report was older than the last one applied, or changed nothing that may change.
    Ignored,
    /// It ended, delivered in full.
    Completed,
    /// It ended, delivered in part.
    Partial,
    /// It ended, refunded in full by the provider's word.
    Canceled,
    /// It never reached the provider; refunded in full.
    Voided,
    /// It was given up on after the time limit; refunded in full.
    WrittenOff,
    /// Evidence arrived after it was voided.
    LateEvidence,
    /// The customer asked to cancel it.
    CancelRequested,
    /// The provider was asked to cancel it.
    CancelSent,
    /// A person has to look at it.
    Review,
    /// A person decided about it.
    Decision,
}

stored_words!(EventKind {
    Placed => "placed",
    Claimed => "claimed",
    Submitted => "submitted",
    Deferred => "deferred",
    Refused => "refused",
    Unknown => "unknown",
    LookedUp => "looked_up",
    Observed => "observed",
    Ignored => "ignored",
    Completed => "completed",
    Partial => "partial",
    Canceled => "canceled",
    Voided => "voided",
    WrittenOff => "written_off",
    LateEvidence => "late_evidence",
    CancelRequested => "cancel_requested",
    CancelSent => "cancel_sent",
    Review => "review",
    Decision => "decision",
});

impl EventKind {
    /// Whether the customer's history of the order shows it: what became of the order, not how we found out.
    #[must_use]
    pub const fn is_shown_to_customer(self) -> bool {
        match self {
            Self::Placed
            | Self::Submitted
            | Self::Refused
            | Self::Completed
            | Self::Partial
            | Self::Canceled
            | Self::Voided
            | Self::WrittenOff
            | Self::CancelRequested
            | Self::CancelSent => true,
            Self::Claimed
            | Self::Deferred
            | Self::Unknown
            | Self::LookedUp
            | Self::Observed
            | Self::Ignored
            | Self::LateEvidence
            | Self::Review
            | Self::Decision => false,
        }
    }

    /// Whether it may change what the customer sees of the order: its history, or how far it is.
    #[must_use]
    pub const fn concerns_customer(self) -> bool {
        self.is_shown_to_customer() || matches!(self, Self::Observed)
    }
}

/// One line of an order's history. Details are named texts; they hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEvent {
    /// What happened.
    pub kind: EventKind,
    /// Who caused it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// Named details, for people.
    pub details: Vec<(&'static str, String)>,
}

impl OrderEvent {
    /// An event without details.
    #[must_use]
    pub const fn new(kind: EventKind, actor: Actor, at: Timestamp) -> Self {
        Self {
            kind,
            actor,
            at,
            details: Vec::new(),
        }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.details.push((name, value.to_string()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_hear_of_what_changes_for_them_and_not_of_how_it_came_about() {
        for kind in [
            EventKind::Placed,
            EventKind::Submitted,
            EventKind::Refused,
            EventKind::Partial,
            EventKind::Voided,
            EventKind::CancelRequested,
            EventKind::CancelSent,
        ] {
            assert!(kind.is_shown_to_customer(), "{kind:?}");
            assert!(kind.concerns_customer(), "{kind:?}");
        }
        let report = EventKind::Observed;
        assert!(report.concerns_customer() && !report.is_shown_to_customer());
        for kind in [
            EventKind::Claimed,
            EventKind::Deferred,
            EventKind::Unknown,
            EventKind::Ignored,
            EventKind::Review,
            EventKind::Decision,
        ] {
            assert!(!kind.concerns_customer(), "{kind:?}");
        }
    }
}
