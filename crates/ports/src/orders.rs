//! Orders: what is recorded inside a transaction, and what screens and workers read.

use async_trait::async_trait;
use domain::catalog::ServiceType;
use domain::orders::{
    Attempt, AttemptChange, CustomerStatus, EventKind, Hold, NewOrder, Order, OrderEvent, OrderState,
};
use domain::providers::KnownOrder;
use domain::text::{Comments, IdempotencyKey, Link, Name};
use domain::{
    Fingerprint, Money, OrderId, PageSize, ProviderId, ProviderOrderId, RateSetId, ServiceId, Timestamp,
    UserId,
};

use crate::store::StoreError;

pub use crate::polls::{PollMeter, PutBackPolls, TakePolls, TakenPoll, TakenPolls};

/// What became of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyClaim {
    /// It is new, and now ours until the end of the transaction.
    Fresh,
    /// It was used for this order with the same request.
    Replay(OrderId),
    /// It was used with another request.
    Mismatch,
}

/// How long a key guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLife {
    /// For ever: the caller's own key.
    Forever,
    /// Only against orders placed at or after this moment that have not ended. For requests without a key, where the
    /// same order twice in a moment is an accident.
    NotBefore(Timestamp),
}

/// Whether a row was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It was.
    New,
    /// A row with the same key was there already; nothing changed.
    AlreadyThere,
}

/// Orders inside a transaction.
#[async_trait]
pub trait OrderRepository: Send {
    /// Claims an idempotency key. A racer with the same key waits here until the other transaction ends.
    async fn claim_key(
        &mut self,
        user: &UserId,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
        life: KeyLife,
        now: Timestamp,
    ) -> Result<KeyClaim, StoreError>;

    /// Binds a key that this transaction claimed to its order.
    async fn bind_key(
        &mut self,
        user: &UserId,
        key: &IdempotencyKey,
        order: OrderId,
    ) -> Result<(), StoreError>;

    /// Inserts an order; the database names it.
    async fn insert(&mut self, order: &NewOrder) -> Result<OrderId, StoreError>;

    /// Inserts orders in one statement: the same orders, at the same places, as the database named them.
    async fn insert_all(&mut self, orders: &[NewOrder]) -> Result<Vec<Order>, StoreError>;

    /// Records further keys of a request whose first key this transaction has claimed, each bound to its order. A key
    /// that is there already is a [`StoreError::Conflict`].
    async fn bind_more(
        &mut self,
        user: &UserId,
        keys: &[(IdempotencyKey, OrderId)],
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Whether orders of the user have not ended.
    async fn has_open(&mut self, user: &UserId) -> Result<bool, StoreError>;

    /// Reads an order and locks its row until the transaction ends.
    async fn lock(&mut self, id: OrderId) -> Result<Option<Order>, StoreError>;

    /// Writes `order` over the row if the row still has `order.revision`, and counts the revision up. `false` if it has
    /// another one: then nothing was written. A provider order id that another order of the provider has is a
    /// [`StoreError::Conflict`].
    async fn update(&mut self, order: &Order) -> Result<bool, StoreError>;

    /// The latest attempt of an order.
    async fn latest_attempt(&mut self, id: OrderId) -> Result<Option<Attempt>, StoreError>;

    /// Opens or resolves an attempt. `false` if the attempt to resolve has another outcome than expected. Opening a
    /// second attempt while one may have reached the provider is a [`StoreError::Conflict`].
    async fn change_attempt(&mut self, order: &Order, change: &AttemptChange) -> Result<bool, StoreError>;

    /// Appends history.
    async fn append_events(&mut self, id: OrderId, events: &[OrderEvent]) -> Result<(), StoreError>;

    /// Appends a line of history to each of many orders, in one statement.
    async fn append_all(&mut self, events: &[(OrderId, OrderEvent)]) -> Result<(), StoreError>;

    /// Takes tracked orders of a provider to ask about, and moves their due times to `take.busy_until`, so that no other
    /// worker takes them meanwhile: what is due first, whole groups or orders by themselves, then what soon will be.
    /// `None` if nothing is due, if another worker has just taken it, or if less than `take.enough` orders are due and it is
    /// not the provider's turn: then the transaction must not be committed. Groups that were taken and not put back in time
    /// wait for no turn.
    async fn take_due_polls(&mut self, take: &TakePolls) -> Result<Option<TakenPolls>, StoreError>;

    /// Puts orders that were taken back on the schedule in groups; orders that stay in their group are not written. Leaves
    /// every revision alone. `false` if another worker has taken one of the groups meanwhile, because this one was too slow:
    /// then the transaction must not be committed, and everything is asked about again.
    async fn put_back_polls(&mut self, polls: &PutBackPolls) -> Result<bool, StoreError>;

    /// Takes an order out of its group, if it is in one, and makes it due by itself. Leaves the revision alone.
    async fn leave_poll_group(&mut self, id: OrderId, due_at: Timestamp) -> Result<(), StoreError>;

    /// From `at` on, at the latest, it is the provider's turn to be asked although little is due.
    async fn open_poll_turn(&mut self, provider: ProviderId, at: Timestamp) -> Result<(), StoreError>;

    /// A member of staff's word about the fate of an unknown order that still needs a second one. `None` if nobody has
    /// said anything yet.
    async fn pending_decision(&mut self, id: OrderId) -> Result<Option<PendingDecision>, StoreError>;

    /// Keeps a first word; replaces an earlier one.
    async fn keep_decision(&mut self, id: OrderId, decision: &PendingDecision) -> Result<(), StoreError>;

    /// Forgets the first word.
    async fn drop_decision(&mut self, id: OrderId) -> Result<(), StoreError>;
}

/// The first of two words about an unknown order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDecision {
    /// Who said it.
    pub staff: UserId,
    /// `Some` is "placed under this id", `None` is "not placed".
    pub placed_as: Option<ProviderOrderId>,
    /// When.
    pub at: Timestamp,
}

/// An order as screens show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// The order. Its due time is its group's if it has none of its own.
    pub order: Order,
    /// The provider's name.
    pub provider_name: String,
    /// The customer's e-mail address.
    pub user_email: String,
    /// What kind of order it is.
    pub service_type: ServiceType,
}

/// A line of history as screens show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// What happened.
    pub kind: EventKind,
    /// `system`, `provider`, `customer` or `staff`.
    pub actor: String,
    /// The person, if it was one.
    pub actor_user: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// Named details.
    pub details: Vec<(String, String)>,
}

/// One attempt as staff see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// Counts from one.
    pub no: u32,
    /// `intent`, `unknown`, `placed` or `not_placed`.
    pub outcome: String,
    /// Why that is known.
    pub proof: Option<String>,
    /// The process that made it.
    pub worker: String,
    /// When the intent was recorded.
    pub started_at: Timestamp,
    /// When the outcome was recorded.
    pub resolved_at: Option<Timestamp>,
}

/// An order as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOrder {
    /// The order.
    pub id: OrderId,
    /// What was ordered.
    pub service: ServiceId,
    /// What it was called then.
    pub service_name: Name,
    /// Where to.
    pub link: Link,
    /// How much of it.
    pub quantity: u64,
    /// What it costs.
    pub price: Money,
    /// What was given back after the provider had accepted it.
    pub refunded: Money,
    /// Where the price is.
    pub hold: Hold,
    /// How far it is.
    pub state: OrderState,
    /// Whether drops are refilled.
    pub refill: bool,
    /// The counter before the delivery began.
    pub start_count: Option<u64>,
    /// What is not delivered yet.
    pub remains: Option<u64>,
    /// When the owner asked to cancel it.
    pub cancel_requested_at: Option<Timestamp>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The exchange rates in force when it was placed.
    pub rates: Option<RateSetId>,
}

impl From<Order> for OwnOrder {
    fn from(order: Order) -> Self {
        Self {
            id: order.id,
            service: order.service.id,
            service_name: order.service.name,
            link: order.link,
            quantity: order.quantity,
            price: order.price,
            refunded: order.refunded,
            hold: order.hold,
            state: order.state,
            refill: order.service.refill,
            start_count: order.start_count,
            remains: order.remains,
            cancel_requested_at: order.cancel_requested_at,
            created_at: order.created_at,
            updated_at: order.updated_at,
            rates: order.rates,
        }
    }
}

/// Which orders a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderFilter {
    /// Only this customer's.
    pub user: Option<UserId>,
    /// Only this provider's.
    pub provider: Option<ProviderId>,
    /// Only this service's.
    pub service: Option<ServiceId>,
    /// Only these that look like this to the customer.
    pub status: Option<CustomerStatus>,
    /// Only these states.
    pub state: Option<OrderState>,
    /// Only those in review (`true`) or not (`false`).
    pub in_review: Option<bool>,
    /// Only those whose link contains this text, ignoring case.
    pub link_contains: Option<String>,
}

/// How many orders there are in a state, and what they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// The state.
    pub state: OrderState,
    /// How many.
    pub orders: u64,
    /// When the one that has been in it longest was last changed.
    pub oldest_change: Timestamp,
    /// The sum of prices.
    pub price: Money,
}

/// Orders for screens and for the schedules of workers.
#[async_trait]
pub trait OrderQueries: Send + Sync {
    /// One order of anybody.
    async fn find(&self, id: OrderId) -> Result<Option<OrderView>, StoreError>;

    /// The user's orders that these keys are bound to, in the order of the keys. Keys that are not bound are left out.
    async fn placed_with(&self, user: &UserId, keys: &[IdempotencyKey]) -> Result<Vec<Order>, StoreError>;

    /// What is to be written for the order, if it says that.
    async fn comments(&self, id: OrderId) -> Result<Option<Comments>, StoreError>;

    /// One order of this customer. A foreign order is as absent as a missing one.
    async fn find_of(&self, user: &UserId, id: OrderId) -> Result<Option<OrderView>, StoreError>;

    /// Those of this customer's orders that have these ids, in no order.
    async fn own_with(&self, user: &UserId, ids: &[OrderId]) -> Result<Vec<OwnOrder>, StoreError>;

    /// History, oldest first, at most the latest 500 lines.
    async fn events(&self, id: OrderId) -> Result<Vec<EventView>, StoreError>;

    /// Attempts, oldest first.
    async fn attempts(&self, id: OrderId) -> Result<Vec<AttemptView>, StoreError>;

    /// Orders, newest first, below `before` if given.
    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        size: PageSize,
    ) -> Result<Vec<OrderView>, StoreError>;

    /// The same orders with what their owners see of them: reading the rest costs several times as much.
    async fn list_own(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        size: PageSize,
    ) -> Result<Vec<OwnOrder>, StoreError>;

    /// How many orders are in each state that is not an end, plus those in review.
    async fn open_counts(&self) -> Result<Vec<StateCount>, StoreError>;

    /// How many orders wait for a person.
    async fn in_review_count(&self) -> Result<u64, StoreError>;

    /// Orders whose worker's lease ended before `now`.
    async fn expired_leases(&self, now: Timestamp, limit: u16) -> Result<Vec<OrderId>, StoreError>;

    /// Orders to look up: unknown, or written off and still watched, and due.
    async fn due_lookups(&self, now: Timestamp, limit: u16) -> Result<Vec<OrderId>, StoreError>;

    /// Providers to ask now: tracked orders of theirs are due, and there are `enough` of them, or it is the provider's turn,
    /// or some were taken and not put back in time.
    async fn providers_with_due_polls(
        &self,
        now: Timestamp,
        enough: u16,
    ) -> Result<Vec<ProviderId>, StoreError>;

    /// Held orders last changed before `before` for which no job is waiting: work that was lost.
    async fn forgotten_holds(&self, before: Timestamp, limit: u16) -> Result<Vec<OrderId>, StoreError>;

    /// The sum of prices of the provider's unknown orders.
    async fn unknown_exposure(&self, provider: ProviderId) -> Result<Money, StoreError>;

    /// Orders of anybody for this link that the provider is asked about, oldest first and so many at most.
    async fn tracked_for_link(
        &self,
        provider: ProviderId,
        link: &Link,
        limit: u16,
    ) -> Result<Vec<Order>, StoreError>;

    /// Those of these ids that belong to orders of ours at this provider, in their order, and when these were sent.
    async fn known_provider_orders(
        &self,
        provider: ProviderId,
        ids: &[ProviderOrderId],
    ) -> Result<Vec<KnownOrder>, StoreError>;
}
