//! What the drill says at its end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::books::Books;
use crate::shop::Shop;
use crate::{Options, Shape};

/// Counters that are told together.
const LINES: [(&str, &[&str]); 6] = [
    (
        "other blows",
        &[
            "processes paused",
            "PostgreSQL restarted with immediate",
            "PostgreSQL frozen",
            "Redis flushed",
            "Redis killed and restarted empty",
            "Redis frozen",
            "panels taken down",
            "starts given up",
        ],
    ),
    (
        "customers",
        &[
            "wishes answered",
            "refused as too expensive",
            "answers lost",
            "answered 503",
        ],
    ),
    ("duplicates", &["duplicates sent", "duplicates replayed"]),
    ("cancels", &["cancel answered 200", "cancel answered 409"]),
    (
        "staff",
        &[
            "staff said: placed",
            "staff said: not placed",
            "staff said: placed, under a mixed-up id",
            "staff decided a review",
        ],
    ),
    (
        "looks",
        &[
            "books read during the storm",
            "books unreadable during the storm",
            "errors in the logs",
        ],
    ),
];

/// How a round went.
pub struct Story<'a> {
    pub options: &'a Options,
    pub shape: Shape,
    pub took: Duration,
    /// From the last kill until the last order had ended.
    pub drained: Option<Duration>,
    /// Where data and logs are kept.
    pub kept: Option<PathBuf>,
}

/// Prints it.
pub fn print(story: &Story<'_>, shop: &Shop, books: &Books) {
    let way = match story.shape {
        Shape::Embedded => "one process on SQLite",
        Shape::Distributed => "2 API nodes and 3 workers on PostgreSQL and Redis",
    };
    let (seed, took) = (story.options.seed, story.took.as_secs_f64());
    println!("\nDrill, {way}, seed {seed}, {took:.0} s");
    line("kills", &with_sum(&books.beginning("killed: ")));
    line("faulty orders", &with_sum(&books.beginning("fate: ")));
    line("answers", &listed(&deliveries(shop)));
    for (title, names) in LINES {
        let counted = names.iter().map(|name| ((*name).to_owned(), books.counted(name)));
        // What never happened is not told.
        let counted: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
        line(title, &listed(&counted));
    }
    prove(story, books);
    let findings = books.findings();
    findings.iter().for_each(|finding| println!("WRONG: {finding}"));
    match books.counted("findings") {
        0 => println!("Everything was right."),
        count => println!("{count} findings with seed {seed}."),
    }
}

fn prove(story: &Story<'_>, books: &Books) {
    line("orders", &with_sum(&books.beginning("ended: ")));
    let (placed, mixed_up) = (
        books.counted("orders at the panels"),
        books.counted("orders under another order's id"),
    );
    line(
        "at the panels",
        &format!("{placed}, of them {mixed_up} under another order's id"),
    );
    let kept = books.counted("micro-units that the panels keep");
    let owed = books.counted("micro-units that the ledger owes them");
    line(
        "money",
        &format!("the panels keep {kept} micro-units, the ledger says {owed}"),
    );
    let drained = story
        .drained
        .map(|time| format!("{:.1} s after the last kill", time.as_secs_f64()));
    line("drained", drained.as_deref().unwrap_or("never"));
    let mut invariants = books.beginning("invariant ");
    invariants.sort_by_key(|(name, _)| (name.len(), name.clone()));
    line("violations", &listed(&invariants));
    if let Some(folder) = &story.kept {
        line("kept", &folder.display().to_string());
    }
}

fn line(title: &str, words: &str) {
    println!("  {title:13} {words}");
}

fn listed(counted: &[(String, u64)]) -> String {
    let words = counted.iter().map(|(name, count)| format!("{name} {count}"));
    words.collect::<Vec<_>>().join(", ")
}

fn with_sum(counted: &[(String, u64)]) -> String {
    let sum: u64 = counted.iter().map(|(_, count)| count).sum();
    format!("{sum}: {}", listed(counted))
}

/// Answers of all panels by how they travelled.
fn deliveries(shop: &Shop) -> Vec<(String, u64)> {
    let mut sums = BTreeMap::<String, u64>::new();
    for provider in &shop.providers {
        for (way, count) in provider.panel.deliveries() {
            *sums.entry(way.to_owned()).or_default() += count;
        }
    }
    sums.into_iter().collect()
}
