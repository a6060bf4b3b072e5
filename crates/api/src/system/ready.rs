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
    /// `ready` or `not_ready`.
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
        (status = 200, description = "It can", body = Readiness),
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
    let readiness = readiness(database.as_ref(), queue.as_ref(), submission.as_ref());
    let mut response = match readiness.status {
        READY => HttpResponse::Ok(),
        _ => HttpResponse::ServiceUnavailable(),
    };
    response.json(readiness)
}

const READY: &str = "ready";
const NOT_READY: &str = "not_ready";

async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PART_TIMEOUT, answer).await.ok()
}

fn readiness(
    database: Option<&Result<DatabaseReport, StoreError>>,
    queue: Option<&Result<(), QueueError>>,
    submission: Option<&Result<Submission, StoreError>>,
) -> Readiness {
    let (database, migrations) = match database {
        Some(Ok(report)) if report.pending_migrations.is_empty() => (Part::Ok, Part::Ok),
        Some(Ok(_)) => (Part::Ok, Part::Pending),
        Some(Err(_)) | None => (Part::Unavailable, Part::Unknown),
    };
    let queue = match queue {
        Some(Ok(())) => Part::Ok,
        Some(Err(_)) | None => Part::Unavailable,
    };
    let submission = match submission {
        Some(Ok(submission)) if submission.pause.is_none() => Part::Ok,
        Some(Ok(_)) => Part::Paused,
        Some(Err(_)) | None => Part::Unknown,
    };
    let is_ready = [database, migrations, queue].iter().all(|part| *part == Part::Ok);
    Readiness {
        status: if is_ready { READY } else { NOT_READY },
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
            now: Timestamp::EPOCH,
        })
    }

    #[test]
    fn every_part_can_keep_the_process_from_serving() {
        assert_eq!(readiness(Some(&report(&[])), Some(&Ok(())), None).status, READY);
        let pending = readiness(Some(&report(&["m1"])), Some(&Ok(())), None);
        assert_eq!((pending.status, pending.migrations), (NOT_READY, Part::Pending));
        let gone = readiness(None, Some(&Ok(())), None);
        assert_eq!(
            (gone.status, gone.database, gone.migrations),
            (NOT_READY, Part::Unavailable, Part::Unknown)
        );
        let stuck = readiness(Some(&report(&[])), None, None);
        assert_eq!((stuck.status, stuck.queue), (NOT_READY, Part::Unavailable));
    }
}
