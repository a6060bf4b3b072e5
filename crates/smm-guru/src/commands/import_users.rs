//! Users of another application, taken over from the command line.

use anyhow::Context;
use application::identity::{ImportOptions, ImportReport};
use indicatif::{ProgressBar, ProgressStyle};
use persistence::{SourceParts, open_users};
use smm_guru::Blueprint;

use crate::cli::ImportUsersArgs;
use crate::{configuration, print_line};

/// Takes users over; whether nobody was left behind.
pub async fn run(args: &ImportUsersArgs) -> anyhow::Result<bool> {
    let parts = SourceParts {
        sessions: args.sessions,
        balances: args.balances,
    };
    let source = open_users(&args.from, parts).await.context("--from")?;
    let total = source.count().await.context("--from")?;
    let settings = configuration::load(args.data.data.clone(), None)?;
    let blueprint = Blueprint::of(&settings);
    // A dry run changes nothing, the schema included.
    let system = if args.dry_run {
        configuration::open_existing(blueprint).await?
    } else {
        let system = configuration::open(blueprint).await?;
        system.migrate().await?;
        system
    };
    let options = ImportOptions {
        sessions: args.sessions,
        balances: args.balances,
        dry_run: args.dry_run,
    };
    let bar = bar(total);
    let import = &system.services().identity.import_users;
    let done = import
        .run(&*source, options, |report| bar.set_position(report.seen))
        .await;
    bar.finish_and_clear();
    system.close().await;
    let report = done.context("run it again, it goes on where it ended")?;
    show(&report, args.dry_run);
    Ok(report.skipped.is_empty())
}

/// Shown on terminals only.
fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} users, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(report: &ImportReport, dry_run: bool) {
    for remark in &report.skipped {
        print_line(&format!("skipped  {}: {}", remark.user, remark.what));
    }
    for remark in &report.notes {
        print_line(&format!("note     {}: {}", remark.user, remark.what));
    }
    let would = if dry_run {
        " (dry run: nothing was recorded)"
    } else {
        ""
    };
    print_line(&format!("seen           {} users{would}", report.seen));
    print_line(&format!(
        "taken over     {} users with {} passwords, {} accounts elsewhere and {} sessions",
        report.taken_over, report.passwords, report.links, report.sessions
    ));
    print_line(&format!("already there  {} users", report.already_there));
    print_line(&format!("skipped        {} users", report.skipped.len()));
    print_line(&format!(
        "credited       {} USD to {} wallets",
        report.credited, report.wallets
    ));
}
