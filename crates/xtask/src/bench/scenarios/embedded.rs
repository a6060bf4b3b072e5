//! One process on SQLite against a bare writer: P-15.

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::bench::arms::ordering;
use crate::bench::embedded::{self, Template};
use crate::bench::http::at;
use crate::bench::lab::Lab;
use crate::bench::load::{Pace, drive};
use crate::bench::meter::{self, Machine};
use crate::bench::record::Bound::AtLeast;
use crate::bench::record::{Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::world::{World, panel};
use crate::process::{self, cargo};

const DATABASE: &str = "smm-guru.db";
/// Orders that wait at the same time: as many as there are connections to the product.
const TOGETHER: usize = 32;
const BUILD: [&str; 5] = ["build", "--release", "--workspace", "--example", "bare_writer"];

pub fn measure(lab: &Lab, _: &World) -> anyhow::Result<Scenario> {
    process::run(&mut cargo(&BUILD))?;
    let template = embedded::furnished(lab)?;
    let arms = [
        Arm::new("product", |lab| product(lab, &template)),
        Arm::new("writer", |lab| writer(lab, &template)),
    ];
    let rounds = rounds::run(lab, "embedded orders", &arms)?;
    let mut scenario = Scenario::named("embedded orders", rounds);
    let what = "orders/s over HTTP on SQLite, of a bare writer that commits 32 orders at once";
    scenario.ratio("P-15", what, AtLeast(0.6), ["product", "writer"], |it| {
        it.per_second
    });
    scenario
        .notes
        .push("the worker inside the product waits for a panel that hangs, so it writes nothing".to_owned());
    Ok(scenario)
}

fn product(lab: &Lab, template: &Template) -> anyhow::Result<Sample> {
    let folder = template.copy(lab)?;
    let (_panel, url) = panel(lab, &["--fault", "hang"])?;
    let variables = embedded::variables(&folder);
    let (serve, address) = lab.serve(&variables)?;
    let staff = crate::bench::world::sign_in(&crate::bench::http::Client::anonymous(&address))?;
    crate::bench::world::move_provider(&staff, &url)?;
    let world = &template.world;
    let driven = drive(
        lab,
        &serve,
        &address,
        &ordering(world, &world.customers),
        Pace::full(lab),
    )?;
    drop(serve);
    lab.books_are_right(&variables)?;
    Ok(driven.sample)
}

fn writer(lab: &Lab, template: &Template) -> anyhow::Result<Sample> {
    let folder = template.copy(lab)?;
    let mut command = process::tied(lab.binary("examples/bare_writer"));
    command
        .arg(folder.join(DATABASE))
        .arg(template.world.service.to_string());
    command
        .arg(template.world.quantity.to_string())
        .arg(TOGETHER.to_string());
    command.args([lab.warm_up, lab.seconds].map(|seconds| seconds.to_string()));
    let (cpu, machine) = (meter::cpu_of_ended_children(), Machine::read());
    let said = process::output(&mut command)?;
    let conditions = machine.conditions_since(meter::cpu_of_ended_children() - cpu);
    let said: Value = serde_json::from_str(&said).with_context(|| format!("the writer says {said}"))?;
    let per_second = at(&said, "/orders_per_second")
        .as_f64()
        .context("the writer says how fast it was")?;
    ensure!(per_second > 0.0, "the writer wrote nothing");
    lab.books_are_right(&embedded::variables(&folder))?;
    Ok(Sample {
        per_second,
        conditions,
        ..Sample::default()
    })
}
