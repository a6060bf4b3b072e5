//! Listing orders: P-3, and far down the list P-4.

use anyhow::{Context, ensure};

use crate::bench::arms::{ORDERS, Server, listing};
use crate::bench::http::{Client, at};
use crate::bench::lab::Lab;
use crate::bench::large::{self, FIRST_HAS};
use crate::bench::load::{Pace, Plan};
use crate::bench::record::Bound::{AtLeast, AtMost};
use crate::bench::record::{Round, Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::stats::quantile;
use crate::bench::world::World;

const PAGE: u64 = 20;
/// How far down the list is looked.
const FAR_PAGE: u64 = 5_000;
/// Of the most that Node can do.
const STEADY_SHARE: f64 = 0.5;

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let database = large::database(lab, world)?;
    same_answers(lab, world, database)?;
    let first = listing(&world.customers, "limit=20");
    let one = std::slice::from_ref(world.first()?);
    let near = listing(one, "limit=20");
    let page = FAR_PAGE.min(lab.orders / FIRST_HAS / PAGE - 1);
    let far = listing(
        one,
        &format!("limit=20&cursor={}", cursor(lab, world, database, page)?),
    );
    let asks =
        |server: Server, plan: &Plan, pace: Pace| Ok(server.drive(lab, world, database, plan, pace)?.sample);
    let arms = [
        Arm::new("product", |lab| asks(Server::Product, &first, Pace::full(lab))),
        Arm::new("node", |lab| asks(Server::Node, &first, Pace::full(lab))),
        Arm::new("near", |lab| asks(Server::Product, &near, Pace::full(lab))),
        Arm::new("far", |lab| asks(Server::Product, &far, Pace::full(lab))),
        Arm::new("node far", |lab| asks(Server::Node, &far, Pace::full(lab))),
    ];
    let mut rounds = rounds::run(lab, "list", &arms)?;
    let most: Vec<f64> = rounds
        .iter()
        .filter_map(|round| Some(round.of("node")?.per_second))
        .collect();
    let rate = quantile(&most, 0.5) * STEADY_SHARE;
    let steady = [
        Arm::new("product steady", |lab| {
            asks(Server::Product, &first, Pace::steady(lab, rate))
        }),
        Arm::new("node steady", |lab| {
            asks(Server::Node, &first, Pace::steady(lab, rate))
        }),
    ];
    let steady = rounds::run(lab, &format!("list at {rate:.0}/s"), &steady)?;
    join(&mut rounds, steady);
    let mut scenario = Scenario::named("list", rounds);
    let what = "lists of 20/s, of Hono on node-postgres";
    scenario.ratio("P-3", what, AtLeast(1.8), ["product", "node"], |it| it.per_second);
    let what = format!("the same of page {page}");
    scenario.ratio("P-3", &what, AtLeast(1.8), ["far", "node far"], |it| {
        it.per_second
    });
    let what = "processor time of the API for a list, of Node's";
    scenario.ratio("P-3", what, AtMost(0.35), ["product", "node"], |it| it.app_cpu);
    let what = "p99 at half of Node's maximum, open loop, of Node's";
    scenario.ratio(
        "P-3",
        what,
        AtMost(0.8),
        ["product steady", "node steady"],
        |it| it.p99,
    );
    let what = format!("time for page {page} of one customer, of page 1");
    scenario.ratio("P-4", &what, AtMost(1.5), ["far", "near"], time);
    Ok(scenario)
}

fn time(sample: &Sample) -> f64 {
    1.0 / sample.per_second
}

/// Rounds of other arms that belong to the same pairs.
fn join(rounds: &mut [Round], more: Vec<Round>) {
    for (round, more) in rounds.iter_mut().zip(more) {
        round.samples.extend(more.samples);
        round.repeated += more.repeated;
    }
}

/// Where a page of the first customer begins.
fn cursor(lab: &Lab, world: &World, database: &str, page: u64) -> anyhow::Result<String> {
    let sql = format!(
        "SELECT id FROM orders WHERE user_id = '{}' ORDER BY id DESC OFFSET {} LIMIT 1",
        world.first()?.id,
        (page - 1) * PAGE
    );
    Ok(format!("o{:x}", lab.number(database, &sql)?))
}

/// The product and the baseline answer the same bytes' worth: every customer's first page is equal.
fn same_answers(lab: &Lab, world: &World, database: &str) -> anyhow::Result<()> {
    let (_product, product) = lab.serve(&lab.on_postgres(database))?;
    let (_node, node) = lab.node(world, database)?;
    let (product, node) = (Client::anonymous(&product), Client::anonymous(&node));
    for customer in &world.customers {
        let ask = |client: &Client| {
            let answer = client
                .with_cookie(&customer.cookie)
                .get(&format!("{ORDERS}?limit={PAGE}"));
            answer?.expect(200)
        };
        let (ours, theirs) = (ask(&product)?, ask(&node)?);
        ensure!(
            ours == theirs,
            "the product answers\n{ours}\nthe baseline answers\n{theirs}"
        );
        let orders = at(&ours, "/result/orders")
            .as_array()
            .context("a list has orders")?;
        ensure!(orders.len() == 20, "a page has {} orders", orders.len());
    }
    Ok(())
}
