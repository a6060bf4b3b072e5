//! The product at work, with a worker and a panel: how late answers and orders are. P-11, P-12, T-08, and from commit to
//! first byte.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::bench::arms::{COPY, ORDERS, Server, ordering};
use crate::bench::http::{Client, at};
use crate::bench::lab::{Lab, SMALL};
use crate::bench::load::{Driven, Pace, drive};
use crate::bench::program::Program;
use crate::bench::record::Bound::{AtMost, None as Told};
use crate::bench::record::{Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::stats::quantile;
use crate::bench::world::{World, panel};

/// Orders placed one after another, each when the one before has long been sent.
const SINGLES: u64 = 40;
/// A steady load is measured for longer, because of the last thousandth.
const STEADY_LONGER: f64 = 3.0;
const BREATH: Duration = Duration::from_millis(100);
/// The log of the panel says milliseconds, cut off.
const CUT: f64 = 0.5;

/// P-11: at half of the maximum, how late is the slowest hundredth and thousandth, measured in syncs of the disk?
pub fn tail(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let plan = ordering(world, &world.customers);
    let most = Server::Product.places(lab, world, &plan, Pace::full(lab), 1)?;
    let rate = most.per_second / 2.0;
    let pace = Pace {
        seconds: lab.seconds * STEADY_LONGER,
        ..Pace::steady(lab, rate)
    };
    let arms = [Arm::new("steady", |lab| {
        Server::Product.places(lab, world, &plan, pace, 1)
    })];
    let rounds = rounds::run(lab, &format!("orders at {rate:.0}/s, half of the maximum"), &arms)?;
    let of = |value: fn(&Sample) -> f64| -> Vec<f64> {
        let pairs = rounds
            .iter()
            .filter_map(|round| Some((value(round.of("steady")?), round.sync_time)));
        pairs.map(|(time, sync)| time / sync).collect()
    };
    let (p99, p999) = (of(|it| it.p99), of(|it| it.p999));
    let alone = rounds.iter().map(|round| round.sync_p99 / round.sync_time);
    let alone = alone.collect();
    let mut scenario = Scenario::named("steady orders", rounds);
    scenario.value(
        "P-11",
        "p99 of orders at half of the maximum, in fdatasyncs",
        AtMost(8.0),
        p99,
        "",
    );
    scenario.value("P-11", "p99.9 of the same", AtMost(20.0), p999, "");
    let what = "p99 of an fdatasync alone before each round, in fdatasyncs";
    scenario.value("P-11", what, Told, alone, "");
    Ok(scenario)
}

/// An API, a worker and a panel on a fresh copy.
struct Shop {
    serve: Program,
    address: String,
    worker: Program,
    panel_process: Option<Program>,
    /// `127.0.0.1:4711`
    panel: String,
}

impl Shop {
    fn open(lab: &Lab, faults: &[&str]) -> anyhow::Result<Self> {
        lab.copy(SMALL, COPY)?;
        let (panel, url) = panel(lab, faults)?;
        lab.sql(COPY, &format!("UPDATE providers SET api_url = '{url}'"))?;
        let variables = lab.on_postgres(COPY);
        let mut worker = Program::start(&mut lab.product(&["work"], &variables), &lab.path("work.log"))?;
        worker.says("SMM Guru works")?;
        let (serve, address) = lab.serve(&variables)?;
        let panel_address = url.trim_start_matches("http://").split('/').next();
        Ok(Self {
            serve,
            address,
            worker,
            panel_process: Some(panel),
            panel: panel_address.context("the panel has an address")?.to_owned(),
        })
    }

    fn drive(&self, lab: &Lab, world: &World, pace: Pace) -> anyhow::Result<Driven> {
        drive(
            lab,
            &self.serve,
            &self.address,
            &ordering(world, &world.customers),
            pace,
        )
    }

    /// When the panel read the first byte of each order that it remembers, in milliseconds since the epoch, by link.
    fn arrivals(&self) -> anyhow::Result<HashMap<String, f64>> {
        let log = Client::anonymous(&self.panel).get("/sandbox/log")?.expect(200)?;
        let entries = log
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| at(entry, "/action") == "add");
        let known = entries.filter_map(|entry| {
            Some((
                at(entry, "/fields/link").as_str()?,
                at(entry, "/at_millis").as_f64()?,
            ))
        });
        Ok(known.map(|(link, at)| (link.to_owned(), at)).collect())
    }

    /// Milliseconds from the making of each order, before its commit, to its arrival at the panel.
    fn waits(&self, lab: &Lab) -> anyhow::Result<Vec<f64>> {
        let arrivals = self.arrivals()?;
        let rows = lab.sql(COPY, "SELECT link, created_at FROM orders")?;
        let made = rows.lines().filter_map(|row| row.rsplit_once('|'));
        let waits =
            made.filter_map(|(link, at)| Some(arrivals.get(link)? + CUT - at.parse::<f64>().ok()? / 1e3));
        Ok(waits.collect())
    }
}

/// P-12 and T-08: does a provider that hangs, or is not there, make the API slower?
pub fn hanging(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let rate = {
        let shop = Shop::open(lab, &[])?;
        shop.drive(lab, world, Pace::full(lab))?.sample.per_second / 2.0
    };
    let with = |faults: &'static [&'static str]| {
        move |lab: &Lab| {
            let shop = Shop::open(lab, faults)?;
            Ok(shop.drive(lab, world, Pace::steady(lab, rate))?.sample)
        }
    };
    let without = move |lab: &Lab| {
        let mut shop = Shop::open(lab, &[])?;
        drop(shop.panel_process.take());
        Ok(shop.drive(lab, world, Pace::steady(lab, rate))?.sample)
    };
    let arms = [
        Arm::new("healthy", with(&[])),
        Arm::new("hanging", with(&["--fault", "hang"])),
        Arm::new("away", without),
    ];
    let rounds = rounds::run(lab, &format!("orders at {rate:.0}/s with a worker"), &arms)?;
    let mut scenario = Scenario::named("hanging provider", rounds);
    let what = "p99 of orders while the provider hangs, of while it answers";
    scenario.ratio("P-12", what, AtMost(1.2), ["hanging", "healthy"], |it| it.p99);
    let what = "p99 of orders while the provider is not there, of while it answers";
    scenario.ratio("T-08", what, AtMost(1.2), ["away", "healthy"], |it| it.p99);
    Ok(scenario)
}

/// From the making of an order to the first byte at the panel.
pub fn first_byte(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let mut idle = Vec::new();
    {
        let shop = Shop::open(lab, &[])?;
        let customer = Client::anonymous(&shop.address).with_cookie(&world.first()?.cookie);
        for number in 0..SINGLES {
            let form: Value = serde_json::from_str(&world.form().replace("{unique}", &number.to_string()))?;
            customer.post(ORDERS, &form)?.expect(201)?;
            thread::sleep(BREATH);
        }
        idle.extend(shop.waits(lab)?);
    }
    let (rate, busy, memory) = half_load(lab, world)?;
    let mut scenario = Scenario::named("first byte", Vec::new());
    let at = |values: &[f64], share: f64| vec![quantile(values, share)];
    let what = "made to first byte at the panel when idle, median (a promise of §4.4)";
    scenario.value("first byte", what, AtMost(100.0), at(&idle, 0.5), " ms");
    scenario.value(
        "first byte",
        "the slowest of the same",
        Told,
        at(&idle, 1.0),
        " ms",
    );
    let what = format!("the same at half load ({rate:.0} orders/s through to the panel), median");
    scenario.value("first byte", &what, Told, at(&busy, 0.5), " ms");
    scenario.value("first byte", "p99 of the same", Told, at(&busy, 0.99), " ms");
    scenario.value(
        "P-13",
        "memory of a worker under that load",
        Told,
        vec![memory],
        " MB",
    );
    scenario.notes.push(format!(
        "{} orders when idle, {} at half load",
        idle.len(),
        busy.len()
    ));
    Ok(scenario)
}

/// Half of what goes through to the panel when more is ordered; and the waits at that rate.
fn half_load(lab: &Lab, world: &World) -> anyhow::Result<(f64, Vec<f64>, f64)> {
    let through = {
        let shop = Shop::open(lab, &[])?;
        let driven = shop.drive(lab, world, Pace::full(lab))?;
        let sent = lab.number(COPY, "SELECT count(*) FROM orders WHERE submitted_at IS NOT NULL")?;
        let share = f64::from(u32::try_from(sent)?) / f64::from(u32::try_from(driven.answered)?);
        driven.sample.per_second * share
    };
    let shop = Shop::open(lab, &[])?;
    shop.drive(lab, world, Pace::steady(lab, (through / 2.0).max(1.0)))?;
    let memory = f64::from(u32::try_from(shop.worker.resident_kb())?) / 1024.0;
    Ok((through / 2.0, shop.waits(lab)?, memory))
}
