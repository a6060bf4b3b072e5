//! Figures, from the command line.

use std::sync::atomic::{AtomicU64, Ordering};

use application::figures::RemakeFigures;
use ports::figures::Progress;
use smm_guru::Blueprint;

use crate::cli::FiguresCommand;
use crate::{configuration, print_error, print_line};

/// Progress is told in steps of so many percent.
const STEP: u64 = 5;

/// Verifies or makes anew; whether the figures were what happened.
pub async fn run(command: &FiguresCommand) -> anyhow::Result<bool> {
    let (FiguresCommand::Verify { data } | FiguresCommand::Rebuild { data }) = command;
    let settings = configuration::load(data.data.clone(), None)?;
    let system = configuration::open_existing(Blueprint::of(&settings)).await?;
    let remake = RemakeFigures::new(system.adapters().keeper.clone());
    let told = AtomicU64::new(0);
    let tell = |Progress { passed, left }| {
        let percent = (passed * 100).checked_div(passed + left).unwrap_or(100) / STEP * STEP;
        if told.fetch_max(percent, Ordering::Relaxed) < percent {
            print_error(&format!("{percent:>3} %  {passed} rows added up, {left} left"));
        }
    };
    let is_rebuild = matches!(command, FiguresCommand::Rebuild { .. });
    let differing = if is_rebuild {
        remake.rebuild(tell).await
    } else {
        remake.verify(tell).await
    };
    system.close().await;
    let differing = differing?;
    print_line(&match (differing, is_rebuild) {
        (0, _) => "The figures are what happened.".to_owned(),
        (count, true) => format!("{count} figures were not what happened. They are mended."),
        (count, false) => {
            format!("{count} figures are not what happened. `smm-guru figures rebuild` mends them.")
        }
    });
    Ok(differing == 0 || is_rebuild)
}
