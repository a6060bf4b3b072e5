//! Where a worker's jobs are done.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use apalis::prelude::{Service, Task};
use futures::FutureExt;
use futures::future::BoxFuture;
use ports::jobs::{JobHandler, Stop};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;
use tokio_util::task::TaskTracker;

use super::shelf::Shelf;
use super::ticket::Ticket;
use crate::attended;

/// Deliveries of one job. What still waits after so many has probably ended the process each time.
const DELIVERIES_MAX: u32 = 5;

/// Takes jobs from apalis while a slot is free, and does each in a task of its own, which a failure of Redis does not
/// interrupt.
pub(super) struct Desk {
    slots: PollSemaphore,
    slot: Option<OwnedSemaphorePermit>,
    running: TaskTracker,
    clerk: Clerk,
}

impl Desk {
    pub(super) fn new(slots: Arc<Semaphore>, running: TaskTracker, clerk: Clerk) -> Self {
        Self {
            slots: PollSemaphore::new(slots),
            slot: None,
            running,
            clerk,
        }
    }
}

impl Service<Task<Value>> for Desk {
    type Response = ();
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<(), Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.slot.is_none() {
            self.slot = ready!(self.slots.poll_acquire(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, task: Task<Value>) -> Self::Future {
        let (Some(slot), Some(id)) = (self.slot.take(), task.task_id().map(ToString::to_string)) else {
            // Asked without being ready: the job stays with the worker, which gives it back when it leaves.
            return futures::future::ready(Ok(())).boxed();
        };
        let clerk = self.clerk.clone();
        let done = self.running.spawn(async move {
            clerk.attend(&id, task.args).await;
            drop(slot);
        });
        done.map(|_| Ok(())).boxed()
    }
}

/// Does one job after the other in the name of a worker.
#[derive(Clone)]
pub(super) struct Clerk {
    pub(super) worker: Arc<str>,
    pub(super) shelf: Shelf,
    pub(super) handler: Arc<dyn JobHandler>,
    /// Ends the worker's shift, because Redis still believes that it has jobs that it is through with.
    pub(super) stuck: Stop,
}

impl Clerk {
    async fn attend(&self, id: &str, args: Value) {
        // A delivery that cannot be counted is made all the same: the job is here.
        let deliveries = self.shelf.deliver(id).await.unwrap_or(1);
        if deliveries > DELIVERIES_MAX {
            tracing::error!(
                task = id,
                deliveries,
                "a job was delivered too often and is dropped"
            );
        } else {
            match serde_json::from_value::<Ticket>(args)
                .ok()
                .and_then(|ticket| ticket.job())
            {
                Some(job) => attended::handle(self.handler.as_ref(), job).await,
                None => tracing::error!(task = id, "a job cannot be read and is dropped"),
            }
        }
        if let Err(error) = self.shelf.finish(&self.worker, id).await {
            tracing::debug!(%error, task = id, "a finished job could not be removed from Redis");
            self.stuck.cancel();
        }
    }
}
