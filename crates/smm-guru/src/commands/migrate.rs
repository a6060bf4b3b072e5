//! The database schema.

use smm_guru::Blueprint;

use crate::cli::DataArgs;
use crate::{configuration, print_line};

/// Applies what is missing and says what that was.
pub async fn run(args: &DataArgs) -> anyhow::Result<()> {
    let settings = configuration::load(args.data.clone(), None)?;
    let system = configuration::open(Blueprint::of(&settings)).await?;
    let pending = system.adapters().database.report().await?.pending_migrations;
    system.migrate().await?;
    if pending.is_empty() {
        print_line("The schema is up to date.");
    }
    for name in pending {
        print_line(&format!("applied {name}"));
    }
    system.close().await;
    Ok(())
}
