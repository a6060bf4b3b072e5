//! Whether everybody who watches still may: one question for all of them, every few seconds.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ports::identity::SessionQueries;
use ports::{Clock, StoreError};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::seats::{Guest, Seats};
use super::subscription::Ending;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(5);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Whoever cannot be looked up for so long is not told any more.
pub(super) const DOUBT_MAX: Duration = Duration::from_secs(60);
/// Streams that one question is about. A round of more takes several.
const AT_ONCE: usize = 1_024;

/// Looks at the sessions of whoever watches.
pub(super) struct Rounds {
    pub(super) sessions: Arc<dyn SessionQueries>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seats: Arc<Seats>,
}

impl Rounds {
    /// Goes round and round. `ended` is called after rounds in which somebody lost their place.
    pub(super) async fn run(&self, ended: impl Fn()) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            ticks.tick().await;
            match self.go(&ended).await {
                Ok(()) => failing = false,
                Err(error) if failing => {
                    tracing::debug!(%error, "sessions of live updates still wait for the database")
                }
                Err(error) => {
                    tracing::warn!(%error, "the sessions of live updates could not be looked at");
                    failing = true;
                }
            }
        }
    }

    /// One round. Of failures the last one is told.
    pub(super) async fn go(&self, ended: impl Fn()) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for guests in self.seats.guests().chunks(AT_ONCE) {
            if let Err(error) = self.look_at(guests).await {
                outcome = Err(error);
            }
            if guests.iter().any(|guest| guest.ending().is_some()) {
                ended();
            }
        }
        outcome
    }

    async fn look_at(&self, guests: &[Arc<Guest>]) -> Result<(), StoreError> {
        let now = self.clock.now();
        for guest in guests.iter().filter(|guest| guest.is_over(now)) {
            guest.end(Ending::SignedOut);
        }
        // Many tabs share a session.
        let keys: HashSet<_> = guests.iter().map(|guest| &guest.pass.shown.key).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        let found = timeout(PATIENCE, self.sessions.sessions(&keys, now)).await;
        match found.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".to_owned()))) {
            Ok(found) => {
                for guest in guests {
                    guest.was_looked_up(found.get(&guest.pass.shown.key), now);
                }
                Ok(())
            }
            Err(error) => {
                for guest in guests {
                    guest.is_doubted();
                }
                Err(error)
            }
        }
    }
}
