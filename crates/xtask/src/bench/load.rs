//! Runs the load generator and reads the processors at both ends of what it measures.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::lab::Lab;
use super::meter::Machine;
use super::program::Program;
use super::record::Sample;
use crate::process;

/// What to ask, as the generator reads it.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub method: &'static str,
    pub path: String,
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
    pub cookies: Vec<String>,
    pub status: u16,
}

/// How to ask.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub connections: usize,
    /// Requests a second; `None` is as fast as they are answered.
    pub rate: Option<f64>,
    pub seconds: f64,
    pub warm_up: f64,
}

impl Pace {
    /// As fast as possible over twice as many connections as the pools have, for the usual time.
    pub fn full(lab: &Lab) -> Self {
        Self {
            connections: 2 * super::lab::CONNECTIONS,
            rate: None,
            seconds: lab.seconds,
            warm_up: lab.warm_up,
        }
    }

    /// At a steady rate, over so many connections that one is always free unless the server stalls.
    pub fn steady(lab: &Lab, rate: f64) -> Self {
        Self {
            connections: 8 * super::lab::CONNECTIONS,
            rate: Some(rate),
            ..Self::full(lab)
        }
    }
}

/// What the generator says.
#[derive(Debug, Deserialize)]
struct Tally {
    seconds: f64,
    good: f64,
    bad: u64,
    statuses: BTreeMap<String, u64>,
    bytes: f64,
    unanswered: u64,
    p50: f64,
    p90: f64,
    p99: f64,
    p999: f64,
    slowest: f64,
    sample: String,
    bad_sample: String,
}

/// A measurement, and how many requests were answered as expected from first to last.
pub struct Driven {
    pub sample: Sample,
    pub answered: u64,
}

/// Asks `server` at `address`.
pub fn drive(lab: &Lab, server: &Program, address: &str, plan: &Plan, pace: Pace) -> anyhow::Result<Driven> {
    let mut load = generator(lab, "load", address, plan, pace, &[])?;
    let told = || fs::read_to_string(lab.path("load.log")).unwrap_or_default();
    load.says("measuring").with_context(told)?;
    let began = (server.cpu(), lab.database_cpu(), load.cpu(), Machine::read());
    let kernel_began = server.kernel_cpu();
    load.says("measured").with_context(told)?;
    let (app, database) = (server.cpu() - began.0, lab.database_cpu() - began.1);
    let kernel = server.kernel_cpu() - kernel_began;
    let ours = app + database + load.cpu() - began.2;
    let conditions = began.3.conditions_since(ours);
    let resident = server.resident_kb();
    let line = load.next_line(Duration::from_secs(60)).with_context(told)?;
    load.wait()?;
    let tally: Tally = serde_json::from_str(&line).with_context(|| format!("the generator says {line}"))?;
    ensure!(
        tally.bad == 0,
        "{} answers were not {}; one of them: {}",
        tally.bad,
        plan.status,
        tally.bad_sample
    );
    ensure!(tally.good > 0.0, "nothing was answered");
    let answered = tally.statuses.get(&plan.status.to_string()).copied();
    Ok(Driven {
        answered: answered.unwrap_or_default(),
        sample: Sample {
            per_second: tally.good / tally.seconds,
            app_cpu: app / tally.good * 1e6,
            app_kernel: kernel / tally.good * 1e6,
            database_cpu: database / tally.good * 1e6,
            bytes: tally.bytes / tally.good,
            unanswered: tally.unanswered,
            p50: tally.p50,
            p90: tally.p90,
            p99: tally.p99,
            p999: tally.p999,
            slowest: tally.slowest,
            resident_kb: resident,
            answer: tally.sample,
            conditions,
            ..Sample::default()
        },
    })
}

/// The generator, begun. `name` tells its files from those of another at the same time.
pub fn generator(
    lab: &Lab,
    name: &str,
    address: &str,
    plan: &Plan,
    pace: Pace,
    more: &[&str],
) -> anyhow::Result<Program> {
    let file = lab.path(&format!("{name}.json"));
    fs::write(&file, serde_json::to_vec(plan)?)?;
    let mut load = process::tied(lab.binary("load"));
    load.arg("--address").arg(address).arg("--plan").arg(&file);
    load.args(["--connections", &pace.connections.to_string()]);
    load.args(["--seconds", &pace.seconds.to_string()]);
    load.args(["--warm-up", &pace.warm_up.to_string()]);
    if let Some(rate) = pace.rate {
        load.args(["--rate", &rate.to_string()]);
    }
    Program::start(load.args(more), &lab.path(&format!("{name}.log")))
}

/// Requests beside those that are measured. Dropping it ends them.
pub struct Flood {
    load: Program,
    seconds: f64,
}

impl Flood {
    /// Asks `server` at `address` again and again, whatever it answers.
    pub fn begin(lab: &Lab, address: &str, plan: &Plan, pace: Pace) -> anyhow::Result<Self> {
        let mut load = generator(lab, "flood", address, plan, pace, &[])?;
        load.says("measuring")?;
        Ok(Self {
            load,
            seconds: pace.seconds,
        })
    }

    /// Waits for its end; how many answers there were in a second, by status.
    pub fn end(mut self) -> anyhow::Result<BTreeMap<String, f64>> {
        let patience = Duration::from_secs_f64(self.seconds + 60.0);
        self.load.says_within("measured", patience)?;
        let line = self.load.next_line(patience)?;
        let tally: Tally =
            serde_json::from_str(&line).with_context(|| format!("the generator says {line}"))?;
        let a_second = |count: u64| u32::try_from(count).map_or(0.0, f64::from) / self.seconds;
        let statuses = tally.statuses.into_iter();
        Ok(statuses
            .map(|(status, count)| (status, a_second(count)))
            .collect())
    }
}
