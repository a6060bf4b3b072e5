//! The API, and on an embedded database the workers too.

use smm_guru::Blueprint;

use crate::cli::ServeArgs;
use crate::{configuration, print_line, signals, telemetry};

/// Serves until it is asked to stop.
pub async fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let settings = configuration::load(args.data.clone(), args.port)?;
    telemetry::start(&settings)?;
    let asked_to_stop = signals::asked_to_stop();
    let system = configuration::open(Blueprint::of(&settings)).await?;
    system.migrate().await?;
    let running = system.start()?;
    print_line(&format!("SMM Guru listens on {}", running.base_url()));
    asked_to_stop.await;
    tracing::info!("stopping");
    running.stop().await;
    system.close().await;
    Ok(())
}
