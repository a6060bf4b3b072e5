//! What is measured. One scenario answers for one or more targets.

mod catalogue;
mod embedded;
mod large;
mod list;
mod logins;
mod metrics;
mod orders;
mod queue;
mod sealing;
mod secrecy;
mod shop;
mod start;
mod streams;

use anyhow::ensure;

use super::lab::Lab;
use super::record::Scenario;
use super::world::World;

/// Measures something.
pub type Measure = fn(&Lab, &World) -> anyhow::Result<Scenario>;

/// Every scenario, and the targets it answers for.
const ALL: [(&str, &[&str], Measure); 16] = [
    ("orders", &["P-1", "P-2"], orders::spread),
    ("one wallet", &["P-6"], orders::hot),
    ("list", &["P-3", "P-4"], list::measure),
    ("services list", &["P-5"], catalogue::measure),
    ("metrics", &["metrics"], metrics::measure),
    ("event streams", &["streams"], streams::measure),
    ("queue", &["P-7"], queue::measure),
    ("audit sealing", &["P-8"], sealing::measure),
    ("secrecy", &["S-03"], secrecy::measure),
    ("steady orders", &["P-11"], shop::tail),
    ("hanging provider", &["P-12", "T-08"], shop::hanging),
    ("flood of sign-ins", &["P-12"], logins::measure),
    ("first byte", &["first-byte"], shop::first_byte),
    ("start", &["P-13"], start::measure),
    ("embedded orders", &["P-15"], embedded::measure),
    ("many orders", &["P-16"], large::measure),
];

/// The scenarios that answer for these targets; all of them if none is named.
pub fn wanted(targets: &[String]) -> anyhow::Result<Vec<(&'static str, Measure)>> {
    for target in targets {
        ensure!(
            ALL.iter()
                .any(|(_, answers, _)| answers.contains(&target.as_str())),
            "there is no target {target}"
        );
    }
    let asked = |answers: &[&str]| {
        targets.is_empty() || answers.iter().any(|answer| targets.iter().any(|it| it == answer))
    };
    let wanted = ALL.iter().filter(|(_, answers, _)| asked(answers));
    Ok(wanted.map(|(name, _, measure)| (*name, *measure)).collect())
}
