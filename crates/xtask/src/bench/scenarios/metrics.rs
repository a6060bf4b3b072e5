//! Figures at a glance where there are many orders: of the shop, and of a customer.

use anyhow::ensure;
use serde_json::Value;

use crate::bench::arms::{Server, asking, ordering};
use crate::bench::http::{Client, at};
use crate::bench::lab::Lab;
use crate::bench::large;
use crate::bench::load::{Pace, Plan};
use crate::bench::record::Bound::{AtLeast, AtMost, None as Told};
use crate::bench::record::{Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::world::{World, sign_in};

const SHOP: &str = "/api/v1/admin/dashboard-metrics";
const OWN: &str = "/api/v1/dashboard/metrics";
/// Where the baseline looks at every order.
const SCANNED: &str = "/scanned";
/// Orders that no worker has added up yet: so many are placed between two of their looks, every five seconds.
const LATELY: f64 = 100.0;
/// Of the thirty days that are shown, so many have orders.
const DAYS_MIN: usize = 20;
/// Scans take seconds, and two of them take the whole machine.
const SCANS_AT_ONCE: usize = 2;

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let database = large::database(lab, world)?;
    let placing = Pace {
        connections: 4,
        rate: Some(LATELY),
        seconds: 1.0,
        warm_up: 0.0,
    };
    let orders = ordering(world, &world.customers);
    Server::Product.drive(lab, world, database, &orders, placing)?;
    let staff = same_answers(lab, world, database)?;
    let own: Vec<String> = world.customers.iter().map(|it| it.cookie.clone()).collect();
    let asks =
        |server: Server, plan: &Plan, pace: Pace| Ok(server.drive(lab, world, database, plan, pace)?.sample);
    let fast = |server: Server, plan: Plan| move |lab: &Lab| asks(server, &plan, Pace::full(lab));
    let scans = |plan: Plan| {
        move |lab: &Lab| {
            let pace = Pace {
                connections: SCANS_AT_ONCE,
                ..Pace::full(lab)
            };
            asks(Server::Node, &plan, pace)
        }
    };
    let shop = |prefix: &str| asking(&format!("{prefix}{SHOP}"), vec![staff.clone()]);
    let own = |prefix: &str| asking(&format!("{prefix}{OWN}"), own.clone());
    let arms = [
        Arm::new("shop", fast(Server::Product, shop(""))),
        Arm::new("node shop", fast(Server::Node, shop(""))),
        Arm::new("own", fast(Server::Product, own(""))),
        Arm::new("node own", fast(Server::Node, own(""))),
        Arm::new("scanned shop", scans(shop(SCANNED))),
        Arm::new("scanned own", scans(own(SCANNED))),
    ];
    let rounds = rounds::run(lab, "metrics", &arms)?;
    Ok(concluded(lab, Scenario::named("metrics", rounds)))
}

/// There is no target for figures: what placing an order has to reach is asked of them too.
fn concluded(lab: &Lab, mut scenario: Scenario) -> Scenario {
    for (whose, [ours, theirs, scanned]) in [
        ("the shop's", ["shop", "node shop", "scanned shop"]),
        ("a customer's", ["own", "node own", "scanned own"]),
    ] {
        let rate = |it: &Sample| it.per_second;
        let what = format!(
            "{whose} figures/s with {} orders, of Hono on node-postgres by the same sums",
            lab.orders
        );
        scenario.ratio("metrics", &what, AtLeast(1.3), [ours, theirs], rate);
        let what = format!("processor time of the API for {whose} figures, of Node's");
        scenario.ratio("metrics", &what, AtMost(0.45), [ours, theirs], |it| it.app_cpu);
        let what = format!("processor time of PostgreSQL for {whose} figures, of that for Node");
        scenario.ratio("metrics", &what, Told, [ours, theirs], |it| it.database_cpu);
        let what = format!("{whose} figures/s, of Hono by looking at every order");
        scenario.ratio("metrics", &what, Told, [ours, scanned], rate);
    }
    scenario
}

/// Sums that were kept, sums of the baseline and what every order says are the same; the cookie of a member of staff.
fn same_answers(lab: &Lab, world: &World, database: &str) -> anyhow::Result<String> {
    lab.adopt(database)?;
    let (_product, product) = lab.serve(&lab.on_postgres(database))?;
    let (_node, node) = lab.node(world, database)?;
    let (product, node) = (Client::anonymous(&product), Client::anonymous(&node));
    let staff = sign_in(&product)?.cookie.unwrap_or_default();
    let customers = world.customers.iter().map(|customer| (OWN, &customer.cookie));
    for (path, cookie) in [(SHOP, &staff)].into_iter().chain(customers) {
        let ask = |client: &Client, path: &str| client.with_cookie(cookie).get(path)?.expect(200);
        let ours = ask(&product, path)?;
        for theirs in [path.to_owned(), format!("{SCANNED}{path}")] {
            let answer = ask(&node, &theirs)?;
            ensure!(
                same_values(&ours, &answer),
                "the product answers\n{ours}\nthe baseline answers at {theirs}\n{answer}"
            );
        }
        let orders = at(&ours, "/result/overview/totalOrders");
        ensure!(orders.as_u64() > Some(0), "{path} knows no orders: {ours}");
        let days = days_with_orders(&ours);
        ensure!(days >= DAYS_MIN, "{path} knows orders of {days} days: {ours}");
    }
    Ok(staff)
}

/// JSON knows one kind of number, so `1.0` is `1`.
fn same_values(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_values(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same_values(a, b)))
        }
        (a, b) => a == b,
    }
}

fn days_with_orders(figures: &Value) -> usize {
    let days = ["/result/charts/dailyMetrics", "/result/dailyMetrics"].map(|path| at(figures, path));
    let days = days.into_iter().filter_map(Value::as_array).flatten();
    days.filter(|day| at(day, "/orders").as_u64() > Some(0)).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_and_not_how_numbers_are_written() {
        let ours = json!({ "revenue": 1170.0, "days": [{ "orders": 3 }] });
        assert!(same_values(
            &ours,
            &json!({ "days": [{ "orders": 3 }], "revenue": 1170 })
        ));
        for other in [
            json!({ "revenue": 1170.5, "days": [{ "orders": 3 }] }),
            json!({ "revenue": 1170, "days": [{ "orders": "3" }] }),
            json!({ "revenue": 1170, "days": [] }),
            json!({ "revenue": 1170 }),
        ] {
            assert!(!same_values(&ours, &other), "{other}");
        }
    }
}
