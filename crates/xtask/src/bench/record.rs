//! What was measured, as it is kept: the table is printed from it, now or later.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::meter::Conditions;

pub const FOLDER: &str = "target/bench";
const LATEST: &str = "latest.json";

/// One run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// Of the sources, with a mark if they were changed since.
    pub commit: String,
    /// When it began, UTC.
    pub date: String,
    pub machine: Vec<String>,
    pub settings: Vec<String>,
    pub scenarios: Vec<Scenario>,
}

/// What belongs together, and what is concluded from it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Scenario {
    pub name: String,
    pub rounds: Vec<Round>,
    pub rows: Vec<Row>,
    /// Said below the table.
    pub notes: Vec<String>,
}

/// Every arm once, one after another.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Round {
    /// How often a second the disk could be told to keep a page.
    pub syncs: f64,
    /// Microseconds of one, in the median.
    pub sync_time: f64,
    /// The same of the slowest hundredth.
    #[serde(default)]
    pub sync_p99: f64,
    /// How often this round was begun anew, because something else ran in one half of it.
    pub repeated: u32,
    /// In the order in which they were measured.
    pub samples: Vec<Sample>,
}

/// One arm, measured once. Times are in microseconds.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Sample {
    pub arm: String,
    pub per_second: f64,
    /// Processor time of the program for one request.
    pub app_cpu: f64,
    /// What the kernel took of that.
    #[serde(default)]
    pub app_kernel: f64,
    /// Processor time of PostgreSQL for one request.
    pub database_cpu: f64,
    /// Bytes of one answer's body.
    pub bytes: f64,
    /// Due, and not answered at the end.
    pub unanswered: u64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub slowest: f64,
    pub resident_kb: u64,
    pub conditions: Conditions,
    /// What else there is to say, by names of the scenario's own.
    #[serde(default)]
    pub more: BTreeMap<String, f64>,
    #[serde(skip)]
    pub answer: String,
}

/// A target and how it was met.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// `P-1`
    pub target: String,
    pub what: String,
    pub bound: Bound,
    /// One for each pair.
    pub values: Vec<f64>,
    /// Behind the number: nothing for a ratio.
    pub unit: String,
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Told for the reader.
    None,
}

impl Round {
    pub fn of(&self, arm: &str) -> Option<&Sample> {
        self.samples.iter().find(|sample| sample.arm == arm)
    }
}

impl Sample {
    /// What else was said, zero if it was not.
    pub fn other(&self, name: &str) -> f64 {
        self.more.get(name).copied().unwrap_or_default()
    }
}

impl Scenario {
    pub fn named(name: &str, rounds: Vec<Round>) -> Self {
        Self {
            name: name.to_owned(),
            rounds,
            ..Self::default()
        }
    }

    /// Adds a target: how many times as large `of` is with one arm as with the other, pair by pair.
    pub fn ratio(&mut self, target: &str, what: &str, bound: Bound, arms: [&str; 2], of: fn(&Sample) -> f64) {
        let [over, under] = arms;
        let pairs = self.rounds.iter().filter_map(|round| {
            let (over, under) = (of(round.of(over)?), of(round.of(under)?));
            (under > 0.0).then(|| over / under)
        });
        let values = pairs.collect();
        self.value(target, what, bound, values, "");
    }

    /// Tells what would be left of the processor time of `over` if the program took none and only the kernel did, as part of
    /// all that `under` takes.
    pub fn floor(&mut self, target: &str, what: &str, [over, under]: [&str; 2]) {
        let pairs = self.rounds.iter().filter_map(|round| {
            let (over, under) = (round.of(over)?, round.of(under)?);
            (under.app_cpu > 0.0).then(|| over.app_kernel / under.app_cpu)
        });
        let values = pairs.collect();
        self.value(target, what, Bound::None, values, "");
    }

    /// Adds a target about plain numbers of one arm.
    pub fn each(
        &mut self,
        target: &str,
        what: &str,
        bound: Bound,
        arm: &str,
        (of, unit): (fn(&Sample) -> f64, &str),
    ) {
        let samples = self.rounds.iter().filter_map(|round| round.of(arm));
        let values = samples.map(of).collect();
        self.value(target, what, bound, values, unit);
    }

    /// Adds a target about plain numbers.
    pub fn value(&mut self, target: &str, what: &str, bound: Bound, values: Vec<f64>, unit: &str) {
        self.rows.push(Row {
            target: target.to_owned(),
            what: what.to_owned(),
            bound,
            values,
            unit: unit.to_owned(),
        });
    }
}

impl Record {
    /// Writes it down, under its date and as the latest.
    pub fn keep(&self) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(FOLDER)?;
        let json = serde_json::to_vec_pretty(self)?;
        let name: String = self.date.chars().filter(char::is_ascii_digit).collect();
        let file = Path::new(FOLDER).join(format!("{name}.json"));
        fs::write(&file, &json)?;
        fs::write(Path::new(FOLDER).join(LATEST), &json)?;
        Ok(file)
    }

    /// Reads a run, the latest unless another is named.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let latest = Path::new(FOLDER).join(LATEST);
        let file = file.unwrap_or(&latest);
        let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no record", file.display()))
    }
}
