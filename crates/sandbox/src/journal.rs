//! What the panel was asked: counters for ever, the latest requests in full.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use crate::action::Action;
use crate::delivery::Delivery;
use crate::params::Params;

/// Requests the journal remembers.
const MAX_ENTRIES: usize = 1_000;

/// Longest field value it remembers, in characters.
const MAX_VALUE: usize = 200;

/// Longest answer it remembers, in characters.
const MAX_ANSWER: usize = 200;

/// One request of the past. The caller's key is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// When it came, in milliseconds since the Unix epoch.
    pub at_millis: u64,
    /// The action asked for, known or not.
    pub action: String,
    /// The other fields, long values cut.
    pub fields: BTreeMap<String, String>,
    /// The answer as JSON, cut; empty while an answer is held back.
    pub answer: String,
    /// How the answer travelled.
    pub delivery: &'static str,
}

/// Counters and the latest requests.
#[derive(Debug, Default)]
pub struct Journal {
    counts: BTreeMap<&'static str, u64>,
    deliveries: BTreeMap<&'static str, u64>,
    /// How often `add` was asked for each link.
    asked: HashMap<String, u64>,
    entries: VecDeque<LogEntry>,
}

impl Journal {
    /// Notes a request and its answer, `None` when it is held back.
    pub fn note(&mut self, params: &Params, answer: Option<&Value>, delivery: Delivery, key: &str, now: u64) {
        let asked = params.get("action").unwrap_or_default();
        let known = Action::named(asked).map_or("unknown", Action::as_str);
        let count = self.counts.entry(known).or_default();
        *count = count.saturating_add(1);
        let travelled = self.deliveries.entry(delivery.name()).or_default();
        *travelled = travelled.saturating_add(1);
        if let (Some(Action::Add), Some(link)) = (Action::named(asked), params.get("link")) {
            let times = self.asked.entry(cut(link, MAX_VALUE)).or_default();
            *times = times.saturating_add(1);
        }
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
        }
        let fields = params
            .iter()
            .filter(|(name, _)| !matches!(*name, "key" | "action"))
            .map(|(name, value)| (cut(name, MAX_VALUE), cut(value, MAX_VALUE)))
            .collect();
        let answer = answer
            .map_or_else(String::new, Value::to_string)
            .replace(key, "[key]");
        self.entries.push_back(LogEntry {
            at_millis: now,
            action: cut(asked, MAX_VALUE),
            fields,
            answer: cut(&answer, MAX_ANSWER),
            delivery: delivery.name(),
        });
    }

    /// Requests by action; `unknown` collects the rest.
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Answers by how they travelled.
    pub const fn deliveries(&self) -> &BTreeMap<&'static str, u64> {
        &self.deliveries
    }

    /// How often `add` was asked for the link, answered or not.
    pub fn asked_for_link(&self, link: &str) -> u64 {
        self.asked.get(&cut(link, MAX_VALUE)).copied().unwrap_or(0)
    }

    /// Links that `add` was asked for more than once and how often, `limit` at most.
    pub fn links_asked_repeatedly(&self, limit: usize) -> Vec<(&str, u64)> {
        let repeated = self.asked.iter().filter(|(_, times)| **times > 1).take(limit);
        repeated.map(|(link, times)| (link.as_str(), *times)).collect()
    }

    /// The latest requests, the oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &LogEntry> {
        self.entries.iter()
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_bounded_and_never_holds_the_key() {
        let mut journal = Journal::default();
        let params = Params::read(
            None,
            None,
            format!("action=add&key=hush&link={}", "x".repeat(5_000)).as_bytes(),
        );
        let answer = serde_json::json!({ "error": "bad key hush" });
        for _ in 0..MAX_ENTRIES + 5 {
            journal.note(&params, Some(&answer), Delivery::Prompt, "hush", 7);
        }
        assert_eq!(journal.counts().get("add"), Some(&1_005));
        assert_eq!(journal.entries().count(), MAX_ENTRIES);
        let entry = journal.entries().next().unwrap();
        assert_eq!(entry.fields["link"].len(), MAX_VALUE);
        assert!(!format!("{entry:?}").contains("hush"));
        assert_eq!(journal.asked_for_link(&"x".repeat(5_000)), 1_005);
        assert_eq!(journal.deliveries().get("prompt"), Some(&1_005));
    }

    #[test]
    fn unknown_actions_share_one_counter() {
        let mut journal = Journal::default();
        for action in ["a", "b", ""] {
            let params = Params::read(Some(&format!("action={action}")), None, b"");
            journal.note(&params, None, Delivery::Hang, "k", 0);
        }
        assert_eq!(journal.counts().get("unknown"), Some(&3));
    }
}
