//! Listing 5,000 services, and saying that nothing has changed: P-5.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::bench::arms::{COPY, Server, asking};
use crate::bench::http::{Client, at};
use crate::bench::lab::{Lab, SMALL};
use crate::bench::load::{Pace, Plan};
use crate::bench::record::Bound::{AtLeast, AtMost, None as Told};
use crate::bench::record::Scenario;
use crate::bench::rounds::{self, Arm};
use crate::bench::world::{World, sign_in};

const SERVICES: &str = "/api/v1/services";
const IN_RUPEES: &str = "/api/v1/services?currency=INR";
const BARE: &str = "/health";
/// How much of two different documents is shown.
const SHOWN: usize = 2_000;

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    lab.copy(SMALL, COPY)?;
    lab.sql_file(COPY, "many_services.sql", &[])?;
    let tags = same_answers(lab, world)?;
    // Anybody may ask, so nobody in particular does: no session is looked up on either side.
    let whole = asking(SERVICES, Vec::new());
    let in_rupees = asking(IN_RUPEES, Vec::new());
    let bare = asking(BARE, Vec::new());
    let [unchanged, node_unchanged] = tags.map(|tag| Plan {
        headers: vec![("if-none-match", tag)],
        status: 304,
        ..asking(SERVICES, Vec::new())
    });
    let packed = Plan {
        headers: vec![("accept-encoding", "gzip".to_owned())],
        ..asking(SERVICES, Vec::new())
    };
    let asks =
        |server: Server, plan: &Plan| Ok(server.drive(lab, world, COPY, plan, Pace::full(lab))?.sample);
    let arms = [
        Arm::new("product", |_| asks(Server::Product, &whole)),
        Arm::new("node", |_| asks(Server::Node, &whole)),
        Arm::new("packed", |_| asks(Server::Product, &packed)),
        Arm::new("node packed", |_| asks(Server::Node, &packed)),
        Arm::new("in rupees", |_| asks(Server::Product, &in_rupees)),
        Arm::new("unchanged", |_| asks(Server::Product, &unchanged)),
        Arm::new("node unchanged", |_| asks(Server::Node, &node_unchanged)),
        Arm::new("bare", |_| asks(Server::Product, &bare)),
    ];
    let rounds = rounds::run(lab, "services list", &arms)?;
    Ok(concluded(Scenario::named("services list", rounds)))
}

fn concluded(mut scenario: Scenario) -> Scenario {
    let mut compare = |what: &str, bound, arms| scenario.ratio("P-5", what, bound, arms, |it| it.per_second);
    let what = "304/s for the list of 5,000 services, of Hono on node-postgres";
    compare(what, AtLeast(1.5), ["unchanged", "node unchanged"]);
    compare(
        "304/s, of bare answers of the same server",
        AtLeast(0.6),
        ["unchanged", "bare"],
    );
    let what = "whole lists of 5,000 services/s, of Hono on node-postgres";
    compare(what, AtLeast(1.5), ["product", "node"]);
    let what = "whole lists in gzip/s, as browsers ask for them, of Hono on node-postgres";
    compare(what, AtLeast(1.5), ["packed", "node packed"]);
    let what = "whole lists in gzip/s, of whole lists";
    compare(what, Told, ["packed", "product"]);
    let what = "whole lists in another currency/s, of lists in USD";
    compare(what, AtLeast(0.9), ["in rupees", "product"]);
    let mut compare = |what: &str, arms| scenario.ratio("P-5", what, AtMost(0.45), arms, |it| it.app_cpu);
    let what = "processor time of the API for a 304, of Node's";
    compare(what, ["unchanged", "node unchanged"]);
    let what = "processor time of the API for a whole list, of Node's";
    compare(what, ["product", "node"]);
    let what = "processor time of the API for a whole list in gzip, of Node's";
    compare(what, ["packed", "node packed"]);
    for (of, arms) in [
        ("a 304", ["unchanged", "node unchanged"]),
        ("a whole list", ["product", "node"]),
        ("a whole list in gzip", ["packed", "node packed"]),
    ] {
        let what = format!("the kernel's part of it for {of}, of all of Node's");
        scenario.floor("P-5", &what, arms);
    }
    let what = "processor time of the API for a whole list in gzip, of one that is not";
    scenario.ratio("P-5", what, Told, ["packed", "product"], |it| it.app_cpu);
    for (what, arm) in [
        ("bytes of a whole list", "product"),
        ("bytes of a whole list in gzip", "packed"),
        ("bytes of Node's in gzip", "node packed"),
    ] {
        scenario.each("P-5", what, Told, arm, (|it| it.bytes, " bytes"));
    }
    let memory = |it: &crate::bench::record::Sample| u32::try_from(it.resident_kb).map_or(0.0, f64::from);
    let what = "memory of the API that sends whole lists, of Node's";
    scenario.ratio("P-13", what, AtMost(0.25), ["product", "node"], memory);
    scenario
}

/// Both answer with the same list in as many bytes, and both say when it has not changed; the tags that they know it by.
fn same_answers(lab: &Lab, world: &World) -> anyhow::Result<[String; 2]> {
    lab.adopt(COPY)?;
    let (_product, product) = lab.serve(&lab.on_postgres(COPY))?;
    let (_node, node) = lab.node(world, COPY)?;
    let (product, node) = (Client::anonymous(&product), Client::anonymous(&node));
    let rate = json!({ "rate": "83.38", "reason": "for the bench" });
    let set = sign_in(&product)?.post("/api/v1/admin/rates/INR", &rate)?;
    set.expect(200)?;
    let (ours, theirs) = (product.get(SERVICES)?, node.get(SERVICES)?);
    let tags = [ours.header("etag")?, theirs.header("etag")?];
    let lengths = [ours.header("content-length")?, theirs.header("content-length")?];
    let (ours, theirs) = (ours.expect(200)?, theirs.expect(200)?);
    ensure!(
        ours == theirs,
        "the product answers\n{}\nthe baseline answers\n{}",
        beginning(&ours),
        beginning(&theirs)
    );
    let [our_length, their_length] = &lengths;
    ensure!(
        our_length == their_length,
        "{our_length} bytes and {their_length}"
    );
    ensure!(count(&ours) > 5_000, "the list has {} services", count(&ours));
    let converted = product.get(IN_RUPEES)?.expect(200)?;
    ensure!(
        at(&converted, "/result/currency") == "INR" && count(&converted) == count(&ours),
        "it is not in rupees: {}",
        beginning(&converted)
    );
    Ok(tags)
}

fn count(list: &Value) -> usize {
    let categories = at(list, "/result/services").as_array().into_iter().flatten();
    let services = categories.filter_map(|category| at(category, "/services").as_array());
    services.map(Vec::len).sum()
}

fn beginning(list: &Value) -> String {
    list.to_string().chars().take(SHOWN).collect()
}
