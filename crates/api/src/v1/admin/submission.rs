//! Whether orders are sent to providers.

use actix_web::{HttpResponse, get, post, web};
use application::caller::By;
use application::submission::{PauseError, ReleaseError, SubmissionStatus};
use domain::identity::right::SubmissionControl;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::codes::Code;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid, field_error};
use crate::state::ApiState;
use crate::wire::{WireTime, time};

/// Whether orders are sent to providers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubmissionBody {
    paused: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<WireTime>,
    /// `database`: it may have forgotten what was sent. `operator`: somebody paused it.
    #[schema(example = "database")]
    cause: Option<&'static str>,
    #[schema(example = "it is older than when it was last used")]
    reason: Option<String>,
    /// When the database was last known to be in use before that. What happened since then may be missing from it.
    #[schema(value_type = Option<String>, format = DateTime)]
    gap_from: Option<WireTime>,
    /// Whether orders that may have been sent are still being marked as unknown.
    marking: bool,
    /// Orders that are being sent at this moment.
    submitting: u64,
    /// What the database server does not tell about itself; it is not compared.
    untold: Vec<&'static str>,
}

/// Stops sending.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PauseForm {
    /// Why; for the audit log.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(example = "Moving the database", min_length = 1, max_length = 500)]
    reason: String,
    /// Whether the database was restored: every order that is not with its provider becomes unknown and is looked up.
    #[serde(default)]
    restored: bool,
}

/// Sends again.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseForm {
    /// Why; for the audit log.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(example = "Compared with the panels' lists", min_length = 1, max_length = 500)]
    reason: String,
}

/// Says whether orders are sent to providers
#[utoipa::path(
    tag = "Submission",
    security(("session" = ["submission.control"])),
    responses((status = 200, description = "Whether, and why not", body = Envelope<SubmissionBody>))
)]
#[get("/submission")]
pub async fn show_submission(
    state: web::Data<ApiState>,
    _staff: StaffMember<SubmissionControl>,
) -> Result<HttpResponse, ApiError> {
    let status = state.submission.status().await?;
    Ok(Said("SUBMISSION_FETCHED", "Submission fetched successfully").ok(body(status)))
}

/// Stops sending orders to providers
///
/// Every node stops within seconds. Customers may go on placing orders; they wait.
#[utoipa::path(
    tag = "Submission",
    security(("session" = ["submission.control"])),
    request_body = PauseForm,
    responses((status = 200, description = "Paused", body = Envelope<SubmissionBody>))
)]
#[post("/submission/pause")]
pub async fn pause_submission(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<SubmissionControl>,
    Valid(form): Valid<PauseForm>,
) -> Result<HttpResponse, ApiError> {
    let paused = state
        .submission
        .pause(&By::from(staff), &form.reason, form.restored)
        .await;
    paused.map_err(|error| match error {
        PauseError::Reason(error) => field_error("reason", error),
        PauseError::Store(error) => error.into(),
    })?;
    let status = state.submission.status().await?;
    Ok(Said("SUBMISSION_PAUSED", "Submission paused successfully").ok(body(status)))
}

/// Sends orders to providers again
#[utoipa::path(
    tag = "Submission",
    security(("session" = ["submission.control"])),
    request_body = ReleaseForm,
    responses(
        (status = 200, description = "Released", body = Envelope<SubmissionBody>),
        (status = 409, description = "`RELEASE_REFUSED`: it is not paused, or orders are still being marked"),
    )
)]
#[post("/submission/release")]
pub async fn release_submission(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<SubmissionControl>,
    Valid(form): Valid<ReleaseForm>,
) -> Result<HttpResponse, ApiError> {
    let released = state.submission.release(&By::from(staff), &form.reason).await;
    released.map_err(|error| match error {
        ReleaseError::Reason(error) => field_error("reason", error),
        ReleaseError::Refused(refusal) => ApiError::new(
            Code::ReleaseRefused,
            format!("Submission cannot be released: {refusal}."),
        ),
        ReleaseError::Store(error) => error.into(),
    })?;
    let status = state.submission.status().await?;
    Ok(Said("SUBMISSION_RELEASED", "Submission released successfully").ok(body(status)))
}

fn body(status: SubmissionStatus) -> SubmissionBody {
    let pause = status.submission.pause;
    SubmissionBody {
        paused: pause.is_some(),
        since: pause.as_ref().map(|pause| WireTime(pause.since)),
        cause: pause.as_ref().map(|pause| pause.cause.as_str()),
        gap_from: time(pause.as_ref().and_then(|pause| pause.gap_from)),
        reason: pause.map(|pause| pause.reason),
        marking: status.submission.doubted_up_to.is_some(),
        submitting: status.submitting,
        untold: status.untold,
    }
}
