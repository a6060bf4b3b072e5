//! The queue on Redis, by way of apalis-redis 1.0.0.
//!
//! Jobs go in through apalis's own push and come out through its worker. Its acknowledgements are not used, because they
//! keep finished jobs for ever and end the worker if the job has meanwhile gone to somebody else; and neither are its
//! retries, because a handler settles its own outbox row. See [`shelf::Shelf`] for what replaces them.
//!
//! apalis finds dead workers by the clocks of the nodes. A node whose clock is wrong by more than the limit declares living
//! workers dead: they register anew within a second, and the jobs they run are delivered twice, which is harmless.

mod desk;
mod outage;
mod shelf;
mod shift;
mod ticker;
mod ticket;

use std::sync::Arc;
use std::time::Duration;

use ::redis::Client;
use ::redis::aio::ConnectionManagerConfig;
use apalis::prelude::TaskBuilder;
use apalis_redis::{Config, RedisTask};
use async_trait::async_trait;
use ports::IdSource;
use ports::jobs::{Job, JobConsumer, JobHandler, JobQueue, QueueError, Stop};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use self::outage::Outage;
use self::shelf::Shelf;
use self::shift::Shift;
use self::ticket::Ticket;
use crate::JOBS_MAX;

/// Waiting for one answer, or for a connection.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);
/// Jobs in one command, so that a full window does not hold up everybody else.
const PUSH_BATCH_MAX: usize = 250;
/// Jobs a worker fetches at once. A worker gives no sign of life while fetched jobs wait for a slot, and is then declared
/// dead while it works; with one there is nothing that could wait.
const FETCH_BATCH: usize = 1;

/// How the queue behaves.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// What the keys begin with. Queues with different prefixes know nothing of each other.
    pub prefix: String,
    /// How often an idle worker looks for jobs: the latency of a job is half of it on average.
    pub tick: Duration,
    /// How often a worker gives a sign of life. Whole seconds, at least one.
    pub heartbeat: Duration,
    /// Signs of life a worker may miss before its jobs go to others.
    pub missed_heartbeats: u8,
}

impl RedisOptions {
    /// The behaviour for production: idle jobs start within 25 ms, those of a dead worker after 15 to 25 s.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            tick: Duration::from_millis(25),
            heartbeat: Duration::from_secs(5),
            missed_heartbeats: 3,
        }
    }

    fn config(&self) -> Config {
        Config::default()
            .queue(&self.prefix)
            .batch_size(FETCH_BATCH)
            .heartbeat_interval(self.heartbeat)
            .missed_heartbeats(usize::from(self.missed_heartbeats))
            .persist_results(false)
            .lock_tasks(false)
            .emit_events(false)
    }
}

/// Up to [`JOBS_MAX`] jobs in Redis, shared by every process with the same prefix.
pub struct RedisJobs {
    shelf: Shelf,
    options: RedisOptions,
    ids: Arc<dyn IdSource>,
}

impl RedisJobs {
    /// The queue in the Redis at `url`, which does not have to run yet. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// If `url` is not one of Redis.
    pub fn open(url: &str, options: RedisOptions, ids: Arc<dyn IdSource>) -> Result<Self, QueueError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ANSWER_TIME_MAX))
            .set_response_timeout(Some(ANSWER_TIME_MAX))
            .set_number_of_retries(1)
            .set_max_delay(ANSWER_TIME_MAX);
        let connection = Client::open(url)
            .and_then(|client| client.get_connection_manager_lazy(config))
            .map_err(unavailable)?;
        Ok(Self {
            shelf: Shelf::new(connection, options.config()),
            options,
            ids,
        })
    }

    fn shift(&self) -> Shift {
        let worker = format!("{}-{}", std::process::id(), self.ids.text_id());
        Shift::new(&worker, self.shelf.clone(), self.options.clone())
    }
}

fn unavailable(error: impl std::fmt::Display) -> QueueError {
    QueueError(error.to_string())
}

fn task(job: &Job) -> Result<RedisTask, QueueError> {
    let ticket = serde_json::to_vec(&Ticket::from(job)).map_err(unavailable)?;
    Ok(TaskBuilder::new(ticket).build())
}

#[async_trait]
impl JobQueue for RedisJobs {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        for batch in jobs.chunks(PUSH_BATCH_MAX) {
            let tasks = batch.iter().map(task).collect::<Result<Vec<_>, _>>()?;
            self.shelf.add(&tasks).await.map_err(unavailable)?;
        }
        Ok(())
    }

    async fn room(&self) -> Result<u16, QueueError> {
        let held = self.shelf.count().await.map_err(unavailable)?;
        Ok(JOBS_MAX.saturating_sub(u16::try_from(held).unwrap_or(u16::MAX)))
    }

    async fn held(&self) -> Result<Vec<Job>, QueueError> {
        let held = self.shelf.held().await.map_err(unavailable)?;
        // What cannot be read is none of ours; whoever takes it out drops it.
        let read = |data: &Vec<u8>| serde_json::from_slice::<Ticket>(data).ok()?.job();
        Ok(held.iter().filter_map(read).collect())
    }

    async fn check(&self) -> Result<(), QueueError> {
        self.shelf.ping().await.map_err(unavailable)
    }
}

#[async_trait]
impl JobConsumer for RedisJobs {
    async fn consume(&self, handler: Arc<dyn JobHandler>, concurrency: usize, stop: Stop) {
        let slots = Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        let retiring = TaskTracker::new();
        let mut outage = Outage::default();
        while !stop.is_cancelled() {
            let shift = self.shift();
            let end = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                Err(interruption) = shift.work(Arc::clone(&handler), Arc::clone(&slots)) => Some(interruption),
                never = outage.end() => match never {},
            };
            retiring.spawn(shift.retire());
            if let Some(interruption) = end {
                let pause = outage.fail(&interruption);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
        retiring.close();
        retiring.wait().await;
    }
}
