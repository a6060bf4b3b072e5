//! Checks everything a running installation rests on, and says what to do.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use domain::mail::MailState;
use domain::providers::Provider;
use ports::gateway::PanelTarget;
use settings::Settings;
use smm_guru::{Blueprint, System};

use crate::cli::DataArgs;
use crate::{configuration, print_line};

/// A clock of this machine that differs by more from the database's is worth a word.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_secs(2);

/// Collects what was found.
#[derive(Default)]
struct Findings {
    problems: usize,
}

impl Findings {
    fn good(&mut self, what: &str) {
        print_line(&format!("ok       {what}"));
    }

    /// Worth a word, and nothing to solve.
    fn odd(what: &str, advice: &str) {
        print_line(&format!("warning  {what}\n         {advice}"));
    }

    fn bad(&mut self, what: &str, advice: &str) {
        self.problems += 1;
        print_line(&format!("PROBLEM  {what}\n         {advice}"));
    }
}

/// Checks; whether all is well.
pub async fn run(args: &DataArgs) -> anyhow::Result<bool> {
    let mut findings = Findings::default();
    let settings = match configuration::load(args.data.clone(), None) {
        Ok(settings) => settings,
        Err(error) => {
            findings.bad("configuration", &error.to_string());
            return Ok(false);
        }
    };
    show_settings(&settings);
    findings.good("configuration");
    check_installation(Blueprint::of(&settings), &mut findings).await;
    print_line(&match findings.problems {
        0 => "\nAll is well.".to_owned(),
        count => format!("\n{count} problem(s) to solve."),
    });
    Ok(findings.problems == 0)
}

async fn check_installation(blueprint: Blueprint, findings: &mut Findings) {
    if let Some(file) = configuration::missing_file(&blueprint) {
        let what = format!("there is no database at {}", file.display());
        return findings.bad(&what, configuration::ADVICE_ON_MISSING_FILE);
    }
    let keys: Vec<i32> = blueprint
        .sealing
        .keys
        .iter()
        .map(|(version, _)| *version)
        .collect();
    let system = match System::open(blueprint).await {
        Ok(system) => system,
        Err(error) => return findings.bad(&error.to_string(), configuration::advice(&error)),
    };
    check_queue(&system, findings).await;
    // On another schema the rest would only be found missing.
    if check_database(&system, findings).await {
        check_jobs(&system, findings).await;
        check_mails(&system, findings).await;
        check_orders(&system, findings).await;
        check_submission(&system, findings).await;
        check_keys(&system, &keys, findings).await;
        check_providers(&system, findings).await;
    }
    system.close().await;
}

fn show_settings(settings: &Settings) {
    for row in settings.describe() {
        print_line(&format!(
            "         {:34} {:28} {}",
            row.variable, row.value, row.source
        ));
    }
}

/// Whether the schema is the one that this program knows.
async fn check_database(system: &System, findings: &mut Findings) -> bool {
    let report = match system.adapters().database.report().await {
        Ok(report) => report,
        Err(error) => {
            findings.bad(
                &error.to_string(),
                "Check that the database runs and is reachable.",
            );
            return false;
        }
    };
    findings.good(&format!("database: {}", report.version));
    if report.pending_migrations.is_empty() {
        findings.good("schema is up to date");
    } else {
        let names = report.pending_migrations.join(", ");
        findings.bad(
            &format!("schema lacks {names}"),
            "Run `smm-guru migrate`, or start `serve` or `work` once.",
        );
    }
    if !report.unknown_migrations.is_empty() {
        let names = report.unknown_migrations.join(", ");
        Findings::odd(
            &format!("the database is newer than this program, which does not know {names}"),
            "Replace this program by the version that runs elsewhere.",
        );
    }
    match clock_difference(report.now) {
        difference if difference <= CLOCK_DIFFERENCE_MAX => findings.good("clock agrees with the database's"),
        difference => findings.bad(
            &format!(
                "this machine's clock differs by {} s from the database's",
                difference.as_secs()
            ),
            "Leases are safe, they use the database's clock; but run a time service on both machines.",
        ),
    }
    report.pending_migrations.is_empty()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the machine's own clock is what is being checked"
)]
fn clock_difference(database: Timestamp) -> Duration {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    let here = Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
    here.since(database).max(database.since(here))
}

async fn check_queue(system: &System, findings: &mut Findings) {
    match system.adapters().queue.check().await {
        Ok(()) => findings.good("job queue answers"),
        Err(error) => findings.bad(
            &error.to_string(),
            "Check that Redis runs and that REDIS_URL is right.",
        ),
    }
}

async fn check_jobs(system: &System, findings: &mut Findings) {
    match system
        .adapters()
        .outbox
        .backlog(system.adapters().clock.now())
        .await
    {
        Ok(backlog) if backlog.given_up == 0 => findings.good(&format!("{} jobs wait", backlog.waiting)),
        Ok(backlog) => findings.bad(
            &format!("{} jobs were given up on", backlog.given_up),
            "Their workers died five times; look for the reason in the logs.",
        ),
        Err(error) => findings.bad(&error.to_string(), "Check that the database is reachable."),
    }
}

async fn check_mails(system: &System, findings: &mut Findings) {
    match system.adapters().mailer.check().await {
        Ok(what) => findings.good(&format!("mail: {what}")),
        Err(problem) => findings.bad(
            &format!("mail: {problem}"),
            "Nobody can reset a password. Set SMTP_HOST or RESEND_API_KEY, with AUTH_DELIVERY_EMAIL; then try `smm-guru mail test`.",
        ),
    }
    match system.adapters().mails.troubled().await {
        Ok(counts) => {
            let failed = counts.iter().filter(|count| count.state != MailState::Waiting);
            match failed.map(|count| count.mails).sum::<u64>() {
                0 => findings.good("no mail of the last 30 days failed"),
                count => findings.bad(
                    &format!("{count} mails of the last 30 days were refused or given up"),
                    "GET /api/v1/admin/mails?state=given_up and ?state=refused say why.",
                ),
            }
        }
        Err(error) => findings.bad(&error.to_string(), "Check that the database is reachable."),
    }
}

async fn check_orders(system: &System, findings: &mut Findings) {
    match system.adapters().orders.in_review_count().await {
        Ok(0) => findings.good("no order waits for a person"),
        Ok(count) => findings.bad(
            &format!("{count} orders wait for a person"),
            "Decide about them under GET /api/v1/admin/orders/review.",
        ),
        Err(error) => findings.bad(&error.to_string(), "Check that the database is reachable."),
    }
}

async fn check_submission(system: &System, findings: &mut Findings) {
    let status = match system.services().submission.status().await {
        Ok(status) => status,
        Err(error) => return findings.bad(&error.to_string(), "Check that the database is reachable."),
    };
    match &status.submission.pause {
        None => findings.good("orders are sent to providers"),
        Some(pause) => findings.bad(
            &format!("no order is sent: {}", pause.reason),
            "See `smm-guru submission status`, and docs/OPERATIONS.md about a restored database.",
        ),
    }
    if !status.untold.is_empty() {
        findings.bad(
            &format!("the database server does not tell its {}", status.untold.join(" and ")),
            "A restored database may go unnoticed; grant the user pg_monitor, or run `smm-guru submission pause --restored` after every restore.",
        );
    }
}

/// Whether what is sealed in the database was sealed with `keys`.
async fn check_keys(system: &System, keys: &[i32], findings: &mut Findings) {
    let sealed = match system.adapters().database.sealed_rows().await {
        Ok(sealed) => sealed,
        Err(error) => return findings.bad(&error.to_string(), "Check that the database is reachable."),
    };
    let (known, unknown): (Vec<_>, Vec<_>) = sealed
        .into_iter()
        .partition(|rows| keys.contains(&rows.key_version));
    for rows in &unknown {
        findings.bad(
            &format!(
                "{} rows of {} are sealed with key {}, which is not set",
                rows.rows, rows.table, rows.key_version
            ),
            "Nobody can open them. Set that key in AES_SECRET_KEYS_OLD again; see docs/OPERATIONS.md about rotating keys.",
        );
    }
    if unknown.is_empty() {
        let used: BTreeSet<String> = known.iter().map(|rows| rows.key_version.to_string()).collect();
        let used = used.into_iter().collect::<Vec<_>>().join(", ");
        findings.good(&match used.as_str() {
            "" => "nothing is sealed yet".to_owned(),
            used => format!("every key that something is sealed with is set: {used}"),
        });
    }
}

async fn check_providers(system: &System, findings: &mut Findings) {
    let providers = match system.adapters().providers.list().await {
        Ok(providers) => providers,
        Err(error) => {
            findings.bad(&error.to_string(), "Check that the database is reachable.");
            return;
        }
    };
    if providers.is_empty() {
        findings.good("no providers yet; add one with POST /api/v1/admin/providers");
    }
    for provider in providers {
        match system.services().providers.panels.target(provider.id).await {
            Ok((provider, target)) => check_provider(system, &provider, &target, findings).await,
            Err(error) => findings.bad(
                &format!("provider {}: {error}", provider.name),
                "If AES_SECRET_KEY was changed, keep the old one in AES_SECRET_KEYS_OLD; else enter the key again.",
            ),
        }
    }
}

async fn check_provider(system: &System, provider: &Provider, target: &PanelTarget, findings: &mut Findings) {
    let (name, settings) = (&provider.name, &provider.settings);
    match system.adapters().gateway.balance(target).await {
        Ok(balance) if let Some(said) = settings.contradicted_by(&balance.currency) => findings.bad(
            &format!("provider {name}: bills in {said}, and its currency is set to {}", settings.currency),
            "Its list is not read, and what is sold of it may be below its cost. Add it once more with its currency, and archive this one.",
        ),
        Ok(balance) => findings.good(&format!(
            "provider {name}: balance {} {}",
            balance.amount, balance.currency
        )),
        Err(error) => findings.bad(
            &format!("provider {name}: {error}"),
            "Check its address and key; private addresses need ALLOW_PRIVATE_TARGETS=true.",
        ),
    }
}
