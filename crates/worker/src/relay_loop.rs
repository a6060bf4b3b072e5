//! Runs the relay whenever there is, or may be, something to hand over.

use std::sync::Arc;
use std::time::Duration;

use application::jobs::Relay;
use ports::jobs::Stop;
use ports::outbox::WorkSignal;

/// The first pause after an error; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause after an error.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Hands jobs over until `stop` is cancelled.
pub async fn run_relay(relay: Arc<Relay>, signal: Arc<dyn WorkSignal>, stop: Stop) {
    let mut failures = Failures::default();
    while !stop.is_cancelled() {
        let (pause, wakeable, full) = match relay.relay_once().await {
            Ok(round) => {
                failures.ended();
                metrics::counter!("relay_jobs_handed_over_total")
                    .increment(round.handed_over.try_into().unwrap_or(0));
                (round.next, !round.full, round.full)
            }
            Err(error) => (failures.next(&error), false, false),
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = relay.room_again(), if full => {}
            // A failing relay is not hurried: what fails does not fail less for being asked more often.
            () = signal.notified(), if wakeable => {}
        }
    }
}

/// Errors in a row. Only the first is logged as one, so that an outage is two lines and not thousands.
#[derive(Default)]
struct Failures {
    pause: Option<Duration>,
}

impl Failures {
    fn next(&mut self, error: &dyn std::error::Error) -> Duration {
        let pause = match self.pause {
            None => {
                tracing::error!(%error, "jobs cannot be handed over; trying again until they can");
                PAUSE_MIN
            }
            Some(pause) => pause.saturating_mul(2).min(PAUSE_MAX),
        };
        self.pause = Some(pause);
        pause
    }

    fn ended(&mut self) {
        if self.pause.take().is_some() {
            tracing::info!("jobs are handed over again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Error;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_start_over_after_a_success() {
        let error = Error::other("down");
        let mut failures = Failures::default();
        let pauses: Vec<u128> = (0..8).map(|_| failures.next(&error).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        failures.ended();
        assert_eq!(failures.next(&error), PAUSE_MIN);
    }
}
