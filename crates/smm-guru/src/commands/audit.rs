//! The audit log, from the command line.

use std::path::Path;

use anyhow::Context;
use application::audit::{AuditReport, HeadSigner, SearchAudit, UseCases};
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
        AuditCommand::Verify { head, heads, .. } => {
            verify(&services.audit, head.as_deref(), heads.as_deref()).await
        }
        AuditCommand::Head { .. } => show_head(&services.audit).await,
        AuditCommand::Export(args) => export(&services.audit.search, args).await,
    };
    system.close().await;
    done
}

async fn verify(audit: &UseCases, head: Option<&str>, heads: Option<&Path>) -> anyhow::Result<bool> {
    let mut given = kept(&audit.heads, heads).context("--heads")?;
    if let Some(head) = head {
        given.push(audit.heads.read(head).context("--head")?);
    }
    let AuditReport {
        head,
        waiting,
        findings,
        more,
    } = audit.verify.verify(given).await?;
    for finding in &findings {
        print_line(&finding.to_string());
    }
    if more > 0 {
        print_line(&format!("… and {more} findings more"));
    }
    print_line(&format!("head     {}", audit.heads.sign(&head)));
    print_line(&format!("waiting  {} lines to be sealed", waiting.lines));
    let is_sound = findings.is_empty();
    print_line(if is_sound {
        "The audit log is what was sealed."
    } else {
        "The audit log was changed. docs/OPERATIONS.md says what to do."
    });
    Ok(is_sound)
}

/// The heads in a file: the last word of each line.
fn kept(signer: &HeadSigner, file: Option<&Path>) -> anyhow::Result<Vec<Head>> {
    let text = match file {
        None => String::new(),
        Some(file) if file == Path::new("-") => std::io::read_to_string(std::io::stdin())?,
        Some(file) => std::fs::read_to_string(file)?,
    };
    let mut heads = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(word) = line.split_whitespace().last() {
            let head = signer.read(word);
            heads.push(head.with_context(|| format!("line {}", index.saturating_add(1)))?);
        }
    }
    Ok(heads)
}

async fn show_head(audit: &UseCases) -> anyhow::Result<bool> {
    print_line(&audit.heads.sign(&audit.verify.head().await?));
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
