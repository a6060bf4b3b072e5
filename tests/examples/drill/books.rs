//! What the drill counts, and what it finds wrong.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Findings of one kind shown at most.
const SHOWN_MAX: usize = 60;

/// Counters and findings, filled from everywhere.
#[derive(Debug, Default)]
pub struct Books {
    counts: Mutex<BTreeMap<String, u64>>,
    findings: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Books {
    /// Counts one.
    pub fn count(&self, what: impl Into<String>) {
        self.add(what, 1);
    }

    /// Counts several.
    pub fn add(&self, what: impl Into<String>, several: u64) {
        *locked(&self.counts).entry(what.into()).or_default() += several;
    }

    /// How often something was counted.
    pub fn counted(&self, what: &str) -> u64 {
        locked(&self.counts).get(what).copied().unwrap_or_default()
    }

    /// The counters whose name begins so, without that beginning.
    pub fn beginning(&self, prefix: &str) -> Vec<(String, u64)> {
        let counts = locked(&self.counts);
        let begin = counts
            .iter()
            .filter_map(|(name, count)| Some((name.strip_prefix(prefix)?.to_owned(), *count)));
        begin.collect()
    }

    /// Notes something that must not be.
    pub fn wrong(&self, what: impl Into<String>) {
        let mut findings = locked(&self.findings);
        let what = what.into();
        if findings.len() < SHOWN_MAX && !findings.contains(&what) {
            findings.push(what);
        }
        drop(findings);
        self.count("findings");
    }

    /// Everything that must not be.
    pub fn findings(&self) -> Vec<String> {
        locked(&self.findings).clone()
    }
}
