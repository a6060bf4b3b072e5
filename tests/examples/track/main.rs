//! How the polling of a crowd of open orders does: how full requests are, how many there are, how late orders are, how much
//! memory it takes, and whether a dead provider makes the others wait. `cargo xtask track` builds and runs it.

#![expect(clippy::print_stdout, reason = "a command line program talks to its terminal")]

mod crowd;
mod drive;
mod ground;
mod slice;
mod verdict;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use persistence::DatabaseClock;
use testkit::crowd::{CrowdPanel, Manners};

use crate::crowd::Crowd;
use crate::drive::Drive;
use crate::ground::Ground;
use crate::slice::Slice;
use crate::verdict::{Late, Phase, Verdict};

/// The first minutes make groups, and spread what was due at once.
const WARM_UP: Duration = Duration::from_mins(3);
/// A dead provider lets a request hang until the product gives it up.
const HANGS: Duration = Duration::from_secs(15);
/// Every worker that it can hold hangs by then.
const DYING: Duration = Duration::from_mins(1);

/// Polls a crowd of open orders and measures how that goes
#[derive(Debug, Clone, Parser)]
pub struct Options {
    /// Open orders
    #[arg(long, default_value_t = 100_000)]
    orders: u64,
    /// Simulated providers that share them
    #[arg(long, default_value_t = 20)]
    providers: usize,
    /// How many minutes are measured, and half as many with a dead provider
    #[arg(long, default_value_t = 6)]
    minutes: u32,
    /// On the PostgreSQL of `TEST_DATABASE_URL` instead of SQLite
    #[arg(long)]
    postgres: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    // No library of the product is at work here that would have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let measured = tokio::select! {
        measured = measure(&options) => measured,
        // Leaving drops the database.
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match measured {
        Ok(verdict) => {
            println!("{verdict}");
            if verdict.is_met() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            println!("the measurement itself failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> anyhow::Result<Verdict> {
    ensure!(options.providers > 1, "one provider cannot wait for another");
    ensure!(options.minutes > 0, "nothing can be measured in no time");
    let slice = Slice::measure(options.postgres).await?;
    let database = ground::database(options.postgres).await?;
    let clock = Arc::new(DatabaseClock::start(database.database()).await?);
    let panel = Arc::new(CrowdPanel::new(clock.clone(), Manners::Polite));
    let ground = Arc::new(Ground::prepare(database, options.providers, clock, panel.clone()).await?);
    let idle = memory();
    let bar = bar(options.orders, "{msg} {bar:40} {pos}/{len}, {eta} left");
    bar.set_message("orders");
    let crowd = Arc::new(Crowd::gather(&ground, options.orders, &bar).await?);
    bar.finish_and_clear();

    let (whole_time, hurt_time) = (
        Duration::from_mins(options.minutes.into()),
        Duration::from_secs(u64::from(options.minutes) * 30),
    );
    let all = WARM_UP + whole_time + DYING + hurt_time;
    let bar = self::bar(all.as_secs(), "{msg} {bar:40} {pos}/{len} s, {eta} left");
    let mut look = Look {
        drive: Drive::start(&ground, crowd.clone()),
        ground,
        crowd,
        bar,
        memory: 0,
    };
    look.pass(WARM_UP, "warming up").await?;
    let whole = look.phase(whole_time, "measuring").await?;
    if let Some(first) = look.ground.providers.first() {
        panel.kill_slowly(*first, HANGS);
    }
    look.pass(DYING, "a provider dies").await?;
    let hurt = look.phase(hurt_time, "measuring beside it").await?;
    look.bar.finish_and_clear();
    Ok(Verdict {
        orders: options.orders,
        providers: options.providers,
        database: look.ground.database_name(),
        memory: (idle, look.memory),
        time: whole_time,
        whole,
        hurt,
        slice,
    })
}

/// Whoever looks on.
struct Look {
    drive: Drive,
    ground: Arc<Ground>,
    crowd: Arc<Crowd>,
    bar: ProgressBar,
    /// The most that was resident, in KiB.
    memory: u64,
}

impl Look {
    /// Lets time pass, and sees what polling did meanwhile.
    async fn phase(&mut self, time: Duration, what: &'static str) -> anyhow::Result<Phase> {
        self.ground.tally.reset();
        let began = self.ground.now();
        self.pass(time, what).await?;
        let (tally, ended) = (&self.ground.tally, self.ground.now());
        // Of all but the provider that dies.
        let first = self.ground.providers.first().copied();
        let mut phase = Phase {
            requests: tally.requests(None),
            alone: tally.alone(),
            orders: tally.orders(None),
            fill: tally.fill(),
            late: Late {
                median: tally.late(500, first),
                p99: tally.late(990, first),
            },
            model: 0.0,
        };
        phase.model = self.crowd.model(began, ended);
        Ok(phase)
    }

    async fn pass(&mut self, time: Duration, what: &'static str) -> anyhow::Result<()> {
        self.bar.set_message(what);
        for _ in 0..time.as_secs() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            ensure!(!self.drive.has_failed(), "no orders arrive any more");
            self.memory = self.memory.max(memory());
            self.bar.inc(1);
        }
        Ok(())
    }
}

fn bar(len: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(len);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Resident memory of this process, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
