//! The simulated provider panel as a server of its own.

use std::time::Duration;

use anyhow::{Context, anyhow};
use sandbox::{Fault, Faults, Lookup, Panel, PanelConfig};

use crate::cli::{FindBy, SandboxArgs};
use crate::{print_line, signals};

/// Runs the panel until it is asked to stop.
pub async fn run(args: &SandboxArgs) -> anyhow::Result<()> {
    if args.faults.iter().any(|fault| fault == "list") {
        print_line(&fault_list());
        return Ok(());
    }
    let asked_to_stop = signals::asked_to_stop();
    let panel = Panel::start(PanelConfig {
        port: args.port,
        key: args.key.clone(),
        seed: args.seed,
        pace: Duration::from_secs(args.pace),
        currency: args.currency.clone(),
        lookup: lookup(args.lookup),
        faults: faults(&args.faults)?,
        ..PanelConfig::default()
    })
    .await
    .with_context(|| {
        format!(
            "the panel cannot listen on port {}; choose another port with --port",
            args.port
        )
    })?;
    print_line(&format!(
        "simulated panel at {} with key {}",
        panel.url(),
        panel.key()
    ));
    asked_to_stop.await;
    panel.stop().await;
    Ok(())
}

/// What `--help` says after the options.
pub fn long_help() -> String {
    format!(
        "Examples:\n  \
         smm-guru sandbox-provider --port 9090 --key secret\n  \
         smm-guru sandbox-provider --fault add:slow --fault status:http500=0.3\n  \
         curl -d 'key=sandbox-key&action=services' http://127.0.0.1:9090/api/v2\n  \
         curl http://127.0.0.1:9090/sandbox/state\n\n\
         One order's fate can be chosen in its link: https://instagram.com/p/x?sandbox=partial:30\n\
         Actions: services, add, status, balance, refill, refill_status, cancel, orders\n\n\
         Faults:\n{}",
        fault_list()
    )
}

fn fault_list() -> String {
    let faults = Fault::all()
        .into_iter()
        .map(|(name, description)| format!("  {name:24} {description}"));
    faults.collect::<Vec<_>>().join("\n")
}

const fn lookup(by: FindBy) -> Lookup {
    match by {
        FindBy::None => Lookup::None,
        FindBy::Reference => Lookup::Reference,
        FindBy::Link => Lookup::LinkAndTime,
    }
}

fn faults(rules: &[String]) -> anyhow::Result<Faults> {
    let rules = rules
        .iter()
        .map(|rule| rule.parse().map_err(|error| anyhow!("--fault {rule}: {error}")));
    rules.collect()
}
