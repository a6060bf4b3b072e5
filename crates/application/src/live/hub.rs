//! Where a process keeps what happens, for whoever watches there.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use ports::identity::SessionQueries;
use ports::jobs::Stop;
use ports::live::{Bell, LiveQueries, Position};
use ports::{Clock, StoreError};
use tokio::sync::{Notify, watch};

use super::board::Board;
use super::rounds::Rounds;
use super::seats::{Crowded, LiveLimits, Pass, Seats};
use super::subscription::Subscription;
use super::watcher::Watcher;

/// How often the database is looked at without a ring.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The least time between two looks.
const PAUSE_MIN: Duration = Duration::from_millis(4);
/// The same after one that found something. What happens within it is told together: each stream takes a while to tell.
const PAUSE_MAX: Duration = Duration::from_millis(40);
const PAUSE_FOR_EACH: Duration = Duration::from_micros(40);
/// Rows of each table read at once.
const BATCH: u32 = 2_000;

/// What live updates are made of.
#[derive(Clone)]
pub struct LivePorts {
    /// What happened.
    pub news: Arc<dyn LiveQueries>,
    /// Says that something did.
    pub bell: Arc<dyn Bell>,
    /// Whether whoever watches still may.
    pub sessions: Arc<dyn SessionQueries>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Follows the database while somebody watches.
pub struct LiveHub {
    news: Arc<dyn LiveQueries>,
    bell: Arc<dyn Bell>,
    /// Rows that the board keeps.
    kept: usize,
    board: RwLock<Board>,
    seats: Arc<Seats>,
    rounds: Rounds,
    /// Counts looks that were finished. Even while nobody watched.
    looks: watch::Sender<Looks>,
    taken: Notify,
    closed: Stop,
}

/// What watchers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Looks {
    /// How many there were.
    pub(super) count: u64,
    /// Whether the board was up to date after the last one.
    pub(super) is_fresh: bool,
}

impl LiveHub {
    /// A hub that nobody watches yet.
    #[must_use]
    pub fn new(ports: LivePorts, limits: LiveLimits) -> Self {
        let seats = Arc::new(Seats::new(limits));
        Self {
            news: ports.news,
            bell: ports.bell,
            kept: limits.kept,
            board: RwLock::default(),
            rounds: Rounds {
                sessions: ports.sessions,
                clock: ports.clock,
                seats: Arc::clone(&seats),
            },
            seats,
            looks: watch::Sender::default(),
            taken: Notify::new(),
            closed: Stop::new(),
        }
    }

    /// Somebody begins to watch: from now on, or from where they were.
    ///
    /// # Errors
    /// [`Crowded`].
    pub fn subscribe(
        self: &Arc<Self>,
        watcher: Watcher,
        pass: Pass,
        last: Option<Position>,
    ) -> Result<Subscription, Crowded> {
        let seat = self.seats.take(watcher, pass)?;
        self.taken.notify_one();
        Ok(Subscription::new(Arc::clone(self), seat, last))
    }

    /// How many streams there are.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.seats.count()
    }

    /// Follows the database and looks whether everybody still may watch until `stop` is cancelled, and then ends every stream.
    pub async fn run(&self, stop: Stop) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow_forever() => {}
            () = self.rounds.run(|| self.wake()) => {}
        }
        self.closed.cancel();
        self.wake();
    }

    /// Looks once whether everybody still may watch, as [`LiveHub::run`] does every few seconds. Whoever may not is not told
    /// anything any more.
    ///
    /// # Errors
    /// [`StoreError`] if some of them could not be looked up.
    pub async fn look_round(&self) -> Result<(), StoreError> {
        self.rounds.go(|| self.wake()).await
    }

    /// Lets every stream look whether it has ended.
    fn wake(&self) {
        self.looks.send_modify(|_| {});
    }

    async fn follow_forever(&self) {
        let mut failing = false;
        loop {
            if self.streams() == 0 {
                self.looks.send_modify(|looks| looks.is_fresh = false);
                self.taken.notified().await;
                continue;
            }
            let found = self.follow().await;
            let pause = match found {
                Ok(true) => pause_for(self.streams()),
                Ok(false) => PAUSE_MIN,
                Err(_) => PAUSE_MAX,
            };
            match found {
                Ok(_) => failing = false,
                Err(error) if failing => tracing::debug!(%error, "live updates still wait for the database"),
                Err(error) => {
                    tracing::warn!(%error, "live updates wait for the database");
                    failing = true;
                }
            }
            tokio::time::sleep(pause).await;
            tokio::select! {
                () = self.bell.rung() => {}
                () = self.taken.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Reads what is new, and says whether there was anything. After nobody watched for long, only what is kept anyway.
    async fn follow(&self) -> Result<bool, StoreError> {
        if !self.looks.borrow().is_fresh {
            let newest = self.news.newest().await?;
            let kept = i64::try_from(self.kept).unwrap_or(i64::MAX) / 2;
            let from = Position {
                events: (newest.events - kept).max(0),
                transfers: (newest.transfers - kept).max(0),
            };
            let at = self.board().at();
            // A database that was restored is behind what was read of it.
            if at.furthest(from) != at || newest.furthest(at) != newest {
                self.board_mut().restart(from);
            }
        }
        let mut found = false;
        loop {
            let at = self.board().at();
            let news = self.news.news(at, BATCH).await?;
            let until = at.furthest(news.until);
            self.board_mut().put_up(news, self.kept);
            let is_fresh = until == at;
            let was_fresh = self.looks.borrow().is_fresh;
            if !is_fresh || !was_fresh {
                self.looks.send_modify(|looks| {
                    looks.count += 1;
                    looks.is_fresh |= is_fresh;
                });
            }
            if is_fresh {
                self.restart_if_restored().await?;
                return Ok(found);
            }
            found = true;
        }
    }

    /// A database that was restored while somebody watches is behind what was read of it. Everybody is told to load anew.
    async fn restart_if_restored(&self) -> Result<(), StoreError> {
        let newest = self.news.newest().await?;
        let is_behind = newest.furthest(self.board().at()) != newest;
        if is_behind {
            self.board_mut().restart(newest);
            self.looks.send_modify(|looks| looks.count += 1);
        }
        Ok(())
    }

    /// Whether rows up to a position have been there.
    pub(super) async fn has_been(&self, position: Position) -> Result<bool, StoreError> {
        let newest = self.news.newest().await?;
        Ok(newest.furthest(position) == newest)
    }

    pub(super) fn board(&self) -> RwLockReadGuard<'_, Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn board_mut(&self) -> RwLockWriteGuard<'_, Board> {
        self.board.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn looks(&self) -> watch::Receiver<Looks> {
        self.looks.subscribe()
    }

    pub(super) const fn closed(&self) -> &Stop {
        &self.closed
    }
}

/// How long nobody looks after so many streams were told something.
fn pause_for(streams: usize) -> Duration {
    let each = u32::try_from(streams).unwrap_or(u32::MAX);
    PAUSE_FOR_EACH.saturating_mul(each).clamp(PAUSE_MIN, PAUSE_MAX)
}
