//! Counts and times jobs.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
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
        let topic = job.topic.as_str();
        let started = Instant::now();
        self.inner.handle(job).await;
        metrics::counter!("jobs_handled_total", "topic" => topic).increment(1);
        metrics::histogram!("job_seconds", "topic" => topic).record(started.elapsed());
    }
}
