//! The jobs in Redis: the keys that apalis-redis keeps them in, and what it does not do with them itself.

use std::sync::LazyLock;

use ::redis::aio::ConnectionManager;
use ::redis::{AsyncCommands, RedisError, Script};
use apalis_redis::{Config, RedisStorage, RedisTask, queries};
use serde_json::Value;

static PROMOTE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/promote.lua")));
static DELIVER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/deliver.lua")));
static FINISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/finish.lua")));
static KEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/keep.lua")));
static LEAVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/leave.lua")));
static HELD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/held.lua")));
static SWEEP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/sweep.lua")));

/// How long Redis remembers the name of a worker, in seconds. apalis never forgets one, and nobody asks for them: where
/// workers die again and again, their names would pile up.
const WORKER_REMEMBERED_FOR: i64 = 10 * 60;

/// One queue's jobs in one Redis. Clones share the connection.
#[derive(Clone)]
pub(super) struct Shelf {
    connection: ConnectionManager,
    config: Config,
}

impl Shelf {
    pub(super) const fn new(connection: ConnectionManager, config: Config) -> Self {
        Self { connection, config }
    }

    /// The same jobs as apalis sees them.
    pub(super) fn storage(&self) -> RedisStorage<Value> {
        RedisStorage::new(self.connection.clone()).with_config(self.config.clone())
    }

    /// Whether Redis answers.
    pub(super) async fn ping(&self) -> Result<(), RedisError> {
        self.connection.clone().ping().await
    }

    /// How many jobs there are, waiting or running.
    pub(super) async fn count(&self) -> Result<u64, RedisError> {
        self.connection.clone().hlen(self.config.job_data_hash()).await
    }

    /// The data of the jobs that a worker will find, or has found.
    pub(super) async fn held(&self) -> Result<Vec<Vec<u8>>, RedisError> {
        HELD.key(self.config.active_jobs_list())
            .key(self.config.job_data_hash())
            .key(self.config.workers_set())
            .key(self.config.scheduled_jobs_set())
            .arg(self.config.inflight_jobs_set())
            .invoke_async(&mut self.connection.clone())
            .await
    }

    /// Adds jobs, so that every worker may fetch them at once.
    pub(super) async fn add(&self, tasks: &[RedisTask]) -> Result<(), apalis_redis::Error> {
        let mut connection = self.connection.clone();
        queries::push_tasks(&mut connection, &self.config, tasks).await?;
        self.promote().await?;
        Ok(())
    }

    async fn promote(&self) -> Result<(), RedisError> {
        PROMOTE
            .key(self.config.scheduled_jobs_set())
            .key(self.config.active_jobs_list())
            .invoke_async(&mut self.connection.clone())
            .await
    }

    /// Makes the queue fit for a new worker: drops what is broken, makes ready what waits.
    pub(super) async fn enter(&self, worker: &str) -> Result<(), RedisError> {
        self.promote().await?;
        let metadata = self.worker_metadata_key(worker);
        ::redis::pipe()
            // apalis fills in the rest, which leaves the end of life as it is.
            .hset(&metadata, "service", "")
            .ignore()
            .expire(&metadata, WORKER_REMEMBERED_FOR)
            .ignore()
            .query_async::<()>(&mut self.connection.clone())
            .await?;
        self.sweep().await
    }

    /// Drops jobs of which Redis has lost a part.
    pub(super) async fn sweep(&self) -> Result<(), RedisError> {
        let dropped: u64 = SWEEP
            .key(self.config.active_jobs_list())
            .key(self.config.job_data_hash())
            .key(self.config.workers_set())
            .key(self.config.scheduled_jobs_set())
            .arg(self.config.job_meta_hash())
            .arg(self.config.inflight_jobs_set())
            .invoke_async(&mut self.connection.clone())
            .await?;
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "Redis lost parts of jobs; they come again from the database"
            );
        }
        Ok(())
    }

    /// Counts a delivery of a job; how many there were. Zero if the job is gone.
    pub(super) async fn deliver(&self, task: &str) -> Result<u32, RedisError> {
        DELIVER
            .key(self.task_metadata_key(task))
            .invoke_async(&mut self.connection.clone())
            .await
    }

    /// Removes a job that `worker` has done.
    pub(super) async fn finish(&self, worker: &str, task: &str) -> Result<(), RedisError> {
        FINISH
            .key(self.held_by(worker))
            .key(self.config.active_jobs_list())
            .key(self.config.job_data_hash())
            .key(self.task_metadata_key(task))
            .arg(task)
            .invoke_async(&mut self.connection.clone())
            .await
    }

    /// A sign of life of a worker that fetches no more.
    pub(super) async fn keep(&self, worker: &str) -> Result<(), RedisError> {
        KEEP.key(self.config.workers_set())
            .arg(worker)
            .invoke_async(&mut self.connection.clone())
            .await
    }

    /// Signs a worker off, and gives back what it has not finished.
    pub(super) async fn leave(&self, worker: &str) -> Result<(), RedisError> {
        LEAVE
            .key(self.config.workers_set())
            .key(self.held_by(worker))
            .key(self.config.active_jobs_list())
            .key(self.worker_metadata_key(worker))
            .arg(worker)
            .invoke_async(&mut self.connection.clone())
            .await
    }

    fn held_by(&self, worker: &str) -> String {
        format!("{}:{worker}", self.config.inflight_jobs_set())
    }

    fn task_metadata_key(&self, task: &str) -> String {
        format!("{}:{task}", self.config.job_meta_hash())
    }

    fn worker_metadata_key(&self, worker: &str) -> String {
        format!("{}:metadata:{worker}", self.config.workers_set())
    }
}
