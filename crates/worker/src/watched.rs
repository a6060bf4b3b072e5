//! Counts and times jobs.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use metrics::Gauge;
use ports::jobs::{Job, JobHandler};

/// A handler that is measured.
pub struct WatchedHandler {
    inner: Arc<dyn JobHandler>,
}

impl WatchedHandler {
    pub const fn new(inner: Arc<dyn JobHandler>) -> Self {
        Self { inner }
    }
}

#[async_trait]
impl JobHandler for WatchedHandler {
    async fn handle(&self, job: Job) {
        let mut measured = Measured::begin(job.topic.as_str());
        self.inner.handle(job).await;
        measured.outcome = "ended";
    }
}

/// Records a job when it is over, however that comes about.
struct Measured {
    topic: &'static str,
    outcome: &'static str,
    started: Instant,
    /// What was counted up is what is counted down, even if the recorder has forgotten a gauge of that name meanwhile.
    running: Gauge,
}

impl Measured {
    fn begin(topic: &'static str) -> Self {
        let running = metrics::gauge!("jobs_running", "topic" => topic);
        running.increment(1.0);
        Self {
            topic,
            // Unless it is said otherwise at the end: it panicked, or the process stopped waiting for it.
            outcome: "broken_off",
            started: Instant::now(),
            running,
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let (topic, outcome) = (self.topic, self.outcome);
        self.running.decrement(1.0);
        metrics::counter!("jobs_handled_total", "topic" => topic, "outcome" => outcome).increment(1);
        metrics::histogram!("job_seconds", "topic" => topic).record(self.started.elapsed());
    }
}
