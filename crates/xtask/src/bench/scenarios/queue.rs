//! The queue against BullMQ: P-7.

use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::bench::arms::COPY;
use crate::bench::http::at;
use crate::bench::lab::Lab;
use crate::bench::meter::{self, Machine};
use crate::bench::record::Bound::{AtLeast, AtMost, None as Told};
use crate::bench::record::{Round, Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::world::World;
use crate::process::{self, cargo};

const BUILD: [&str; 5] = ["build", "--release", "--workspace", "--example", "queue_bench"];
const BATCH: u32 = 100;
/// Jobs for each second that a measurement is to take, in batches and one by one.
const JOBS: [f64; 2] = [8_000.0, 1_500.0];

pub fn measure(lab: &Lab, _: &World) -> anyhow::Result<Scenario> {
    process::run(&mut cargo(&BUILD))?;
    let [many, few] = JOBS.map(|jobs| format!("{:.0}", jobs * lab.seconds));
    let (many, few) = (many.as_str(), few.as_str());
    let (memory, synced) = (&lab.servers.redis.url, &lab.servers.redis_synced.url);
    let arms = [
        Arm::new("product 100", |lab| ours(lab, many, BATCH)),
        Arm::new("bullmq 100", |lab| theirs(lab, memory, many, BATCH)),
        Arm::new("bullmq synced 100", |lab| theirs(lab, synced, many, BATCH)),
        Arm::new("product 1", |lab| ours(lab, few, 1)),
        Arm::new("bullmq 1", |lab| theirs(lab, memory, few, 1)),
        Arm::new("bullmq synced 1", |lab| theirs(lab, synced, few, 1)),
    ];
    let rounds = rounds::run(lab, "queue", &arms)?;
    let starts = rounds
        .iter()
        .filter_map(|round| Some(start(round)? / 1e3))
        .collect();
    let mut scenario = Scenario::named("queue", rounds);
    let mut compare = |what: &str, bound, arms| scenario.ratio("P-7", what, bound, arms, |it| it.per_second);
    let what = "jobs/s done in batches of 100, of BullMQ on Redis without a log";
    compare(what, AtLeast(4.0), ["product 100", "bullmq 100"]);
    let what = "the same, of BullMQ on Redis that syncs, as durable as ours";
    compare(what, Told, ["product 100", "bullmq synced 100"]);
    let what = "jobs/s committed one by one and done meanwhile, of BullMQ on Redis without a log";
    compare(what, AtLeast(0.3), ["product 1", "bullmq 1"]);
    let what = "the same, of BullMQ on Redis that syncs";
    compare(what, Told, ["product 1", "bullmq synced 1"]);
    scenario.value(
        "P-7",
        "p99 from enqueuing to start when idle",
        AtMost(20.0),
        starts,
        " ms",
    );
    Ok(scenario)
}

fn start(round: &Round) -> Option<f64> {
    round.of("product 100").map(|sample| sample.p99)
}

/// Outbox, relay, queue and worker with jobs that do nothing.
fn ours(lab: &Lab, jobs: &str, batch: u32) -> anyhow::Result<Sample> {
    lab.sql(
        "postgres",
        &format!("DROP DATABASE IF EXISTS {COPY} WITH (FORCE)"),
    )?;
    lab.sql("postgres", &format!("CREATE DATABASE {COPY}"))?;
    let mut bench = process::tied(lab.binary("examples/queue_bench"));
    // As every process of many does it by default.
    bench.args(["--database", &lab.url(COPY), "--embedded"]);
    bench.args(["--jobs", jobs, "--batch", &batch.to_string(), "--json"]);
    if batch == 1 {
        bench.args(["--singles", "0"]);
    }
    measured(lab, &mut bench)
}

fn theirs(lab: &Lab, redis: &str, jobs: &str, batch: u32) -> anyhow::Result<Sample> {
    let mut node = process::tied("node");
    node.args(["queue.mjs", redis, jobs, &batch.to_string()]);
    node.current_dir("crates/xtask/bench/node")
        .env("NODE_ENV", "production");
    measured(lab, &mut node)
}

fn measured(lab: &Lab, command: &mut Command) -> anyhow::Result<Sample> {
    let began = (
        meter::cpu_of_ended_children(),
        lab.database_cpu(),
        Machine::read(),
    );
    let said = process::output(command)?;
    let ours = meter::cpu_of_ended_children() - began.0 + lab.database_cpu() - began.1;
    let said: Value = serde_json::from_str(&said).with_context(|| format!("the queue says {said}"))?;
    let number = |of: &Value| of.as_f64().unwrap_or_default();
    Ok(Sample {
        per_second: number(at(&said, "/jobs_per_second")),
        p50: number(at(&said, "/start_micros/p50")),
        p99: number(at(&said, "/start_micros/p99")),
        conditions: began.2.conditions_since(ours),
        ..Sample::default()
    })
}
