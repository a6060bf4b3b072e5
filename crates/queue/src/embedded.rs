//! The queue inside the process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ports::jobs::{Job, JobConsumer, JobHandler, JobQueue, QueueError, Stop};
use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

use crate::{JOBS_MAX, attended};

/// Hands jobs to the idle workers of this process, and holds up to [`JOBS_MAX`] jobs for whom there is none yet. Clones
/// share them, and so may several consumers.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedJobs(Arc<Counter>);

#[derive(Debug, Default)]
struct Counter {
    state: Mutex<State>,
    /// Jobs were pushed.
    pushed: Notify,
    /// A worker became idle.
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Jobs that the consumers here do at once.
    workers: usize,
    running: usize,
}

impl State {
    fn idle_workers(&self) -> u16 {
        let taken = self.running.saturating_add(self.waiting.len());
        u16::try_from(self.workers.saturating_sub(taken)).unwrap_or(u16::MAX)
    }
}

impl EmbeddedJobs {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked while holding the lock left a state that is whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, for which the caller has an idle worker. Cancel-safe.
    async fn next(&self) -> (Job, Running) {
        loop {
            let pushed = self.0.pushed.notified();
            tokio::pin!(pushed);
            // Before looking: what is pushed after this wakes the future.
            pushed.as_mut().enable();
            if let Some(taken) = self.take(|_| true) {
                return taken;
            }
            pushed.await;
        }
    }

    fn take(&self, wanted: impl Fn(&Job) -> bool) -> Option<(Job, Running)> {
        let mut state = self.state();
        let position = state.waiting.iter().position(wanted)?;
        let job = state.waiting.remove(position)?;
        state.running += 1;
        Some((job, Running(self.clone())))
    }
}

/// A job that runs, until it is dropped.
struct Running(EmbeddedJobs);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().running -= 1;
        self.0.0.idle.notify_one();
    }
}

/// The workers of a consumer, until it is dropped.
struct Workers {
    jobs: EmbeddedJobs,
    count: usize,
}

impl Workers {
    fn new(jobs: &EmbeddedJobs, count: usize) -> Self {
        jobs.state().workers += count;
        jobs.0.idle.notify_one();
        Self {
            jobs: jobs.clone(),
            count,
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.jobs.state().workers -= self.count;
    }
}

#[async_trait]
impl JobQueue for EmbeddedJobs {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        {
            let mut state = self.state();
            if state.waiting.len().saturating_add(jobs.len()) > usize::from(JOBS_MAX) {
                return Err(QueueError("too many jobs wait".to_owned()));
            }
            state.waiting.extend(jobs.iter().cloned());
        }
        self.0.pushed.notify_waiters();
        Ok(())
    }

    async fn room(&self) -> Result<u16, QueueError> {
        let waiting = u16::try_from(self.state().waiting.len()).unwrap_or(u16::MAX);
        Ok(JOBS_MAX.saturating_sub(waiting))
    }

    fn idle_workers(&self) -> Option<u16> {
        Some(self.state().idle_workers())
    }

    async fn room_again(&self) {
        self.0.idle.notified().await;
    }

    async fn held(&self) -> Result<Vec<Job>, QueueError> {
        Ok(self.state().waiting.iter().cloned().collect())
    }

    async fn check(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

#[async_trait]
impl JobConsumer for EmbeddedJobs {
    async fn consume(&self, handler: Arc<dyn JobHandler>, concurrency: usize, stop: Stop) {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let workers = Workers::new(self, concurrency);
        let slots = Arc::new(Semaphore::new(concurrency));
        let tasks = TaskTracker::new();
        let start = |slot, (job, running): (Job, Running)| {
            let handler = Arc::clone(&handler);
            tasks.spawn(async move {
                attended::handle(handler.as_ref(), job).await;
                drop((slot, running));
            });
        };
        loop {
            let taken = async {
                // First the slot, then the job: a job that is taken runs at once.
                let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
                Some((slot, self.next().await))
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                // The slots are never closed, for they are held here.
                Some((slot, taken)) = taken => start(slot, taken),
            }
        }
        drop(workers);
        // What was begun for these workers is done by them.
        while let Some(taken) = self.take(|job| job.begun) {
            if let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
                start(slot, taken);
            }
        }
        tasks.close();
        tasks.wait().await;
    }
}
