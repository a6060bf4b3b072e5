//! What was measured, and what it should be.

use std::fmt;
use std::time::Duration;

use crate::slice::Slice;

/// How full requests are at least.
const FILL_MIN: f64 = 0.8;
/// Requests for each one of the model, at most. The model counts full ones of 80 orders.
const MODEL_MAX: f64 = 1.2;
const MODEL_BATCH: f64 = 80.0;
/// Requests a minute for each 1,000 open orders, at most.
const RATE_MAX: f64 = 0.5;
/// So many of the orders that should have been asked about were, at least.
const ASKED_MIN: f64 = 0.8;
/// How late 99 of 100 orders are at most where requests fill up by themselves …
const LATE_MAX: Duration = Duration::from_secs(30);
/// … and where a provider has so few orders that they wait for its turn, which comes every 55 s.
const LATE_MAX_OF_FEW: Duration = Duration::from_secs(60);
const FEW: u64 = 20_000;
/// KiB.
const MEMORY_MAX: u64 = 64 * 1024;
/// How much later orders may be while another provider is dead: a fifth, and two ticks of the schedule.
const HURT_SLACK: Duration = Duration::from_secs(2);

/// How late orders were at all providers but the first.
#[derive(Debug, Clone, Copy)]
pub struct Late {
    pub median: Duration,
    pub p99: Duration,
}

/// What polling did for a while.
pub struct Phase {
    /// How often orders should have been asked about.
    pub model: f64,
    pub requests: u64,
    /// … of which about one order, because an answer left it out.
    pub alone: u64,
    /// How often orders were asked about.
    pub orders: u64,
    /// How full the requests about several orders were.
    pub fill: f64,
    pub late: Late,
}

pub struct Verdict {
    pub orders: u64,
    pub providers: usize,
    pub database: &'static str,
    /// Resident before there were orders, and at most while they were polled, in KiB.
    pub memory: (u64, u64),
    pub time: Duration,
    pub whole: Phase,
    /// The first provider dead.
    pub hurt: Phase,
    pub slice: Slice,
}

/// One thing that was measured.
struct Line {
    name: &'static str,
    found: String,
    wanted: String,
    is_met: bool,
}

impl Verdict {
    fn lines(&self) -> Vec<Line> {
        let (requests, lateness) = (self.requests(), self.lateness());
        let lines = requests.into_iter().chain(lateness);
        lines.chain([self.growth(), self.over_http()]).collect()
    }

    fn requests(&self) -> [Line; 4] {
        let Phase {
            model,
            requests,
            alone,
            orders,
            fill,
            ..
        } = &self.whole;
        let wanted = model / MODEL_BATCH;
        let ratio = number(*requests) / wanted;
        let rate = number(*requests) * 60_000.0 / self.time.as_secs_f64() / number(self.orders);
        [
            Line {
                name: "requests are full by",
                found: format!("{:.1} %", fill * 100.0),
                wanted: format!("≥ {:.0} %", FILL_MIN * 100.0),
                is_met: *fill >= FILL_MIN,
            },
            Line {
                name: "requests, of the model's",
                found: format!("{ratio:.2} ({requests} of {wanted:.0}; {alone} about one order)"),
                wanted: format!("≤ {MODEL_MAX}"),
                is_met: ratio <= MODEL_MAX,
            },
            Line {
                name: "… a minute for 1,000 orders",
                found: format!("{rate:.2}"),
                wanted: format!("≤ {RATE_MAX}"),
                is_met: rate <= RATE_MAX,
            },
            Line {
                name: "orders asked about",
                found: format!("{:.2} ({orders} of {model:.0})", number(*orders) / model),
                wanted: format!("≥ {ASKED_MIN}"),
                is_met: number(*orders) >= ASKED_MIN * model,
            },
        ]
    }

    fn lateness(&self) -> [Line; 2] {
        let per_provider = self.orders / u64::try_from(self.providers).unwrap_or(1).max(1);
        let late_max = if per_provider < FEW {
            LATE_MAX_OF_FEW
        } else {
            LATE_MAX
        };
        let (late, hurt) = (self.whole.late, self.hurt.late);
        let hurt_max = Late {
            median: late.median * 6 / 5 + HURT_SLACK,
            p99: late.p99 * 6 / 5 + HURT_SLACK,
        };
        [
            Line {
                name: "asked late by, p50 and p99",
                found: late.to_string(),
                wanted: format!("p99 ≤ {late_max:?}"),
                is_met: late.p99 <= late_max,
            },
            Line {
                name: "… beside a dead provider",
                found: hurt.to_string(),
                wanted: format!("≤ {hurt_max}"),
                is_met: hurt.median <= hurt_max.median && hurt.p99 <= hurt_max.p99,
            },
        ]
    }

    fn growth(&self) -> Line {
        let (idle, most) = self.memory;
        let grown = most.saturating_sub(idle);
        let mib = |kib| number(kib) / 1024.0;
        Line {
            name: "memory grew by, at most",
            found: format!("{:.1} MiB, to {:.1} MiB", mib(grown), mib(most)),
            wanted: format!("≤ {:.0} MiB", mib(MEMORY_MAX)),
            is_met: grown <= MEMORY_MAX,
        }
    }

    fn over_http(&self) -> Line {
        let Slice {
            requests,
            served,
            is_right,
        } = self.slice;
        let orders = Slice::ORDERS;
        let word = if is_right { "all right" } else { "not all right" };
        Line {
            name: "over HTTP",
            found: format!("{orders} orders {word}, {requests} requests, {served} served"),
            wanted: format!("{} requests", Slice::REQUESTS),
            is_met: is_right && requests == Slice::REQUESTS && served == requests,
        }
    }

    pub fn is_met(&self) -> bool {
        self.lines().iter().all(|line| line.is_met)
    }
}

impl fmt::Display for Late {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} and {:?}", self.median, self.p99)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            orders,
            providers,
            database,
            time,
            ..
        } = self;
        let minutes = time.as_secs() / 60;
        writeln!(
            out,
            "{orders} open orders at {providers} providers on {database}, for {minutes} minutes\n"
        )?;
        for line in self.lines() {
            let word = if line.is_met { "" } else { "  MISSED" };
            writeln!(out, "{:<28} {:<52} {}{word}", line.name, line.found, line.wanted)?;
        }
        Ok(())
    }
}

fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
