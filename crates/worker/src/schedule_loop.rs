//! Runs one schedule again and again.

use std::sync::Arc;

use application::jobs::{Schedule, Schedules};
use ports::jobs::Stop;
use tokio::time::MissedTickBehavior;

/// Runs `schedule` at its interval until `stop` is cancelled. A run that takes longer delays the next one; there are
/// never two at once in a process.
pub async fn run_schedule(schedules: Arc<Schedules>, schedule: Schedule, stop: Stop) {
    let mut ticks = tokio::time::interval(schedule.every());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match schedules.run(schedule).await {
            Ok(found) => {
                if found > 0 {
                    tracing::debug!(schedule = schedule.as_str(), found, "a schedule found work");
                }
                failing = false;
            }
            Err(error) if failing => {
                tracing::debug!(schedule = schedule.as_str(), %error, "a schedule still fails")
            }
            Err(error) => {
                tracing::error!(schedule = schedule.as_str(), %error, "a schedule failed; it runs again");
                failing = true;
            }
        }
    }
}
