//! The last rows, in the order in which this process read them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::live::{News, OrderNews, Position, WalletNews};

use super::watcher::Watcher;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// To an order.
    Order(OrderNews),
    /// To a wallet.
    Wallet(WalletNews),
}

impl What {
    /// Whether somebody at `position` has passed it.
    pub(super) const fn is_passed(&self, position: Position) -> bool {
        match self {
            Self::Order(news) => news.id <= position.events,
            Self::Wallet(news) => news.id <= position.transfers,
        }
    }

    const fn passed(&self, position: Position) -> Position {
        match self {
            Self::Order(news) => Position {
                events: news.id,
                ..position
            },
            Self::Wallet(news) => Position {
                transfers: news.id,
                ..position
            },
        }
    }
}

/// Of so many of the last items it is kept how they were put into words.
const WORDED: usize = 256;

/// A row, and where whoever has read the board up to it is.
#[derive(Debug)]
pub struct Item {
    /// What happened.
    pub what: What,
    /// Up to where this process had followed with it.
    pub at: Position,
    words: Mutex<Words>,
}

/// How an item was put into words, for all who see the same of it.
#[derive(Debug, Default)]
struct Words {
    for_customers: Option<Arc<str>>,
    for_staff: Option<Arc<str>>,
    /// Too many came after it: whoever still reads it is late, and puts it into words alone.
    is_past: bool,
}

impl Item {
    const fn new(what: What, at: Position) -> Self {
        let words = Mutex::new(Words {
            for_customers: None,
            for_staff: None,
            is_past: false,
        });
        Self { what, at, words }
    }

    /// How `watcher` is told of it: as `put` says, or as it said when somebody asked who sees the same of it.
    pub fn words(&self, watcher: &Watcher, put: impl FnOnce() -> String) -> Arc<str> {
        let mut words = self.kept();
        let is_past = words.is_past;
        let kept = if watcher.is_staff() {
            &mut words.for_staff
        } else {
            &mut words.for_customers
        };
        match kept {
            Some(kept) => Arc::clone(kept),
            None if is_past => put().into(),
            None => Arc::clone(kept.insert(put().into())),
        }
    }

    fn forget_words(&self) {
        *self.kept() = Words {
            is_past: true,
            ..Words::default()
        };
    }

    fn kept(&self) -> MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        (&self.what, self.at) == (&other.what, other.at)
    }
}

impl Eq for Item {}

/// The last rows.
#[derive(Debug, Default)]
pub(super) struct Board {
    items: VecDeque<Arc<Item>>,
    /// How many items were taken off.
    gone: u64,
    /// Everything after this is on the board.
    floor: Position,
    /// Everything up to this was read.
    at: Position,
}

/// What a watcher found.
pub(super) struct Found {
    pub(super) items: Vec<Arc<Item>>,
    /// Where to go on.
    pub(super) next: u64,
    /// Up to where the watcher has seen everything.
    pub(super) at: Position,
}

impl Board {
    pub(super) const fn at(&self) -> Position {
        self.at
    }

    pub(super) const fn floor(&self) -> Position {
        self.floor
    }

    /// The number of the next item.
    pub(super) fn end(&self) -> u64 {
        self.gone + u64::try_from(self.items.len()).unwrap_or_default()
    }

    /// The number of the first item.
    pub(super) const fn beginning(&self) -> u64 {
        self.gone
    }

    /// Begins anew after a position: what is between is not on the board.
    pub(super) fn restart(&mut self, at: Position) {
        // Also whoever has read everything is told to load anew.
        self.gone = self.end() + 1;
        self.items.clear();
        (self.floor, self.at) = (at, at);
    }

    /// Puts news up, and takes down what is more than `kept`.
    pub(super) fn put_up(&mut self, news: News, kept: usize) {
        let orders = news.orders.into_iter().map(What::Order);
        for what in orders.chain(news.wallets.into_iter().map(What::Wallet)) {
            self.at = what.passed(self.at);
            self.items.push_back(Arc::new(Item::new(what, self.at)));
            if let Some(past) = self.items.iter().rev().nth(WORDED) {
                past.forget_words();
            }
        }
        self.at = self.at.furthest(news.until);
        while self.items.len() > kept {
            if let Some(item) = self.items.pop_front() {
                self.gone += 1;
                self.floor = item.what.passed(self.floor);
            }
        }
    }

    /// What a watcher has not passed from item number `next` on, `most` of it at most. `None` if items are gone that the
    /// watcher may not have seen.
    pub(super) fn from(&self, next: u64, passed: Position, watcher: &Watcher, most: usize) -> Option<Found> {
        let skipped = usize::try_from(next.checked_sub(self.gone)?).ok()?;
        let mut found = Found {
            items: Vec::new(),
            next,
            at: passed,
        };
        for item in self.items.iter().skip(skipped) {
            if found.items.len() == most {
                return Some(found);
            }
            found.next += 1;
            found.at = passed.furthest(item.at);
            if watcher.sees(&item.what) && !item.what.is_passed(passed) {
                found.items.push(Arc::clone(item));
            }
        }
        found.at = passed.furthest(self.at);
        Some(found)
    }
}
