//! The simulated provider panel as a server of its own.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use sandbox::{Fault, Faults, Lookup, Panel, PanelConfig};

use crate::cli::SandboxArgs;
use crate::{print_line, signals};

/// Runs the panel until it is asked to stop.
pub async fn run(args: &SandboxArgs) -> anyhow::Result<()> {
    if args.faults.iter().any(|fault| fault == "list") {
        list_faults();
        return Ok(());
    }
    let panel = Panel::start(PanelConfig {
        port: args.port,
        key: args.key.clone(),
        seed: args.seed,
        pace: Duration::from_secs(args.pace),
        lookup: lookup(&args.lookup)?,
        faults: faults(&args.faults)?,
        ..PanelConfig::default()
    })
    .await
    .with_context(|| format!("the panel cannot listen on port {}", args.port))?;
    print_line(&format!(
        "simulated panel at {} with key {}",
        panel.url(),
        panel.key()
    ));
    signals::until_asked_to_stop().await;
    panel.stop().await;
    Ok(())
}

fn list_faults() {
    for (name, description) in Fault::all() {
        print_line(&format!("{name:24} {description}"));
    }
}

fn lookup(word: &str) -> anyhow::Result<Lookup> {
    match word {
        "none" => Ok(Lookup::None),
        "reference" => Ok(Lookup::Reference),
        "link" => Ok(Lookup::LinkAndTime),
        _ => bail!("--lookup must be none, reference or link"),
    }
}

fn faults(rules: &[String]) -> anyhow::Result<Faults> {
    let rules = rules
        .iter()
        .map(|rule| rule.parse().map_err(|error| anyhow!("--fault {rule}: {error}")));
    rules.collect()
}
