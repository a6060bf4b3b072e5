//! Running a handler that may misbehave.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use ports::jobs::{Job, JobHandler};

/// Runs the handler. A panic ends here: the job stays claimed in the outbox, and is due again when its lease ends.
pub(crate) async fn handle(handler: &dyn JobHandler, job: Job) {
    let (id, topic, subject) = (job.id, job.topic.as_str(), job.subject);
    // Nothing of the handler is looked at after a panic, apart from the handler itself, whose port forbids panics.
    if AssertUnwindSafe(handler.handle(job))
        .catch_unwind()
        .await
        .is_err()
    {
        tracing::error!(
            job = id,
            topic,
            subject,
            "a job panicked; it is tried again when its lease ends"
        );
    }
}
