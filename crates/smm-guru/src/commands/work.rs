//! Workers without the API.

use anyhow::ensure;
use smm_guru::{Blueprint, Storage};

use crate::{configuration, print_line, signals, telemetry};

/// Works until it is asked to stop.
pub async fn run() -> anyhow::Result<()> {
    let settings = configuration::load(None, None)?;
    telemetry::start(&settings)?;
    let blueprint = Blueprint::of(&settings);
    ensure!(
        matches!(blueprint.storage, Storage::Distributed { .. }),
        "workers of their own need DATABASE_URL and REDIS_URL; on an embedded database `smm-guru serve` works too"
    );
    let asked_to_stop = signals::asked_to_stop();
    let system = configuration::open(blueprint).await?;
    system.migrate().await?;
    let running = system.start_workers();
    print_line(&match running.metrics_address() {
        Some(address) => format!("SMM Guru works; metrics at http://{address}/metrics"),
        None => "SMM Guru works".to_owned(),
    });
    asked_to_stop.await;
    tracing::info!("stopping");
    running.stop().await;
    system.close().await;
    Ok(())
}
