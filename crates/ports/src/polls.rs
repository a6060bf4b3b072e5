//! Asking providers about orders.

use std::time::Duration;

use domain::orders::{GroupPlan, GroupTime, Order, PollWindow};
use domain::{PollGroupId, ProviderId, Timestamp};

/// What to take to ask a provider about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakePolls {
    /// Who is asked.
    pub provider: ProviderId,
    /// Which orders may be asked about.
    pub window: PollWindow,
    /// What was taken is due again then. It tells this taking from every other.
    pub busy_until: Timestamp,
    /// Orders of one request at most.
    pub limit: u16,
    /// While fewer orders are due the provider is asked only when it is its turn.
    pub enough: u16,
}

/// Orders to ask a provider about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPolls {
    /// The groups among them, also those whose orders have all left.
    pub groups: Vec<PollGroupId>,
    /// The orders, without a particular order.
    pub orders: Vec<TakenPoll>,
    /// Whether it takes everything that was due: then the provider's next turn is when these are due again, unless they are
    /// put back before.
    pub turn: bool,
}

/// An order to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPoll {
    /// The order.
    pub order: Order,
    /// Its group.
    pub group: Option<PollGroupId>,
    /// When it was due.
    pub due_at: Timestamp,
}

/// Is told what polling does.
pub trait PollMeter: Send + Sync {
    /// The provider is about to be asked about orders that have been due for so long; zero is one that is asked about early.
    fn asked(&self, provider: ProviderId, late: &[Duration]);

    /// The provider is about to be asked about one order alone, because its answer about many left it out, or about some
    /// of many, because it refused to answer about all of them.
    fn asked_alone(&self, provider: ProviderId);
}

/// How orders that were asked about are put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBackPolls {
    /// Who was asked.
    pub provider: ProviderId,
    /// As in [`TakePolls::busy_until`].
    pub busy_until: Timestamp,
    /// When.
    pub asked_at: Timestamp,
    /// Groups, and when each is due next.
    pub groups: Vec<(GroupPlan, GroupTime)>,
    /// Groups that nobody is in any more.
    pub emptied: Vec<PollGroupId>,
    /// When it is the provider's turn next, if what was taken has moved that.
    pub turn: Option<Timestamp>,
}
