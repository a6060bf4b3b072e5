//! The connections on the shelf, and who waits for one.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::runtime::Id;
use tokio::sync::oneshot::{self, Receiver, Sender};

use super::Slot;

/// A connection that was idle for longer is tried before it is used.
pub(crate) const PING_AFTER_IDLE: Duration = Duration::from_secs(10);
/// A connection that is used so many times in a row by others than its runtime is closed: who needs one opens it where it is used.
const AWAY_MAX: u32 = 1_000;

/// What is on the shelf, and who waits for it.
#[derive(Default)]
pub(super) struct Stock {
    /// The one that was used last is on top.
    pub(super) idle: Vec<Idle>,
    /// How many wait for a connection of the pool: as long as it has fewer, none may be put on the shelf.
    pub(super) awaiting: usize,
    /// Who waits for a slot, by runtime, longest first. Some have got one meanwhile, or have gone.
    pub(super) waiting: HashMap<Id, VecDeque<Sender<Lent>>>,
}

/// A connection in use.
pub(crate) struct Lent {
    pub(super) kept: Kept,
    pub(super) slot: Slot,
    /// How many times in a row it was handed on.
    pub(super) handed_on: u32,
}

/// A connection that was not closed between two statements.
pub(super) struct Kept {
    pub(super) connection: PoolConnection<Postgres>,
    /// When the pool gave it.
    pub(super) taken: Instant,
    /// Where it was opened, if that is known.
    pub(super) home: Option<Id>,
    /// How many times in a row it was used elsewhere.
    pub(super) away: u32,
}

/// A connection on the shelf.
pub(super) struct Idle {
    pub(super) kept: Kept,
    pub(super) since: Instant,
}

impl Kept {
    pub(super) fn is_used(&mut self, here: Id) {
        self.away = match self.home {
            Some(home) if home == here => 0,
            _ => self.away.saturating_add(1),
        };
    }

    /// Whether its place is elsewhere.
    pub(super) const fn is_strange(&self) -> bool {
        self.away >= AWAY_MAX
    }
}

impl Lent {
    pub(super) const fn first(kept: Kept, slot: Slot) -> Self {
        Self {
            kept,
            slot,
            handed_on: 0,
        }
    }

    /// To run the statement on.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.kept.connection
    }
}

impl Stock {
    /// Waits for a connection that is handed on in this runtime.
    pub(super) fn wait(&mut self, here: Id) -> Receiver<Lent> {
        let waiting = self.waiting.entry(here).or_default();
        while waiting.front().is_some_and(Sender::is_closed) {
            waiting.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        waiting.push_back(sender);
        receiver
    }

    /// Takes the one that was used last, in this runtime if that is all there may be.
    pub(super) fn last_of(&mut self, here: Id, no_others: bool) -> Option<Idle> {
        match self.idle.iter().rposition(|idle| idle.kept.home == Some(here)) {
            Some(place) => Some(self.idle.remove(place)),
            None if no_others => None,
            None => self.idle.pop(),
        }
    }

    /// Puts a connection on the shelf; what goes to the pool instead. Those below are used the less, the fewer are needed at once.
    pub(super) fn add(&mut self, idle: Idle) -> Option<Idle> {
        let lowest = self.idle.first();
        let unneeded = lowest.is_some_and(|lowest| lowest.since.elapsed() >= PING_AFTER_IDLE);
        let over = unneeded.then(|| self.idle.remove(0));
        self.idle.push(idle);
        over
    }
}
