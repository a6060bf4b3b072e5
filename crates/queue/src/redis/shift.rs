//! One worker's life, from its registration in Redis until it leaves.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{BackendExt, WorkerBuilder};
use futures::FutureExt;
use ports::jobs::{JobHandler, Stop};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::RedisOptions;
use super::desk::{Clerk, Desk};
use super::shelf::Shelf;
use super::ticker::Ticker;

/// How often the queue is looked over for jobs that Redis has lost parts of.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Why a shift ended early. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interruption {
    #[error(transparent)]
    Redis(#[from] ::redis::RedisError),
    #[error("{0}")]
    Worker(String),
    #[error("a finished job could not be removed")]
    Stuck,
}

/// A worker under a name that nobody had before: apalis refuses a name that was seen lately, even after a clean end.
pub(super) struct Shift {
    worker: Arc<str>,
    shelf: Shelf,
    options: RedisOptions,
    running: TaskTracker,
}

impl Shift {
    pub(super) fn new(worker: &str, shelf: Shelf, options: RedisOptions) -> Self {
        Self {
            worker: worker.into(),
            shelf,
            options,
            running: TaskTracker::new(),
        }
    }

    /// Takes jobs until it is dropped or Redis fails. Jobs that run then go on.
    pub(super) async fn work(
        &self,
        handler: Arc<dyn JobHandler>,
        slots: Arc<Semaphore>,
    ) -> Result<Infallible, Interruption> {
        self.shelf.enter(&self.worker).await?;
        let stuck = Stop::new();
        let clerk = Clerk {
            worker: Arc::clone(&self.worker),
            shelf: self.shelf.clone(),
            handler,
            stuck: stuck.clone(),
        };
        let worker = WorkerBuilder::new(&*self.worker)
            .backend(
                self.shelf
                    .storage()
                    .poll_with_strategy(Ticker::new(self.options.tick)),
            )
            .build(Desk::new(slots, self.running.clone(), clerk));
        // apalis panics where it finds itself in a state that it did not foresee.
        let run = AssertUnwindSafe(worker.run()).catch_unwind();
        tokio::select! {
            end = run => Err(Interruption::Worker(match end {
                Ok(Ok(())) => "the worker ended by itself".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the worker panicked".to_owned(),
            })),
            () = stuck.cancelled() => Err(Interruption::Stuck),
            never = self.look_over() => never,
        }
    }

    async fn look_over(&self) -> Result<Infallible, Interruption> {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.shelf.sweep().await?;
        }
    }

    /// Lets running jobs finish and leaves. Until then the worker gives signs of life, so that nobody else gets its jobs.
    pub(super) async fn retire(self) {
        self.running.close();
        loop {
            tokio::select! {
                biased;
                () = self.running.wait() => break,
                () = tokio::time::sleep(self.options.heartbeat) => {
                    if let Err(error) = self.shelf.keep(&self.worker).await {
                        tracing::debug!(%error, "a retiring worker could not give a sign of life");
                    }
                }
            }
        }
        if let Err(error) = self.shelf.leave(&self.worker).await {
            tracing::debug!(%error, "a worker could not leave; its jobs go to others when it is found dead");
        }
    }
}
