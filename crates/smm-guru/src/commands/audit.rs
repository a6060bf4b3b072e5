//! The audit log, from the command line.

use anyhow::Context;
use application::audit::{AuditReport, SearchAudit, VerifyAudit};
use application::caller::By;
use chrono::DateTime;
use domain::audit::Head;
use domain::identity::right::AuditRead;
use domain::{PageSize, Timestamp, UserId};
use ports::audit::AuditFilter;
use smm_guru::Blueprint;

use crate::cli::{AuditCommand, ExportArgs};
use crate::{configuration, print_line};

/// Checks, shows the head, or exports; whether the log is what was sealed.
pub async fn run(command: &AuditCommand) -> anyhow::Result<bool> {
    let data = match command {
        AuditCommand::Verify { data, .. } | AuditCommand::Head { data } => data,
        AuditCommand::Export(args) => &args.data,
    };
    let settings = configuration::load(data.data.clone(), None)?;
    let system = configuration::open_existing(Blueprint::of(&settings)).await?;
    let services = system.services();
    let done = match command {
        AuditCommand::Verify { head, .. } => verify(&services.audit.verify, head.as_deref()).await,
        AuditCommand::Head { .. } => show_head(&services.audit.verify).await,
        AuditCommand::Export(args) => export(&services.audit.search, args).await,
    };
    system.close().await;
    done
}

async fn verify(verify: &VerifyAudit, head: Option<&str>) -> anyhow::Result<bool> {
    let head = head.map(Head::parse).transpose().context("--head")?;
    let AuditReport {
        head,
        waiting,
        findings,
        more,
    } = verify.verify(head).await?;
    for finding in &findings {
        print_line(&finding.to_string());
    }
    if more > 0 {
        print_line(&format!("… and {more} findings more"));
    }
    print_line(&format!("head     {head}"));
    print_line(&format!("waiting  {} lines to be sealed", waiting.lines));
    let is_sound = findings.is_empty();
    print_line(if is_sound {
        "The audit log is what was sealed."
    } else {
        "The audit log was changed. docs/OPERATIONS.md says what to do."
    });
    Ok(is_sound)
}

async fn show_head(verify: &VerifyAudit) -> anyhow::Result<bool> {
    print_line(&verify.head().await?.to_string());
    Ok(true)
}

async fn export(search: &SearchAudit, args: &ExportArgs) -> anyhow::Result<bool> {
    let by = By::<AuditRead>::Operator;
    let filter = AuditFilter {
        actor: args.actor.clone().map(UserId::new),
        target: args.target.clone(),
        action: args.action.clone(),
        from: args.from.as_deref().map(moment).transpose().context("--from")?,
        until: args.until.as_deref().map(moment).transpose().context("--until")?,
    };
    search.begin_export(&by, &filter).await?;
    print_line(api::csv::COLUMNS);
    let mut before = None;
    loop {
        let page = search.page(&by, &filter, before, PageSize::WHOLE).await?;
        for line in &page.lines {
            print_line(&api::csv::record(line));
        }
        match page.next {
            None => return Ok(true),
            next => before = next,
        }
    }
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let read = DateTime::parse_from_rfc3339(text).context("a date such as 2026-11-21T09:00:00Z")?;
    Ok(Timestamp::from_micros(read.timestamp_micros()))
}
