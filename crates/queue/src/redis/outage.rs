//! Trying again without hurry and without flooding the log.

use std::convert::Infallible;
use std::future;
use std::time::Duration;

use super::shift::Interruption;

/// The first pause after a failure. It doubles up to the next.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A worker that lives this long was registered and has fetched jobs many times.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Whether taking jobs fails at the moment, and how long the last pause was.
#[derive(Debug, Default)]
pub(super) struct Outage(Option<Duration>);

impl Outage {
    /// Notes a failure; how long to pause. Only the first of a series is a warning.
    pub(super) fn fail(&mut self, error: &Interruption) -> Duration {
        let pause = match self.0 {
            None => {
                tracing::warn!(%error, "jobs cannot be taken from Redis; trying again");
                PAUSE_MIN
            }
            Some(last) => {
                tracing::debug!(%error, "jobs still cannot be taken from Redis");
                (last * 2).min(PAUSE_MAX)
            }
        };
        self.0 = Some(pause);
        pause
    }

    /// Notes the end of the series, if nothing fails before this future has waited long enough. Never returns.
    pub(super) async fn end(&mut self) -> Infallible {
        if self.0.is_some() {
            tokio::time::sleep(SETTLED_AFTER).await;
            tracing::info!("jobs are taken from Redis again");
            self.0 = None;
        }
        future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_a_limit_and_begin_anew_after_a_while_without_failures() {
        let mut outage = Outage::default();
        let pauses: Vec<u128> = (0..8)
            .map(|_| outage.fail(&Interruption::Stuck).as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);

        let too_short = SETTLED_AFTER - Duration::from_millis(1);
        assert!(tokio::time::timeout(too_short, outage.end()).await.is_err());
        assert_eq!(outage.fail(&Interruption::Stuck), PAUSE_MAX);

        let long_enough = SETTLED_AFTER + Duration::from_millis(1);
        assert!(tokio::time::timeout(long_enough, outage.end()).await.is_err());
        assert_eq!(outage.fail(&Interruption::Stuck), PAUSE_MIN);
    }
}
