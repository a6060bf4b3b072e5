//! Placing orders: P-1, P-2, and on one wallet P-6.

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::bench::arms::{COPY, Server, ordering, pgbench};
use crate::bench::http::Answer;
use crate::bench::lab::Lab;
use crate::bench::load::{Pace, Plan};
use crate::bench::record::Bound::{AtLeast, AtMost, None as Told};
use crate::bench::record::Scenario;
use crate::bench::rounds::{self, Arm};
use crate::bench::world::{Customer, World};

const MASS: usize = 100;

/// Many customers, each with a wallet.
pub fn spread(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let plan = ordering(world, &world.customers);
    let answers = [Server::Product, Server::Node].map(|server| first_answer(lab, world, server, &plan));
    let [product, node] = answers;
    same_shape(&product?, &node?)?;
    let arms = [
        Arm::new("product", |lab| {
            Server::Product.places(lab, world, &plan, Pace::full(lab), 1)
        }),
        Arm::new("node", |lab| {
            Server::Node.places(lab, world, &plan, Pace::full(lab), 1)
        }),
        Arm::new("pgbench", |lab| pgbench(lab, world, &world.customers)),
    ];
    let rounds = rounds::run(lab, "orders", &arms)?;
    let mut scenario = Scenario::named("orders", rounds);
    let what = "orders/s over HTTP, of pgbench with the product's own statement";
    scenario.ratio("P-1", what, AtLeast(0.70), ["product", "pgbench"], |it| {
        it.per_second
    });
    let what = "orders/s, of Hono on node-postgres with the same statement";
    scenario.ratio("P-2", what, AtLeast(1.3), ["product", "node"], |it| it.per_second);
    let what = "processor time of the API for an order, of Node's";
    scenario.ratio("P-2", what, AtMost(0.45), ["product", "node"], |it| it.app_cpu);
    let what = "processor time of PostgreSQL for an order, of pgbench's";
    scenario.ratio("", what, Told, ["product", "pgbench"], |it| it.database_cpu);
    let what = "memory of the API under load, of Node's";
    scenario.ratio("P-13", what, AtMost(0.25), ["product", "node"], |it| {
        kb(it.resident_kb)
    });
    Ok(scenario)
}

fn kb(kb: u64) -> f64 {
    u32::try_from(kb).map_or(0.0, f64::from)
}

/// One customer whose orders wait for each other.
pub fn hot(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let one: &[Customer] = std::slice::from_ref(world.first()?);
    let plan = ordering(world, one);
    let mass = mass(world, one);
    let mut arms = vec![
        Arm::new("product", |lab| {
            Server::Product.places(lab, world, &plan, Pace::full(lab), 1)
        }),
        Arm::new("pgbench", |lab| pgbench(lab, world, one)),
    ];
    let has_mass = first_answer(lab, world, Server::Product, &mass).is_ok();
    if has_mass {
        arms.push(Arm::new("mass", |lab| {
            let each = u64::try_from(MASS).unwrap_or(1);
            let mut sample = Server::Product.places(lab, world, &mass, Pace::full(lab), each)?;
            sample.per_second *= 100.0;
            sample.app_cpu /= 100.0;
            sample.database_cpu /= 100.0;
            Ok(sample)
        }));
    }
    let rounds = rounds::run(lab, "one wallet", &arms)?;
    let mut scenario = Scenario::named("one wallet", rounds);
    let what = "orders/s on one wallet, of pgbench on one wallet";
    scenario.ratio("P-6", what, AtLeast(0.85), ["product", "pgbench"], |it| {
        it.per_second
    });
    let what = "orders/s in mass orders of 100, of single ones, one wallet";
    scenario.ratio("P-6", what, AtLeast(15.0), ["mass", "product"], |it| {
        it.per_second
    });
    if !has_mass {
        scenario.notes.push("the product takes no mass orders".to_owned());
    }
    Ok(scenario)
}

/// A hundred orders in one request.
fn mass(world: &World, customers: &[Customer]) -> Plan {
    let orders: Vec<String> = (0..MASS)
        .map(|number| world.form().replace("{unique}", &format!("{{unique}}-{number}")))
        .collect();
    Plan {
        path: "/api/v1/dashboard/orders/mass".to_owned(),
        body: format!("{{\"orders\":[{}]}}", orders.join(",")),
        ..ordering(world, customers)
    }
}

/// What one request is answered.
fn first_answer(lab: &Lab, world: &World, server: Server, plan: &Plan) -> anyhow::Result<Value> {
    let pace = Pace {
        connections: 1,
        rate: Some(10.0),
        seconds: 1.0,
        warm_up: 0.0,
    };
    lab.copy(crate::bench::lab::SMALL, COPY)?;
    let driven = server.drive(lab, world, COPY, plan, pace)?;
    Answer::parse(&driven.sample.answer)?.expect(plan.status)
}

/// Both say the same things: objects with the same names, lists of the same things, values of the same kinds.
pub fn same_shape(a: &Value, b: &Value) -> anyhow::Result<()> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            ensure!(a.len() == b.len(), "{a:?} and {b:?}");
            a.iter().try_for_each(|(name, value)| {
                let other = b.get(name).with_context(|| format!("{name} is not in {b:?}"))?;
                same_shape(value, other)
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            ensure!(a.len() == b.len(), "lists of {} and {}", a.len(), b.len());
            a.iter().zip(b).try_for_each(|(a, b)| same_shape(a, b))
        }
        _ => {
            ensure!(
                std::mem::discriminant(a) == std::mem::discriminant(b),
                "{a} and {b}"
            );
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_with_other_names_or_kinds_are_told_apart() {
        let ours = json!({ "id": 1, "rows": [{ "price": "1.40" }] });
        assert!(same_shape(&ours, &json!({ "id": 2, "rows": [{ "price": "2.00" }] })).is_ok());
        assert!(same_shape(&ours, &json!({ "id": 2, "rows": [{ "price": 2 }] })).is_err());
        assert!(same_shape(&ours, &json!({ "id": 2, "rows": [] })).is_err());
        assert!(same_shape(&ours, &json!({ "no": 2, "rows": [{ "price": "2.00" }] })).is_err());
    }
}
