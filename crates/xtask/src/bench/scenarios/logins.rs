//! A flood of sign-ins: do those who only read wait for those whose passwords are checked? P-12.

use anyhow::ensure;

use crate::bench::arms::{COPY, Server, listing};
use crate::bench::lab::{Lab, SMALL};
use crate::bench::large;
use crate::bench::load::{Flood, Pace, Plan, drive};
use crate::bench::record::Bound::{AtMost, None as Told};
use crate::bench::record::{Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::world::World;

/// Orders to be listed.
const ORDERS: u64 = 10_000;
/// Of the most that can be listed.
const STEADY_SHARE: f64 = 0.5;
/// Sign-ins a second: twice what the whole machine could check at 20 ms each.
const FLOOD_RATE: f64 = 200.0;
/// More than passwords are checked at once and may wait for that, so that some are turned away.
const AT_ONCE: usize = 256;
const WRONG: u16 = 401;
/// What is said to those who are turned away.
const BUSY: [&str; 2] = ["429", "503"];
const CHECKED: &str = "passwords a second";
const REFUSED: &str = "turned away a second";

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    lab.copy(SMALL, COPY)?;
    large::fill(lab, world, COPY, ORDERS)?;
    let reading = listing(&world.customers, "limit=20");
    let most = Server::Product.drive(lab, world, COPY, &reading, Pace::full(lab))?;
    let rate = most.sample.per_second * STEADY_SHARE;
    let arms = [
        Arm::new("calm", |lab| {
            let calm = Server::Product.drive(lab, world, COPY, &reading, Pace::steady(lab, rate));
            Ok(calm?.sample)
        }),
        Arm::new("flooded", |lab| flooded(lab, &reading, rate)),
    ];
    let rounds = rounds::run(lab, &format!("lists at {rate:.0}/s, half of the maximum"), &arms)?;
    let mut scenario = Scenario::named("flood of sign-ins", rounds);
    let what = "p99 of lists of orders at half of the maximum beside a flood of sign-ins, of without";
    scenario.ratio("P-12", what, AtMost(2.0), ["flooded", "calm"], |it| it.p99);
    let what = "the median of the same";
    scenario.ratio("P-12", what, Told, ["flooded", "calm"], |it| it.p50);
    let checked = |it: &Sample| it.other(CHECKED);
    let what = "passwords checked meanwhile";
    scenario.each("P-12", what, Told, "flooded", (checked, "/s"));
    let refused = |it: &Sample| it.other(REFUSED);
    let what = "sign-ins turned away meanwhile, because too many waited";
    scenario.each("P-12", what, Told, "flooded", (refused, "/s"));
    Ok(scenario)
}

/// Guesses for accounts that nobody has, each another one. They cost what those cost that somebody has.
fn guessing() -> Plan {
    Plan {
        method: "POST",
        path: "/api/auth/sign-in/email".to_owned(),
        body: r#"{"email":"nobody-{unique}@example.com","password":"wrong horse battery staple"}"#.to_owned(),
        headers: Vec::new(),
        cookies: Vec::new(),
        status: WRONG,
    }
}

fn flooded(lab: &Lab, reading: &Plan, rate: f64) -> anyhow::Result<Sample> {
    lab.adopt(COPY)?;
    let (serve, address) = lab.serve(&lab.on_postgres(COPY))?;
    let pace = Pace::steady(lab, rate);
    let flood = Pace {
        connections: AT_ONCE,
        rate: Some(FLOOD_RATE),
        // It begins before and ends after what is measured.
        seconds: pace.warm_up + pace.seconds + 2.0,
        warm_up: 0.5,
    };
    let flood = Flood::begin(lab, &address, &guessing(), flood)?;
    let mut sample = drive(lab, &serve, &address, reading, pace)?.sample;
    let answers = flood.end()?;
    let wrong = WRONG.to_string();
    let checked = answers.get(&wrong).copied().unwrap_or_default();
    let expected = |status: &String| *status == wrong || BUSY.contains(&status.as_str());
    ensure!(
        checked > 0.0 && answers.keys().all(expected),
        "sign-ins were answered by {answers:?}"
    );
    sample.more.insert(CHECKED.to_owned(), checked);
    let refused = BUSY.iter().filter_map(|status| answers.get(*status));
    sample.more.insert(REFUSED.to_owned(), refused.sum());
    Ok(sample)
}
