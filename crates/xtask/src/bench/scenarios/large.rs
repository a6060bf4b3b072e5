//! Placing orders where there are many already: P-16.

use anyhow::ensure;

use crate::bench::arms::{Server, ordering};
use crate::bench::lab::Lab;
use crate::bench::large;
use crate::bench::load::Pace;
use crate::bench::record::Bound::AtLeast;
use crate::bench::record::Scenario;
use crate::bench::rounds::{self, Arm};
use crate::bench::world::World;

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let database = large::database(lab, world)?;
    let plan = ordering(world, &world.customers);
    let arms = [
        Arm::new("empty", |lab| {
            Server::Product.places(lab, world, &plan, Pace::full(lab), 1)
        }),
        // What a round adds is a thousandth of what is there, so it is the same database in all of them.
        Arm::new("full", |lab| {
            lab.sql(database, "CHECKPOINT")?;
            let before = lab.number(database, "SELECT count(*) FROM orders")?;
            let driven = Server::Product.drive(lab, world, database, &plan, Pace::full(lab))?;
            let after = lab.number(database, "SELECT count(*) FROM orders")?;
            ensure!(
                after - before == driven.answered,
                "{} orders are not there",
                driven.answered
            );
            Ok(driven.sample)
        }),
    ];
    let rounds = rounds::run(lab, "many orders", &arms)?;
    lab.books_are_right(&lab.on_postgres(database))?;
    let mut scenario = Scenario::named("many orders", rounds);
    let what = format!("orders/s with {} orders there, of none there", lab.orders);
    scenario.ratio("P-16", &what, AtLeast(0.8), ["full", "empty"], |it| it.per_second);
    Ok(scenario)
}
