//! Whether the process can serve.

use std::future::Future;
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use domain::submission::Submission;
use ports::StoreError;
use ports::health::DatabaseReport;
use ports::jobs::QueueError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::ApiState;

/// How long a part may take to answer before it counts as gone.
const PART_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the process can serve, and if not, because of which part.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready`, `degraded` (it can serve, and something is missing that it does without), or `not_ready`.
    #[schema(example = "ready")]
    status: &'static str,
    database: Part,
    migrations: Part,
    queue: Part,
    /// Whether orders are sent to providers; without that the process serves all the same.
    submission: Part,
}

/// The state of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It works.
    Ok,
    /// It does not answer.
    Unavailable,
    /// It answers, but lacks migrations.
    Pending,
    /// An operator or the guard has stopped it.
    Paused,
    /// Nobody knows, because the database does not answer.
    Unknown,
}

/// Says whether the process can serve
#[utoipa::path(
    tag = "System",
    responses(
        (status = 200, description = "It can, if only `degraded`", body = Readiness),
        (status = 503, description = "It cannot; the body says which part is missing", body = Readiness),
    )
)]
#[get("/ready")]
pub async fn ready(state: web::Data<ApiState>) -> HttpResponse {
    let (database, queue, submission) = futures::join!(
        in_time(state.health.report()),
        in_time(state.queue.check()),
        in_time(state.submission.stored())
    );
    let queue = Queue {
        answer: queue.as_ref(),
        goes_on_alone: state.queue.goes_on_alone(),
    };
    let readiness = readiness(database.as_ref(), &queue, submission.as_ref());
    let mut response = match readiness.status {
        READY | DEGRADED => HttpResponse::Ok(),
        _ => HttpResponse::ServiceUnavailable(),
    };
    response.json(readiness)
}

const READY: &str = "ready";
/// All nodes lose Redis at the same moment. Were they not ready then, nobody could order anything, which needs no Redis.
const DEGRADED: &str = "degraded";
const NOT_READY: &str = "not_ready";

/// What the queue said.
struct Queue<'a> {
    answer: Option<&'a Result<(), QueueError>>,
    goes_on_alone: bool,
}

async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PART_TIMEOUT, answer).await.ok()
}

fn readiness(
    database: Option<&Result<DatabaseReport, StoreError>>,
    queue: &Queue<'_>,
    submission: Option<&Result<Submission, StoreError>>,
) -> Readiness {
    let (database, migrations) = match database {
        Some(Ok(report)) if report.pending_migrations.is_empty() => (Part::Ok, Part::Ok),
        Some(Ok(_)) => (Part::Ok, Part::Pending),
        Some(Err(_)) | None => (Part::Unavailable, Part::Unknown),
    };
    let (queue, by_queue) = match queue.answer {
        Some(Ok(())) => (Part::Ok, READY),
        Some(Err(_)) | None if queue.goes_on_alone => (Part::Unavailable, DEGRADED),
        Some(Err(_)) | None => (Part::Unavailable, NOT_READY),
    };
    let submission = match submission {
        Some(Ok(submission)) if submission.pause.is_none() => Part::Ok,
        Some(Ok(_)) => Part::Paused,
        Some(Err(_)) | None => Part::Unknown,
    };
    let has_database = [database, migrations].iter().all(|part| *part == Part::Ok);
    Readiness {
        status: if has_database { by_queue } else { NOT_READY },
        database,
        migrations,
        queue,
        submission,
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn report(pending: &[&str]) -> Result<DatabaseReport, StoreError> {
        Ok(DatabaseReport {
            version: "sqlite 3".to_owned(),
            pending_migrations: pending.iter().map(|&name| name.to_owned()).collect(),
            unknown_migrations: Vec::new(),
            now: Timestamp::EPOCH,
        })
    }

    const WELL: Queue<'_> = Queue {
        answer: Some(&Ok(())),
        goes_on_alone: true,
    };

    #[test]
    fn every_part_can_keep_the_process_from_serving() {
        assert_eq!(readiness(Some(&report(&[])), &WELL, None).status, READY);
        let pending = readiness(Some(&report(&["m1"])), &WELL, None);
        assert_eq!((pending.status, pending.migrations), (NOT_READY, Part::Pending));
        let newer = report(&[]).map(|report| DatabaseReport {
            unknown_migrations: vec!["m9".to_owned()],
            ..report
        });
        assert_eq!(readiness(Some(&newer), &WELL, None).status, READY);
        let gone = readiness(None, &WELL, None);
        assert_eq!(
            (gone.status, gone.database, gone.migrations),
            (NOT_READY, Part::Unavailable, Part::Unknown)
        );
        let silent = Queue {
            answer: None,
            goes_on_alone: false,
        };
        let stuck = readiness(Some(&report(&[])), &silent, None);
        assert_eq!((stuck.status, stuck.queue), (NOT_READY, Part::Unavailable));
    }

    #[test]
    fn a_queue_that_goes_on_alone_keeps_nobody_from_serving_and_a_lost_database_does_all_the_same() {
        let lost = Err(QueueError("gone".to_owned()));
        for answer in [None, Some(&lost)] {
            let alone = Queue {
                answer,
                goes_on_alone: true,
            };
            let degraded = readiness(Some(&report(&[])), &alone, None);
            assert_eq!((degraded.status, degraded.queue), (DEGRADED, Part::Unavailable));
            assert_eq!(readiness(Some(&report(&["m1"])), &alone, None).status, NOT_READY);
            assert_eq!(readiness(None, &alone, None).status, NOT_READY);
        }
    }
}
