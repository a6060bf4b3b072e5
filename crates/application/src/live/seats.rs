//! Who watches in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use domain::identity::Demands;
use domain::{Timestamp, UserId};
use ports::identity::OpenedSession;
use tokio::time::Instant;

use super::rounds::DOUBT_MAX;
use super::subscription::Ending;
use super::watcher::Watcher;
use crate::identity::{ActiveSession, Shown};

/// How much a process takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveLimits {
    /// Streams of one user.
    pub per_user: usize,
    /// Streams of all.
    pub total: usize,
    /// Rows that are kept for those who come back. A row takes about half a kilobyte.
    pub kept: usize,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            per_user: 10,
            total: 4_096,
            kept: 16_384,
        }
    }
}

/// There are too many streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// Of this user.
    #[error("the user has too many streams")]
    User,
    /// Of all.
    #[error("the process has too many streams")]
    Process,
}

/// What somebody watches with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// What they were let in with.
    pub shown: Shown,
    /// What is demanded of them.
    pub demands: Demands,
}

/// Somebody who watches, and whether they still may.
pub(super) struct Guest {
    pub(super) watcher: Watcher,
    pub(super) pass: Pass,
    /// Until when they are told without having been found once more.
    certain_until: Mutex<Instant>,
    ending: OnceLock<Ending>,
}

impl Guest {
    fn new(watcher: Watcher, pass: Pass) -> Self {
        Self {
            watcher,
            pass,
            certain_until: Mutex::new(Instant::now() + DOUBT_MAX),
            ending: OnceLock::new(),
        }
    }

    /// Why they are not told any more.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending.get().copied()
    }

    pub(super) fn end(&self, ending: Ending) {
        // What was first stays.
        self.ending.get_or_init(|| ending);
    }

    /// What they showed has ended by itself.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.pass.shown.until.is_some_and(|until| until <= now)
    }

    /// Their session was looked for at `now`.
    pub(super) fn was_looked_up(&self, found: Option<&OpenedSession>, now: Timestamp) {
        let session = found.cloned().and_then(|found| ActiveSession::of(found, now));
        let caller = session.map(|session| session.caller(self.pass.demands));
        if caller.is_some_and(|caller| self.watcher.may_still(&caller)) {
            *self.certain_until() = Instant::now() + DOUBT_MAX;
        } else {
            self.end(Ending::SignedOut);
        }
    }

    /// Nobody knows whether their session is open.
    pub(super) fn is_doubted(&self) {
        if *self.certain_until() <= Instant::now() {
            self.end(Ending::Unavailable);
        }
    }

    fn certain_until(&self) -> MutexGuard<'_, Instant> {
        self.certain_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everybody who watches in this process.
pub(super) struct Seats {
    limits: LiveLimits,
    taken: Mutex<HashMap<UserId, Vec<Arc<Guest>>>>,
}

/// A place of one stream, given back when it is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    guest: Arc<Guest>,
}

impl Seats {
    pub(super) fn new(limits: LiveLimits) -> Self {
        Self {
            limits,
            taken: Mutex::default(),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.taken().values().map(Vec::len).sum()
    }

    /// Everybody who is still told.
    pub(super) fn guests(&self) -> Vec<Arc<Guest>> {
        let taken = self.taken();
        let guests = taken.values().flatten();
        guests.filter(|guest| guest.ending().is_none()).cloned().collect()
    }

    pub(super) fn take(self: &Arc<Self>, watcher: Watcher, pass: Pass) -> Result<Seat, Crowded> {
        let mut taken = self.taken();
        if taken.values().map(Vec::len).sum::<usize>() >= self.limits.total {
            return Err(Crowded::Process);
        }
        let own = taken.entry(watcher.user().clone()).or_default();
        if own.len() >= self.limits.per_user {
            return Err(Crowded::User);
        }
        let guest = Arc::new(Guest::new(watcher, pass));
        own.push(Arc::clone(&guest));
        Ok(Seat {
            seats: Arc::clone(self),
            guest,
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Arc<Guest>>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(super) fn guest(&self) -> &Guest {
        &self.guest
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        let user = self.guest.watcher.user();
        if let Some(own) = taken.get_mut(user) {
            own.retain(|guest| !Arc::ptr_eq(guest, &self.guest));
            if own.is_empty() {
                taken.remove(user);
            }
        }
    }
}
