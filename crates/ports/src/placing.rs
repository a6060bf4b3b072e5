//! A new order with everything that is recorded with it.

use std::sync::Arc;

use domain::identity::{Session, User};
use domain::orders::{NewOrder, Order, OrderEvent};
use domain::text::IdempotencyKey;
use domain::wallets::Movement;
use domain::{ApiKeyId, Fingerprint, OrderId};

use crate::identity::TokenDigest;
use crate::jobs::JobTopic;
use crate::outbox::NewJob;

/// A new order, and the key that keeps it from being placed twice. Whoever records it records with it the key bound to
/// the order, the order's first event, the job to send it and the hold of its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The order.
    pub order: NewOrder,
    /// The key.
    pub key: IdempotencyKey,
    /// What the key stands for.
    pub fingerprint: Fingerprint,
    /// The API key of the program that asked for it, if one did.
    pub by_key: Option<ApiKeyId>,
    /// The session in which it was asked for, if that was looked up for an earlier request: [`crate::Store::place`] records
    /// the order only if the session still stands. A transaction does not ask; nobody begins one before they have looked.
    pub session: Option<Arc<KeptSession>>,
}

/// A session as it was when it was looked up. It stands as long as it is open and whatever lets its user order is as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    /// The digest of its token.
    pub token: TokenDigest,
    /// The session.
    pub session: Session,
    /// Its user, who was not banned.
    pub user: User,
}

/// What goes with an order that was just placed. Of a draft everything is right but the order's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendants {
    /// The first line of its history.
    pub event: OrderEvent,
    /// The job to send it.
    pub job: NewJob,
    /// The hold of its price.
    pub hold: Movement,
}

impl Attendants {
    /// What goes with `order`.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self {
            event: order.placed_event(),
            job: NewJob {
                topic: JobTopic::SubmitOrder,
                subject: order.id.0,
                due_at: order.created_at,
            },
            hold: Movement::hold(order),
        }
    }

    /// The same, and the history says which API key asked for it.
    #[must_use]
    pub fn by_key(mut self, key: Option<&ApiKeyId>) -> Self {
        if let Some(key) = key {
            self.event = self.event.with("api_key", key);
        }
        self
    }
}

impl Placement {
    /// The same, as long as the session stands.
    #[must_use]
    pub fn in_session(self, session: &Arc<KeptSession>) -> Self {
        Self {
            session: Some(Arc::clone(session)),
            ..self
        }
    }

    /// The order, once the database has named it.
    #[must_use]
    pub fn identified(&self, id: OrderId) -> Order {
        self.order.clone().identified(id)
    }
}
