//! The queue of a process among many that takes its jobs from the database itself.

use std::sync::Arc;

use async_trait::async_trait;
use ports::jobs::{Job, JobConsumer, JobHandler, JobQueue, QueueError, Stop};

use crate::{EmbeddedJobs, RedisJobs};

/// Every process claims for its own idle workers, and begins what it claims: the database sees to it that nobody else does.
/// So nothing waits anywhere but in the database, and Redis is asked for nothing but whether it is there.
pub struct DirectJobs {
    here: EmbeddedJobs,
    redis: RedisJobs,
}

impl DirectJobs {
    /// The jobs of this process, in an installation with this Redis.
    #[must_use]
    pub fn beside(redis: RedisJobs) -> Self {
        Self {
            here: EmbeddedJobs::new(),
            redis,
        }
    }
}

#[async_trait]
impl JobQueue for DirectJobs {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        self.here.push(jobs).await
    }

    async fn room(&self) -> Result<u16, QueueError> {
        self.here.room().await
    }

    fn idle_workers(&self) -> Option<u16> {
        self.here.idle_workers()
    }

    async fn room_again(&self) {
        self.here.room_again().await;
    }

    async fn held(&self) -> Result<Vec<Job>, QueueError> {
        self.here.held().await
    }

    /// Limits and the memory of the database are in Redis, so an installation without it is not what it should be.
    async fn check(&self) -> Result<(), QueueError> {
        self.redis.check().await
    }

    fn goes_on_alone(&self) -> bool {
        true
    }
}

#[async_trait]
impl JobConsumer for DirectJobs {
    async fn consume(&self, handler: Arc<dyn JobHandler>, concurrency: usize, stop: Stop) {
        self.here.consume(handler, concurrency, stop).await;
    }
}
