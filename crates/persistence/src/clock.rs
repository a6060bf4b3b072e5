//! The time of the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use ports::{Clock, StoreError};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::database::Database;
use crate::health::database_time;

/// How often the database is asked for its time.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// An answer that took longer says too little about the time.
const ROUND_TRIP_MAX: Duration = Duration::from_millis(250);
/// How often the database is asked at the start until one answer is quick enough.
const MEASURES_AT_START: u32 = 10;
/// How finely a database tells the time, at worst (SQLite: milliseconds).
const RESOLUTION: Duration = Duration::from_millis(1);

/// The database's time without asking it: the time since boot, which goes on while the machine sleeps, plus the
/// difference to the database's clock, measured again every ten seconds for as long as the clock lives.
///
/// `now` moves with the time since boot. It steps, forwards or backwards, only when a measurement shows that the
/// difference is wrong by more than the measurement's own uncertainty (half of its round trip), and then by what it is
/// wrong: a few microseconds of drift, or what somebody set the database's clock back by. On SQLite the database's
/// clock is this machine's.
pub struct DatabaseClock {
    difference: Arc<AtomicI64>,
    measuring: AbortHandle,
}

impl DatabaseClock {
    /// Measures the difference and keeps measuring it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database does not tell its time, or too slowly.
    pub async fn start(database: &Database) -> Result<Self, StoreError> {
        let difference = Arc::new(AtomicI64::new(first_sample(database).await?.difference));
        let measuring = tokio::spawn(measure(database.clone(), Arc::clone(&difference)));
        Ok(Self {
            difference,
            measuring: measuring.abort_handle(),
        })
    }
}

impl Drop for DatabaseClock {
    fn drop(&mut self) {
        self.measuring.abort();
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        let difference = self.difference.load(Ordering::Relaxed);
        Timestamp::from_micros(micros(since_boot()).saturating_add(difference))
    }

    fn monotonic(&self) -> Duration {
        since_boot()
    }
}

/// One answer of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    /// The database's time less the time since boot, in microseconds.
    difference: i64,
    /// By how much that may be wrong, in microseconds.
    uncertainty: i64,
}

impl Sample {
    /// What an answer between two readings of the time since boot says; nothing if it took too long.
    fn of(before: Duration, answer: Timestamp, after: Duration) -> Option<Self> {
        let round_trip = after.checked_sub(before)?;
        (round_trip <= ROUND_TRIP_MAX).then(|| Self {
            difference: answer.micros() - micros(before + round_trip / 2),
            uncertainty: micros(round_trip / 2 + RESOLUTION),
        })
    }

    /// The difference to go on with: the one so far, as long as it may be right.
    fn correct(self, so_far: i64) -> i64 {
        if self.difference.abs_diff(so_far) <= self.uncertainty.unsigned_abs() {
            so_far
        } else {
            self.difference
        }
    }
}

async fn sample(database: &Database) -> Result<Option<Sample>, StoreError> {
    let before = since_boot();
    let answer = database_time(database).await?;
    Ok(Sample::of(before, answer, since_boot()))
}

async fn first_sample(database: &Database) -> Result<Sample, StoreError> {
    for _ in 0..MEASURES_AT_START {
        if let Some(sample) = sample(database).await? {
            return Ok(sample);
        }
    }
    Err(StoreError::Unavailable(
        "the database is too slow to tell its time".to_owned(),
    ))
}

async fn measure(database: Database, difference: Arc<AtomicI64>) {
    let mut ticks = interval(MEASURE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match sample(&database).await {
            Ok(Some(sample)) => {
                let so_far = difference.load(Ordering::Relaxed);
                let corrected = sample.correct(so_far);
                if corrected != so_far {
                    tracing::debug!(micros = corrected - so_far, "corrected the clock");
                    difference.store(corrected, Ordering::Relaxed);
                }
            }
            Ok(None) => tracing::debug!("the database was too slow to tell its time"),
            Err(error) => tracing::debug!(%error, "the database did not tell its time"),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The time since the machine was started, sleep included.
#[cfg(target_os = "linux")]
pub(crate) fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // The clock begins at zero and counts up: neither part is negative.
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// The time since this process first asked. Other systems count sleep or not, each in its way.
#[cfg(not(target_os = "linux"))]
pub(crate) fn since_boot() -> Duration {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn an_answer_is_taken_for_the_time_in_the_middle_of_its_round_trip() {
        let sample = Sample::of(ms(1_000), Timestamp::from_micros(5_000_000), ms(1_010)).unwrap();
        assert_eq!((sample.difference, sample.uncertainty), (3_995_000, 6_000));
    }

    #[test]
    fn a_slow_answer_says_nothing() {
        assert!(Sample::of(ms(0), Timestamp::EPOCH, ms(250)).is_some());
        assert_eq!(Sample::of(ms(0), Timestamp::EPOCH, ms(251)), None);
    }

    #[test]
    fn the_clock_steps_only_when_it_is_wrong_beyond_doubt() {
        let sample = Sample {
            difference: 1_000,
            uncertainty: 10,
        };
        assert_eq!(sample.correct(990), 990);
        assert_eq!(sample.correct(1_010), 1_010);
        assert_eq!(sample.correct(1_011), 1_000);
        assert_eq!(sample.correct(-5_000_000), 1_000);
    }

    #[test]
    fn the_time_since_boot_goes_on() {
        let first = since_boot();
        assert!(since_boot() >= first);
    }
}
