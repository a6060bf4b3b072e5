//! A thousand open streams of events: what they take, and how soon the last of them is told of an order.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::orders::same_shape;
use crate::bench::arms::{COPY, Server, ordering};
use crate::bench::http::Client;
use crate::bench::lab::{Lab, SMALL};
use crate::bench::load::{Pace, generator};
use crate::bench::meter::Machine;
use crate::bench::program::Program;
use crate::bench::record::Bound::{AtMost, None as Told};
use crate::bench::record::{Sample, Scenario};
use crate::bench::rounds::{self, Arm};
use crate::bench::world::{World, sign_up};

/// Everybody's orders, so that each order is told on every stream.
const EVENTS: &str = "/api/v1/dashboard/events?scope=all";
const STREAMS: u32 = 1_000;
/// Members of staff who watch: a user has ten streams at most.
const WATCHERS: u32 = STREAMS / 10;
/// A furnished database with them.
const WATCHED: &str = "bench_watched";
/// Orders a second, and what is told of each: the order, and the wallet.
const ORDERS: f64 = 5.0;
const EVENTS_EACH: f64 = 2.0;
/// Seconds in which nothing happens; sessions are looked at meanwhile.
const QUIET: f64 = 10.0;
/// Until all streams are open, and until a phase is over.
const PATIENCE: Duration = Duration::from_secs(120);

/// Names of what a sample says besides.
const STREAM: &str = "kB of a stream";
const RESTING: &str = "us of a stream in a quiet second";
const WHOLE: &str = "us from the request to the last stream";

/// What the generator says.
#[derive(Deserialize)]
struct Tally {
    orders: u32,
    last_p50: f64,
    last_p99: f64,
    last_slowest: f64,
    whole_p50: f64,
    sample: [String; 2],
}

pub fn measure(lab: &Lab, world: &World) -> anyhow::Result<Scenario> {
    let cookies = watchers(lab)?;
    let quick = Pace {
        seconds: 1.0,
        warm_up: 0.0,
        ..pace(lab)
    };
    let answers =
        [Server::Product, Server::Node].map(|server| told(lab, world, server, &cookies, quick, 0.0));
    let [product, node] = answers;
    for (ours, theirs) in product?.1.iter().zip(&node?.1) {
        let event = |text: &String| serde_json::from_str::<Value>(text).context("an event is JSON");
        same_shape(&event(ours)?, &event(theirs)?)?;
    }
    let of = |server: Server| {
        let cookies = &cookies;
        move |lab: &Lab| Ok(told(lab, world, server, cookies, pace(lab), QUIET)?.0)
    };
    let arms = [
        Arm::new("product", of(Server::Product)),
        Arm::new("node", of(Server::Node)),
    ];
    let rounds = rounds::run(lab, "event streams", &arms)?;
    Ok(concluded(Scenario::named("event streams", rounds)))
}

/// What placing an order and lists have to reach is asked of streams too.
fn concluded(mut scenario: Scenario) -> Scenario {
    let both = ["product", "node"];
    let memory = |it: &Sample| u32::try_from(it.resident_kb).map_or(0.0, f64::from);
    let what = "memory of the API with 1,000 streams, of Hono's that hears of orders over Redis";
    scenario.ratio("P-13", what, AtMost(0.25), both, memory);
    let of_stream = |it: &Sample| it.other(STREAM);
    scenario.each(
        "streams",
        "memory of one of 1,000 streams",
        Told,
        "product",
        (of_stream, " kB"),
    );
    scenario.each("streams", "the same of Node", Told, "node", (of_stream, " kB"));
    let what = "processor time of the API to tell one stream one thing, of Node's";
    scenario.ratio("streams", what, AtMost(0.45), both, |it| it.app_cpu);
    let what = "the kernel's part of it, of all of Node's";
    scenario.floor("streams", what, both);
    let what = "processor time of the API for a stream on which nothing happens, of Node's";
    scenario.ratio("streams", what, Told, both, |it| it.other(RESTING));
    let resting = |it: &Sample| it.other(RESTING);
    let what = "the same, in a second";
    scenario.each("streams", what, Told, "product", (resting, " us"));
    let what = "p99 from the answer to an order to the last of 1,000 streams, of Node's";
    scenario.ratio("streams", what, AtMost(0.8), both, |it| it.p99);
    let what = "the same";
    scenario.each("streams", what, Told, "product", (|it| it.p99 / 1e3, " ms"));
    let what = "median from the request of an order to the last of 1,000 streams, of Node's";
    scenario.ratio("streams", what, AtMost(0.8), both, |it| it.other(WHOLE));
    scenario
}

fn pace(lab: &Lab) -> Pace {
    Pace {
        connections: 1,
        rate: Some(ORDERS),
        ..Pace::full(lab)
    }
}

/// Makes a furnished database with members of staff who watch; their cookies.
fn watchers(lab: &Lab) -> anyhow::Result<Vec<String>> {
    lab.copy(SMALL, WATCHED)?;
    let (_serve, address) = lab.serve(&lab.on_postgres(WATCHED))?;
    let nobody = Client::anonymous(&address);
    let cookies = (0..WATCHERS).map(|number| {
        let (_, cookie) = sign_up(&nobody, &format!("watcher{number}@example.com"))?;
        Ok(cookie)
    });
    let cookies = cookies.collect::<anyhow::Result<_>>()?;
    lab.sql(
        WATCHED,
        "UPDATE users SET role = 'admin' WHERE email LIKE 'watcher%'",
    )?;
    Ok(cookies)
}

/// What happened on the streams of a server of its own, and what the last of them was told.
fn told(
    lab: &Lab,
    world: &World,
    server: Server,
    cookies: &[String],
    pace: Pace,
    quiet: f64,
) -> anyhow::Result<(Sample, [String; 2])> {
    lab.copy(WATCHED, COPY)?;
    // A member of staff who does nothing for half an hour would have to sign in again.
    lab.sql(
        COPY,
        "UPDATE sessions SET updated_at = now.at, created_at = now.at, expires_at = now.at + 3600000000
         FROM (SELECT (EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT AS at) now",
    )?;
    let (program, address) = match server {
        Server::Product => lab.serve(&lab.on_postgres(COPY))?,
        Server::Node => lab.node_with(world, COPY, &[("REDIS_URL", lab.servers.redis.url.clone())])?,
    };
    // Whatever is made with the first request is there.
    let customer = Client::anonymous(&address).with_cookie(&world.first()?.cookie);
    customer.get(crate::bench::arms::ORDERS)?.expect(200)?;
    let empty_kb = program.resident_kb();
    let watchers = json!({ "path": EVENTS, "cookies": cookies, "streams": STREAMS, "quiet": quiet });
    let file = lab.path("watchers.json");
    fs::write(&file, watchers.to_string())?;
    let plan = ordering(world, &world.customers);
    let more = ["--watchers", file.to_str().context("a path is text")?];
    let load = generator(lab, "load", &address, &plan, pace, &more)?;
    let measured = follow(lab, &program, load, (empty_kb, quiet, pace.seconds));
    let told = || fs::read_to_string(lab.path("load.log")).unwrap_or_default();
    measured.with_context(told)
}

fn follow(
    lab: &Lab,
    program: &Program,
    mut load: Program,
    (empty_kb, quiet, seconds): (u64, f64, f64),
) -> anyhow::Result<(Sample, [String; 2])> {
    load.says_within("open", PATIENCE)?;
    let resting = program.cpu();
    load.says_within("was quiet", PATIENCE)?;
    let resting = program.cpu() - resting;
    let quiet_kb = program.resident_kb();
    load.says_within("measuring", PATIENCE)?;
    let began = (program.cpu(), lab.database_cpu(), load.cpu(), Machine::read());
    let kernel_began = program.kernel_cpu();
    load.says_within("measured", PATIENCE)?;
    let (app, database) = (program.cpu() - began.0, lab.database_cpu() - began.1);
    let kernel = program.kernel_cpu() - kernel_began;
    let conditions = began.3.conditions_since(app + database + load.cpu() - began.2);
    let resident_kb = program.resident_kb();
    let line = load.next_line(PATIENCE)?;
    load.wait()?;
    let tally: Tally = serde_json::from_str(&line).with_context(|| format!("the generator says {line}"))?;
    ensure!(tally.orders > 0, "no order was told");
    let streams = f64::from(STREAMS);
    let told = f64::from(tally.orders) * EVENTS_EACH * streams;
    let grown = u32::try_from(quiet_kb.saturating_sub(empty_kb))?;
    let mut sample = Sample {
        per_second: f64::from(tally.orders) / seconds,
        app_cpu: app / told * 1e6,
        app_kernel: kernel / told * 1e6,
        database_cpu: database / told * 1e6,
        p50: tally.last_p50,
        p99: tally.last_p99,
        slowest: tally.last_slowest,
        resident_kb,
        conditions,
        ..Sample::default()
    };
    sample.more.insert(STREAM.to_owned(), f64::from(grown) / streams);
    if quiet > 0.0 {
        sample
            .more
            .insert(RESTING.to_owned(), resting / quiet / streams * 1e6);
    }
    sample.more.insert(WHOLE.to_owned(), tally.whole_p50);
    Ok((sample, tally.sample))
}
