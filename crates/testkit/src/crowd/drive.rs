//! Polls a crowd while its time passes.

use std::sync::Arc;
use std::time::Duration;

use application::orders::{FULL_ENOUGH, TrackOrders};
use application::providers::PanelsError;
use domain::{ProviderId, Timestamp};
use ports::Clock;
use ports::orders::OrderQueries;

use crate::fake::FakeClock;

/// What polls, and what it polls by.
pub struct Drive {
    /// The use case.
    pub tracking: TrackOrders,
    /// Which providers are due.
    pub orders: Arc<dyn OrderQueries>,
    /// Whose time passes.
    pub clock: Arc<FakeClock>,
}

/// What an observer is told after every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// What time it is.
    pub now: Timestamp,
    /// How many providers were asked.
    pub asked: usize,
}

impl Drive {
    /// Lets one step of time pass, and asks the providers that are due then, as the schedule and the workers do.
    ///
    /// # Errors
    /// [`PanelsError`] if the database or a key is not to be had.
    pub async fn step(&self, step: Duration) -> Result<Sight, PanelsError> {
        self.clock.advance(step);
        let now = self.clock.now();
        let due: Vec<ProviderId> = self.orders.providers_with_due_polls(now, FULL_ENOUGH).await?;
        for provider in &due {
            self.tracking.poll(*provider).await?;
        }
        Ok(Sight {
            now,
            asked: due.len(),
        })
    }
}
