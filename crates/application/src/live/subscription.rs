//! One who watches, at their own pace.

use std::sync::Arc;
use std::time::Duration;

use ports::StoreError;
use ports::live::Position;
use tokio::sync::watch;
use tokio::time::sleep;

use super::board::Item;
use super::hub::{LiveHub, Looks};
use super::seats::Seat;
use super::watcher::Watcher;

/// Items handed over at once.
const MOST: usize = 64;
/// How long it takes until the database is asked again whether a position is one of its own.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a watcher has to load everything anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// What came after their position is not kept any more.
    TooOld,
    /// Their position is none of this database.
    Unknown,
    /// They read more slowly than things happen.
    Slow,
}

/// Why a watcher is not told any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// They may not watch any more: their session has ended, they were banned, or have lost the right.
    SignedOut,
    /// For a minute nobody could find out whether they may.
    Unavailable,
    /// The process stops.
    Stopping,
}

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Everything from here on will be told.
    Begun,
    /// This happened.
    News(Vec<Arc<Item>>),
    /// Some things will not be told. What follows is what happens from now on; after [`Reload::Slow`] nothing follows.
    Reload(Reload),
    /// Nothing follows.
    Closed(Ending),
}

enum State {
    Coming(Option<Position>),
    Watching,
    Gone,
}

/// Somebody who watches. Costs the same however slow they are: what they have not read yet is on the board.
pub struct Subscription {
    hub: Arc<LiveHub>,
    seat: Seat,
    looks: watch::Receiver<Looks>,
    state: State,
    /// What was passed before this stream began.
    passed: Position,
    /// The number of the next item.
    next: u64,
    at: Position,
}

impl Subscription {
    pub(super) fn new(hub: Arc<LiveHub>, seat: Seat, last: Option<Position>) -> Self {
        Self {
            looks: hub.looks(),
            hub,
            seat,
            state: State::Coming(last),
            passed: Position::default(),
            next: 0,
            at: last.unwrap_or_default(),
        }
    }

    /// Up to where the watcher was told everything.
    #[must_use]
    pub const fn at(&self) -> Position {
        self.at
    }

    /// Up to where the watcher was told everything with this item.
    #[must_use]
    pub fn told(&self, item: &Item) -> Position {
        self.passed.furthest(item.at)
    }

    /// Who watches.
    #[must_use]
    pub fn watcher(&self) -> &Watcher {
        &self.seat.guest().watcher
    }

    /// Waits for what is to be told next. `None` after the end. Cancel-safe.
    pub async fn next(&mut self) -> Option<Said> {
        loop {
            if matches!(self.state, State::Gone) {
                return None;
            }
            // Before anything is looked at: what changes afterwards wakes us.
            let is_fresh = self.looks.borrow_and_update().is_fresh;
            if let Some(ending) = self.ending() {
                self.state = State::Gone;
                return Some(Said::Closed(ending));
            }
            match self.state {
                State::Coming(last) if is_fresh => match self.begin(last).await {
                    Ok(said) => return Some(said),
                    Err(_) => {
                        sleep(PATIENCE).await;
                        continue;
                    }
                },
                State::Watching => {
                    if let Some(said) = self.news() {
                        return Some(said);
                    }
                }
                State::Coming(_) | State::Gone => {}
            }
            if self.looks.changed().await.is_err() {
                self.state = State::Gone;
            }
        }
    }

    fn ending(&self) -> Option<Ending> {
        let stopping = self.hub.closed().is_cancelled().then_some(Ending::Stopping);
        stopping.or_else(|| self.seat.guest().ending())
    }

    /// What is there now, without waiting for more. `None` if there is nothing more.
    pub fn ready(&mut self) -> Option<Said> {
        matches!(self.state, State::Watching)
            .then(|| self.news())
            .flatten()
    }

    async fn begin(&mut self, last: Option<Position>) -> Result<Said, StoreError> {
        // Another node may be ahead of this one, but not of the database.
        let is_unknown = match last {
            Some(last) if self.is_ahead(last) => !self.hub.has_been(last).await?,
            _ => false,
        };
        let board = self.hub.board();
        let reload = match last {
            Some(_) if is_unknown => Some(Reload::Unknown),
            Some(last) if last.furthest(board.floor()) != last => Some(Reload::TooOld),
            _ => None,
        };
        match last {
            Some(last) if reload.is_none() => {
                (self.passed, self.next) = (last, board.beginning());
                self.at = last;
            }
            _ => {
                (self.passed, self.next) = (board.at(), board.end());
                self.at = board.at();
            }
        }
        self.state = State::Watching;
        Ok(reload.map_or(Said::Begun, Said::Reload))
    }

    fn is_ahead(&self, last: Position) -> bool {
        let at = self.hub.board().at();
        at.furthest(last) != at
    }

    fn news(&mut self) -> Option<Said> {
        let found = self
            .hub
            .board()
            .from(self.next, self.passed, self.watcher(), MOST);
        let Some(found) = found else {
            self.state = State::Gone;
            self.at = self.hub.board().at();
            return Some(Said::Reload(Reload::Slow));
        };
        (self.next, self.at) = (found.next, found.at);
        (!found.items.is_empty()).then_some(Said::News(found.items))
    }
}
