//! What was counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// Counts of one run. Times are in microseconds.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Seconds that were measured.
    pub seconds: f64,
    /// Answers with the expected status while it was measured.
    pub good: u64,
    /// Answers with another status while it was measured.
    pub bad: u64,
    /// Answers by status from the first to the last request, warm-up included.
    pub statuses: BTreeMap<u16, u64>,
    /// Bytes of the bodies of the good answers.
    pub bytes: u64,
    /// Requests that were due and not answered when the time was over.
    pub unanswered: u64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub slowest: f64,
    /// An answer as it came.
    pub sample: String,
    /// The first answer that was not as expected.
    pub bad_sample: String,
    #[serde(skip)]
    latencies: Vec<Duration>,
}

impl Tally {
    pub fn answered(&mut self, latency: Duration, good: bool, size: usize) {
        if good {
            self.good += 1;
            self.bytes += u64::try_from(size).unwrap_or_default();
            self.latencies.push(latency);
        } else {
            self.bad += 1;
        }
    }

    pub fn finish(&mut self, seconds: f64) {
        self.seconds = seconds;
        self.latencies.sort_unstable();
        self.p50 = self.quantile(500);
        self.p90 = self.quantile(900);
        self.p99 = self.quantile(990);
        self.p999 = self.quantile(999);
        self.slowest = self.quantile(1_000);
    }

    /// The latency that `per_mille` of a thousand answers do not exceed.
    fn quantile(&self, per_mille: usize) -> f64 {
        quantile(&self.latencies, per_mille)
    }
}

/// The time in microseconds that `per_mille` of a thousand sorted times do not exceed.
pub fn quantile(sorted: &[Duration], per_mille: usize) -> f64 {
    let rank = (sorted.len() * per_mille).div_ceil(1_000);
    let time = sorted.get(rank.saturating_sub(1));
    time.map_or(0.0, |time| time.as_secs_f64() * 1e6)
}
