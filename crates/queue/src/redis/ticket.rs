//! A job as it lies in Redis.

use domain::Timestamp;
use ports::jobs::{Job, JobTopic};
use serde::{Deserialize, Serialize};

/// Ids only; what there is to know about them is in the database.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ticket {
    id: i64,
    topic: String,
    subject: i64,
    claim: i64,
    /// Microseconds since the epoch.
    lease_until: i64,
}

impl From<&Job> for Ticket {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id,
            topic: job.topic.as_str().to_owned(),
            subject: job.subject,
            claim: job.claim,
            lease_until: job.lease_until.micros(),
        }
    }
}

impl Ticket {
    /// The job, unless its topic is one of another version of this program.
    pub(super) fn job(&self) -> Option<Job> {
        Some(Job {
            id: self.id,
            topic: JobTopic::from_stored(&self.topic)?,
            subject: self.subject,
            claim: self.claim,
            lease_until: Timestamp::from_micros(self.lease_until),
            // A job that goes through Redis is begun by the worker that takes it out.
            begun: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_way_through_redis() {
        for topic in JobTopic::ALL {
            let job = Job {
                id: i64::MAX,
                topic,
                subject: i64::MIN,
                claim: 3,
                lease_until: Timestamp::from_micros(1_754_000_000_123_456),
                begun: false,
            };
            let bytes = serde_json::to_vec(&Ticket::from(&job)).unwrap();
            let read: Ticket = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(read.job(), Some(job));
        }
    }

    #[test]
    fn a_topic_of_another_version_is_no_job() {
        let ticket = Ticket {
            id: 1,
            topic: "order.teleport".to_owned(),
            subject: 1,
            claim: 1,
            lease_until: 0,
        };
        assert_eq!(ticket.job(), None);
    }
}
