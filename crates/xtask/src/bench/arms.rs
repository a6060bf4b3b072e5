//! Who is compared: the product, the baseline in Node, and the ground.

use std::fs;

use anyhow::{Context, ensure};

use super::lab::{CONNECTIONS, Lab, SMALL};
use super::load::{Driven, Pace, Plan, drive};
use super::meter::{self, Machine};
use super::record::Sample;
use super::world::{Customer, World};
use crate::process;

/// The copy that one measurement works on.
pub const COPY: &str = "bench_copy";
pub const ORDERS: &str = "/api/v1/dashboard/orders";
const COUNT: &str = "SELECT count(*) FROM orders";

/// Placing orders, each customer in turn.
pub fn ordering(world: &World, customers: &[Customer]) -> Plan {
    Plan {
        method: "POST",
        path: ORDERS.to_owned(),
        body: world.form(),
        headers: vec![("idempotency-key", "bench-{unique}".to_owned())],
        cookies: customers.iter().map(|customer| customer.cookie.clone()).collect(),
        status: 201,
    }
}

/// Listing one's own orders.
pub fn listing(customers: &[Customer], query: &str) -> Plan {
    let cookies = customers.iter().map(|customer| customer.cookie.clone());
    asking(&format!("{ORDERS}?{query}"), cookies.collect())
}

/// Asking for something, whoever has one of these cookies in turn; without any, nobody in particular.
pub fn asking(path: &str, cookies: Vec<String>) -> Plan {
    Plan {
        method: "GET",
        path: path.to_owned(),
        body: String::new(),
        headers: Vec::new(),
        cookies,
        status: 200,
    }
}

/// Who answers over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Product,
    Node,
}

impl Server {
    /// Asks a server of its own on a database.
    pub fn drive(
        self,
        lab: &Lab,
        world: &World,
        database: &str,
        plan: &Plan,
        pace: Pace,
    ) -> anyhow::Result<Driven> {
        let (program, address) = match self {
            Self::Product => {
                lab.adopt(database)?;
                lab.serve(&lab.on_postgres(database))?
            }
            Self::Node => lab.node(world, database)?,
        };
        drive(lab, &program, &address, plan, pace)
    }

    /// Places orders in a fresh database. Every order that was answered for is there, `each` for a request, and the books
    /// are right.
    pub fn places(
        self,
        lab: &Lab,
        world: &World,
        plan: &Plan,
        pace: Pace,
        each: u64,
    ) -> anyhow::Result<Sample> {
        lab.copy(SMALL, COPY)?;
        let driven = self.drive(lab, world, COPY, plan, pace)?;
        let there = lab.number(COPY, COUNT)?;
        let answered = driven.answered * each;
        ensure!(
            there == answered,
            "{answered} orders were answered for, {there} are there"
        );
        if each == 1 {
            world.placement.is_kept(lab)?;
        }
        lab.books_are_right(&lab.on_postgres(COPY))?;
        Ok(driven.sample)
    }
}

/// pgbench places orders with the product's own statement as fast as the database can. It asks for no session.
pub fn pgbench(lab: &Lab, world: &World, customers: &[Customer]) -> anyhow::Result<Sample> {
    lab.copy(SMALL, COPY)?;
    let file = lab.path("order.pgbench");
    fs::write(&file, world.placement.for_pgbench(customers))?;
    let before = lab.number(COPY, COUNT)?;
    let run = |seconds: f64| {
        let mut pgbench = process::tied(lab.servers.programs.join("pgbench"));
        pgbench.args(["-n", "-M", "prepared", "-j", "2", "-c", &CONNECTIONS.to_string()]);
        pgbench
            .args(["-T", &format!("{:.0}", seconds.max(1.0)), "-f"])
            .arg(&file);
        let said = process::output(pgbench.arg(lab.url(COPY)))?;
        let number = |word: &str| -> anyhow::Result<f64> {
            let (_, rest) = said
                .split_once(word)
                .with_context(|| format!("pgbench says {said}"))?;
            let end = rest.find(|letter: char| letter != '.' && !letter.is_ascii_digit());
            Ok(rest
                .get(..end.unwrap_or(rest.len()))
                .unwrap_or_default()
                .parse()?)
        };
        // A second in which nothing was done has no rate and no latency.
        Ok::<_, anyhow::Error>((
            number("tps = ").unwrap_or_default(),
            number("actually processed: ")?,
            number("latency average = ").unwrap_or_default(),
        ))
    };
    let (_, warm, _) = run(lab.warm_up)?;
    let began = (
        lab.database_cpu(),
        meter::cpu_of_ended_children(),
        Machine::read(),
    );
    let (per_second, done, latency) = run(lab.seconds)?;
    ensure!(done > 0.0, "pgbench placed nothing");
    let database_cpu = lab.database_cpu() - began.0;
    let ours = database_cpu + meter::cpu_of_ended_children() - began.1;
    let conditions = began.2.conditions_since(ours);
    let there = lab.number(COPY, COUNT)?;
    #[expect(clippy::float_cmp, reason = "both are whole numbers")]
    let complete = u32::try_from(there - before).map(f64::from)? == warm + done;
    ensure!(
        complete,
        "pgbench says {warm} and {done} orders, {there} are there, {before} were"
    );
    world.placement.is_kept(lab)?;
    lab.books_are_right(&lab.on_postgres(COPY))?;
    Ok(Sample {
        per_second,
        database_cpu: database_cpu / done * 1e6,
        p50: latency * 1e3,
        conditions,
        ..Sample::default()
    })
}
