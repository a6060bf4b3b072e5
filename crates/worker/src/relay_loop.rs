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
        // A timer would wait for the next millisecond all the same.
        if pause.is_zero() {
            continue;
        }
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
    use std::sync::atomic::{AtomicU16, Ordering};

    use async_trait::async_trait;
    use domain::Timestamp;
    use ports::StoreError;
    use ports::jobs::{Job, JobQueue, JobTopic, QueueError};
    use ports::outbox::{Backlog, OutboxRelay, Settlement, Wanted};
    use testkit::fake::FakeClock;

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

    /// Jobs are due the whole time, until so many rounds were made.
    struct Plenty {
        rounds: AtomicU16,
        stop: Stop,
        /// Jobs that one round can claim; the others are in the hands of another relay.
        free: u16,
    }

    impl Plenty {
        fn new(free: u16) -> Arc<Self> {
            Arc::new(Self {
                rounds: AtomicU16::new(100),
                stop: Stop::new(),
                free,
            })
        }

        /// How long the relay takes for all rounds, by a clock that only moves when everybody sleeps.
        async fn relayed(self: Arc<Self>) -> Duration {
            let relay = Relay::new(self.clone(), Arc::new(Bottomless), Arc::<FakeClock>::default());
            let began = tokio::time::Instant::now();
            run_relay(Arc::new(relay), Arc::new(Silence), self.stop.clone()).await;
            assert_eq!(self.rounds.load(Ordering::SeqCst), 0);
            began.elapsed()
        }
    }

    #[async_trait]
    impl OutboxRelay for Plenty {
        async fn claim_due(&self, wanted: &Wanted) -> Result<Vec<Job>, StoreError> {
            if self.rounds.fetch_sub(1, Ordering::SeqCst) == 1 {
                self.stop.cancel();
            }
            let job = |number| Job {
                id: i64::from(number),
                topic: JobTopic::SubmitOrder,
                subject: i64::from(number),
                claim: 1,
                lease_until: wanted.lease_until,
                begun: wanted.begin,
            };
            Ok((0..wanted.limit.min(self.free)).map(job).collect())
        }

        async fn begin(&self, jobs: &[Job], _: Timestamp) -> Result<Vec<bool>, StoreError> {
            Ok(vec![true; jobs.len()])
        }

        async fn settle(&self, settled: &[(Job, Settlement)]) -> Result<Vec<bool>, StoreError> {
            Ok(vec![true; settled.len()])
        }

        async fn renew(&self, _: &[Job], _: Timestamp, _: Timestamp) -> Result<u64, StoreError> {
            Ok(0)
        }

        async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
            Ok(Some(now))
        }

        async fn unclaim(&self, _: &[Job]) -> Result<(), StoreError> {
            Ok(())
        }

        async fn backlog(&self, _: Timestamp) -> Result<Backlog, StoreError> {
            Err(StoreError::Unavailable("nobody counts".to_owned()))
        }
    }

    /// Takes everything.
    struct Bottomless;

    #[async_trait]
    impl JobQueue for Bottomless {
        async fn push(&self, _: &[Job]) -> Result<(), QueueError> {
            Ok(())
        }

        async fn room(&self) -> Result<u16, QueueError> {
            Ok(1_000)
        }

        async fn held(&self) -> Result<Vec<Job>, QueueError> {
            Ok(Vec::new())
        }

        async fn check(&self) -> Result<(), QueueError> {
            Ok(())
        }
    }

    struct Silence;

    #[async_trait]
    impl WorkSignal for Silence {
        fn notify(&self) {}

        async fn notified(&self) {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn while_more_is_due_no_timer_stands_between_two_rounds() {
        assert_eq!(Plenty::new(u16::MAX).relayed().await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_relay_is_claiming_is_not_asked_for_without_a_pause() {
        for free in [0, 1] {
            let took = Plenty::new(free).relayed().await;
            assert!(took >= Duration::from_millis(99), "{free} free: {took:?}");
        }
    }
}
