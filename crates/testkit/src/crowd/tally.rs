//! What polling a crowd took.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ProviderId;
use ports::orders::PollMeter;

/// Counts requests and how late their orders were.
#[derive(Debug, Default)]
pub struct Tally {
    providers: Mutex<BTreeMap<ProviderId, Count>>,
}

#[derive(Debug, Default, Clone)]
struct Count {
    requests: u64,
    alone: u64,
    orders: u64,
    /// How many orders were late by so many seconds.
    late: BTreeMap<u64, u64>,
}

impl PollMeter for Tally {
    fn asked(&self, provider: ProviderId, late: &[Duration]) {
        let mut providers = self.lock();
        let count = providers.entry(provider).or_default();
        count.requests += 1;
        for late in late {
            count.orders += 1;
            *count.late.entry(late.as_secs()).or_default() += 1;
        }
    }

    fn asked_alone(&self, provider: ProviderId) {
        self.lock().entry(provider).or_default().alone += 1;
    }
}

impl Tally {
    /// Requests about one order, because an answer about many left it out.
    pub fn alone(&self) -> u64 {
        self.sum(None, |count| count.alone)
    }

    /// How full the requests about many orders were; one is 100 orders.
    ///
    /// # Panics
    /// After four billion orders.
    pub fn fill(&self) -> f64 {
        let number = |count| f64::from(u32::try_from(count).expect("not so many"));
        let requests = self.sum(None, |count| count.requests);
        number(self.orders(None)) / number(requests).max(1.0) / 100.0
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.lock().clear();
    }

    /// Requests to every provider but this one, whatever they were about.
    pub fn requests(&self, except: Option<ProviderId>) -> u64 {
        self.sum(except, |count| count.requests + count.alone)
    }

    /// How often an order was asked about at every provider but this one.
    pub fn orders(&self, except: Option<ProviderId>) -> u64 {
        self.sum(except, |count| count.orders)
    }

    /// So many of a thousand orders were no later than this, at every provider but this one.
    pub fn late(&self, per_mille: u64, except: Option<ProviderId>) -> Duration {
        let mut all: BTreeMap<u64, u64> = BTreeMap::new();
        for (_, count) in self.lock().iter().filter(|(id, _)| Some(**id) != except) {
            for (late, orders) in &count.late {
                *all.entry(*late).or_default() += orders;
            }
        }
        let wanted = all.values().sum::<u64>() * per_mille / 1_000;
        let mut seen = 0;
        let reached = all.iter().find(|(_, orders)| {
            seen += **orders;
            seen >= wanted
        });
        Duration::from_secs(reached.map_or(0, |(late, _)| *late))
    }

    fn sum(&self, except: Option<ProviderId>, of: impl Fn(&Count) -> u64) -> u64 {
        let providers = self.lock();
        let counted = providers.iter().filter(|(id, _)| Some(**id) != except);
        counted.map(|(_, count)| of(count)).sum()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ProviderId, Count>> {
        self.providers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
