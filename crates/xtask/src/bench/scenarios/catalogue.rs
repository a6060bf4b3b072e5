//! Listing 5,000 services, and saying that nothing has changed: P-5.

use anyhow::ensure;

use crate::bench::arms::{COPY, Server};
use crate::bench::http::{Client, at};
use crate::bench::lab::{Lab, SMALL};
use crate::bench::load::{Pace, Plan};
use crate::bench::record::Bound::{AtLeast, AtMost};
use crate::bench::record::Scenario;
use crate::bench::rounds::{self, Arm};
use crate::bench::world::World;

const SERVICES: &str = "/api/v1/services";
const BARE: &str = "/health";

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    lab.copy(SMALL, COPY)?;
    lab.sql_file(COPY, "many_services.sql", &[])?;
    same_answers(lab, world)?;
    let plan = |path: &str, headers: Vec<(&'static str, &'static str)>, status| Plan {
        method: "GET",
        path: path.to_owned(),
        body: String::new(),
        headers,
        cookies: vec![
            world
                .first()
                .map_or_else(|_| String::new(), |it| it.cookie.clone()),
        ],
        status,
    };
    let whole = plan(SERVICES, Vec::new(), 200);
    let unchanged = plan(SERVICES, vec![("if-none-match", "*")], 304);
    let bare = plan(BARE, Vec::new(), 200);
    let asks =
        |server: Server, plan: &Plan| Ok(server.drive(lab, world, COPY, plan, Pace::full(lab))?.sample);
    let arms = [
        Arm::new("product", |_| asks(Server::Product, &whole)),
        Arm::new("node", |_| asks(Server::Node, &whole)),
        Arm::new("unchanged", |_| asks(Server::Product, &unchanged)),
        Arm::new("bare", |_| asks(Server::Product, &bare)),
    ];
    let mut scenario = Scenario::named("services list", rounds::run(lab, "services list", &arms)?);
    let what = "lists of 5,000 services/s, of Hono on node-postgres";
    scenario.ratio("P-5", what, AtLeast(1.5), ["product", "node"], |it| it.per_second);
    let what = "processor time of the API for such a list, of Node's";
    scenario.ratio("P-5", what, AtMost(0.45), ["product", "node"], |it| it.app_cpu);
    let what = "304/s, of bare answers of the same server";
    scenario.ratio("P-5", what, AtLeast(0.6), ["unchanged", "bare"], |it| {
        it.per_second
    });
    Ok(scenario)
}

/// Both answer with the same list, and both say when it has not changed.
fn same_answers(lab: &Lab, world: &World) -> anyhow::Result<()> {
    lab.adopt(COPY)?;
    let (_product, product) = lab.serve(&lab.on_postgres(COPY))?;
    let (_node, node) = lab.node(world, COPY)?;
    let ask = |address: &str| Client::anonymous(address).get(SERVICES)?.expect(200);
    let (ours, theirs) = (ask(&product)?, ask(&node)?);
    ensure!(
        ours == theirs,
        "the product answers\n{ours:.2000}\nthe baseline answers\n{theirs:.2000}"
    );
    let categories = at(&ours, "/result/services").as_array().into_iter().flatten();
    let services = categories.filter_map(|category| at(category, "/services").as_array());
    let count: usize = services.map(Vec::len).sum();
    ensure!(count > 5_000, "the list has {count} services");
    Ok(())
}
