//! The queue inside the process.

use std::sync::Arc;

use async_trait::async_trait;
use ports::jobs::{Job, JobConsumer, JobHandler, JobQueue, QueueError, Stop};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use crate::{JOBS_MAX, attended};

/// Holds up to [`JOBS_MAX`] waiting jobs in memory. Clones share them, and so may several consumers.
#[derive(Debug, Clone)]
pub struct EmbeddedJobs {
    sender: mpsc::Sender<Job>,
    // A lock is held by one waiting consumer at a time; which one takes a job makes no difference.
    receiver: Arc<Mutex<mpsc::Receiver<Job>>>,
}

impl EmbeddedJobs {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel(usize::from(JOBS_MAX));
        Self {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
        }
    }

    async fn next(&self) -> Option<Job> {
        self.receiver.lock().await.recv().await
    }
}

impl Default for EmbeddedJobs {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl JobQueue for EmbeddedJobs {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        for job in jobs {
            self.sender
                .try_send(job.clone())
                .map_err(|error| QueueError(error.to_string()))?;
        }
        Ok(())
    }

    async fn room(&self) -> Result<u16, QueueError> {
        Ok(u16::try_from(self.sender.capacity()).unwrap_or(JOBS_MAX))
    }

    async fn check(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

#[async_trait]
impl JobConsumer for EmbeddedJobs {
    async fn consume(&self, handler: Arc<dyn JobHandler>, concurrency: usize, stop: Stop) {
        let slots = Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        let running = TaskTracker::new();
        loop {
            let taken = async {
                // First the slot, then the job: a job that is taken runs at once.
                let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
                Some((slot, self.next().await?))
            };
            let (slot, job) = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                // Neither the slots nor the queue are ever closed, for both are held here.
                taken = taken => match taken {
                    Some(taken) => taken,
                    None => break,
                },
            };
            let handler = Arc::clone(&handler);
            running.spawn(async move {
                attended::handle(handler.as_ref(), job).await;
                drop(slot);
            });
        }
        running.close();
        running.wait().await;
    }
}
