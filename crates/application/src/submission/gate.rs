//! What this process knows about its database, without asking anybody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::submission::Submission;
use ports::submission::DatabaseIdentity;

/// Closes by itself as soon as a connection leads to another server, before that connection is used; opens when the
/// guard has looked. Asking it costs no round trip.
pub struct Gate {
    database: Arc<dyn DatabaseIdentity>,
    seen: Mutex<Option<Seen>>,
    doubts: AtomicU64,
    has_sent: AtomicBool,
}

/// What the guard saw.
#[derive(Debug, Clone, Copy)]
struct Seen {
    generation: u64,
    in_doubt: bool,
    paused: bool,
}

impl Gate {
    /// A gate that is closed.
    pub(super) fn new(database: Arc<dyn DatabaseIdentity>) -> Self {
        Self {
            database,
            seen: Mutex::default(),
            doubts: AtomicU64::new(0),
            // The epoch is raised once at every start.
            has_sent: AtomicBool::new(true),
        }
    }

    /// Another number after every doubt about the database, and before the first use of a connection that leads
    /// elsewhere.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.database.generation() + self.doubts.load(Ordering::SeqCst)
    }

    /// Whether the guard has looked at this very database, and no order of it is in doubt without being marked.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.current().is_some_and(|seen| !seen.in_doubt)
    }

    /// Whether orders may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.current().is_some_and(|seen| !seen.in_doubt && !seen.paused)
    }

    /// The stamp, if orders may be sent.
    #[must_use]
    pub fn pass(&self) -> Option<u64> {
        // First: what changes the stamp after this closes the gate.
        let stamp = self.stamp();
        self.is_open().then_some(stamp)
    }

    /// An order is about to be sent.
    pub(crate) fn sends(&self) {
        self.has_sent.store(true, Ordering::Relaxed);
    }

    /// Whether orders were sent since the last call; `false` from then on.
    pub(super) fn take_sent(&self) -> bool {
        self.has_sent.swap(false, Ordering::Relaxed)
    }

    /// The guard has looked at the database that connections led to at `generation`.
    pub(super) fn see(&self, generation: u64, submission: &Submission) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let in_doubt = submission.doubted_up_to.is_some();
        if in_doubt && !seen.is_some_and(|seen| seen.in_doubt) {
            self.doubts.fetch_add(1, Ordering::SeqCst);
        }
        *seen = Some(Seen {
            generation,
            in_doubt,
            paused: submission.pause.is_some(),
        });
    }

    fn current(&self) -> Option<Seen> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.filter(|seen| seen.generation == self.database.generation())
    }
}
