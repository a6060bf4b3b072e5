//! Whether orders are sent to providers, from the command line.

use application::caller::By;
use application::submission::SubmissionGuard;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::Timestamp;
use smm_guru::Blueprint;

use crate::cli::{DataArgs, SubmissionCommand};
use crate::{configuration, print_line};

/// Shows, pauses or releases; whether orders are sent afterwards.
pub async fn run(command: &SubmissionCommand) -> anyhow::Result<bool> {
    let (SubmissionCommand::Status { data }
    | SubmissionCommand::Pause { data, .. }
    | SubmissionCommand::Release { data, .. }) = command;
    let system = open(data).await?;
    let guard = system.services().submission.clone();
    let done = act(command, &guard).await;
    system.close().await;
    done
}

async fn open(data: &DataArgs) -> anyhow::Result<smm_guru::System> {
    let settings = configuration::load(data.data.clone(), None)?;
    configuration::open_existing(Blueprint::of(&settings)).await
}

async fn act(command: &SubmissionCommand, guard: &SubmissionGuard) -> anyhow::Result<bool> {
    match command {
        SubmissionCommand::Status { .. } => {}
        SubmissionCommand::Pause { reason, restored, .. } => {
            guard.pause(&By::Operator, reason, *restored).await?;
            if *restored {
                guard.keep().await?;
            }
        }
        SubmissionCommand::Release { reason, .. } => {
            guard.release(&By::Operator, reason).await?;
        }
    }
    show(guard).await?;
    Ok(true)
}

async fn show(guard: &SubmissionGuard) -> anyhow::Result<()> {
    let status = guard.status().await?;
    let Some(pause) = status.submission.pause else {
        print_line("Orders are sent to providers.");
        return Ok(());
    };
    print_line("PAUSED: no order is sent to a provider.");
    print_line(&format!("reason      {}", pause.reason));
    print_line(&format!("by          {}", pause.cause.as_str()));
    print_line(&format!("since       {}", written(pause.since)));
    if let Some(from) = pause.gap_from {
        print_line(&format!("last seen   {} before that", written(from)));
    }
    print_line(&format!(
        "submitting  {} orders at this moment",
        status.submitting
    ));
    if status.submission.doubted_up_to.is_some() {
        print_line(
            "Orders that may have been sent are still being marked as unknown; a running process does that.",
        );
    }
    print_line("docs/OPERATIONS.md says what to look at. Then: smm-guru submission release --reason …");
    Ok(())
}

/// As people and databases read it.
fn written(at: Timestamp) -> String {
    let at = DateTime::<Utc>::from_timestamp_micros(at.micros()).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
