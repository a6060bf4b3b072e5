//! The proof of the books.

use ports::ledger::InvariantCount;
use smm_guru::Blueprint;

use crate::cli::LedgerCommand;
use crate::{configuration, print_line};

/// Runs V1 to V17; whether all hold.
pub async fn run(command: &LedgerCommand) -> anyhow::Result<bool> {
    let LedgerCommand::Verify { data, json } = command;
    let settings = configuration::load(data.data.clone(), None)?;
    let system = configuration::open_existing(Blueprint::of(&settings)).await?;
    let invariants = system.adapters().ledger.verify().await?;
    system.close().await;
    if *json {
        print_line(&as_json(&invariants));
    } else {
        for InvariantCount { id, rule, violations } in &invariants {
            print_line(&format!("{id:4} {violations:>8}   {rule}"));
        }
    }
    let violated = invariants
        .iter()
        .filter(|invariant| invariant.violations != 0)
        .count();
    if !json {
        print_line(&match violated {
            0 => "The books are right.".to_owned(),
            count => format!(
                "{count} of {} invariants are violated. docs/OPERATIONS.md says what to do.",
                invariants.len()
            ),
        });
    }
    Ok(violated == 0)
}

fn as_json(invariants: &[InvariantCount]) -> String {
    let rows: Vec<_> = invariants
        .iter()
        .map(|row| serde_json::json!({"id": row.id, "rule": row.rule, "violations": row.violations}))
        .collect();
    serde_json::Value::Array(rows).to_string()
}
