//! A worker's entries in the outbox: which jobs it began, and how they ended.

use std::sync::Arc;

use async_trait::async_trait;
use ports::jobs::Job;
use ports::outbox::{OutboxRelay, Settlement};
use ports::{Clock, StoreError};

use super::JOB_LEASE;
use super::gather::{Gathering, Scribe};

/// Jobs in one commit at most.
pub(super) const BATCH_MAX: usize = 256;

/// Entries of many jobs share a commit; see [`Gathering`].
pub(super) struct Books {
    begun: Gathering<Begun>,
    settled: Gathering<Settled>,
}

impl Books {
    pub(super) fn new(outbox: &Arc<dyn OutboxRelay>, clock: &Arc<dyn Clock>, at_once: usize) -> Self {
        let begun = Begun {
            outbox: Arc::clone(outbox),
            clock: Arc::clone(clock),
        };
        let settled = Settled {
            outbox: Arc::clone(outbox),
        };
        Self {
            begun: Gathering::new(begun, at_once),
            settled: Gathering::new(settled, at_once),
        }
    }

    /// Takes the job for this worker; `false` if somebody else has it by now.
    pub(super) async fn begin(&self, job: &Job) -> Result<bool, StoreError> {
        if job.begun {
            return Ok(true);
        }
        self.begun.write(job.clone()).await
    }

    /// Ends the job; `false` if somebody else has it by now.
    pub(super) async fn settle(&self, job: &Job, settlement: Settlement) -> Result<bool, StoreError> {
        self.settled.write((job.clone(), settlement)).await
    }
}

struct Begun {
    outbox: Arc<dyn OutboxRelay>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Scribe for Begun {
    type Item = Job;

    async fn write(&self, jobs: &[Job]) -> Result<Vec<bool>, StoreError> {
        self.outbox.begin(jobs, self.clock.now().plus(JOB_LEASE)).await
    }
}

struct Settled {
    outbox: Arc<dyn OutboxRelay>,
}

#[async_trait]
impl Scribe for Settled {
    type Item = (Job, Settlement);

    async fn write(&self, settled: &[(Job, Settlement)]) -> Result<Vec<bool>, StoreError> {
        self.outbox.settle(settled).await
    }
}
