//! Where a process keeps what happens, for whoever watches there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use domain::UserId;
use ports::StoreError;
use ports::jobs::Stop;
use ports::live::{Bell, LiveQueries, Position};
use tokio::sync::{Notify, watch};

use super::board::Board;
use super::subscription::Subscription;
use super::watcher::Watcher;

/// How often the database is looked at without a ring.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The least time between two looks. What happens within it is told together.
const PAUSE: Duration = Duration::from_millis(40);
/// Rows of each table read at once.
const BATCH: u32 = 2_000;

/// How much a process takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveLimits {
    /// Streams of one user.
    pub per_user: usize,
    /// Streams of all.
    pub total: usize,
    /// Rows that are kept for those who come back. A row takes about half a kilobyte.
    pub kept: usize,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            per_user: 10,
            total: 4_096,
            kept: 16_384,
        }
    }
}

/// There are too many streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// Of this user.
    #[error("the user has too many streams")]
    User,
    /// Of all.
    #[error("the process has too many streams")]
    Process,
}

/// Follows the database while somebody watches.
pub struct LiveHub {
    queries: Arc<dyn LiveQueries>,
    bell: Arc<dyn Bell>,
    limits: LiveLimits,
    board: RwLock<Board>,
    seats: Mutex<HashMap<UserId, usize>>,
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

/// A place of one stream, given back when it is dropped.
pub(super) struct Seat {
    hub: Arc<LiveHub>,
    user: UserId,
}

impl LiveHub {
    /// A hub that nobody watches yet.
    #[must_use]
    pub fn new(queries: Arc<dyn LiveQueries>, bell: Arc<dyn Bell>, limits: LiveLimits) -> Self {
        Self {
            queries,
            bell,
            limits,
            board: RwLock::default(),
            seats: Mutex::default(),
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
        last: Option<Position>,
    ) -> Result<Subscription, Crowded> {
        let seat = self.take_seat(watcher.user())?;
        self.taken.notify_one();
        Ok(Subscription::new(Arc::clone(self), seat, watcher, last))
    }

    /// How many streams there are.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.seats().values().sum()
    }

    fn take_seat(self: &Arc<Self>, user: &UserId) -> Result<Seat, Crowded> {
        let mut seats = self.seats();
        if seats.values().sum::<usize>() >= self.limits.total {
            return Err(Crowded::Process);
        }
        let own = seats.entry(user.clone()).or_default();
        if *own >= self.limits.per_user {
            return Err(Crowded::User);
        }
        *own += 1;
        Ok(Seat {
            hub: Arc::clone(self),
            user: user.clone(),
        })
    }

    /// Follows the database until `stop` is cancelled, and then ends every stream.
    pub async fn run(&self, stop: Stop) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow_forever() => {}
        }
        self.closed.cancel();
    }

    async fn follow_forever(&self) {
        let mut failing = false;
        loop {
            if self.streams() == 0 {
                self.looks.send_modify(|looks| looks.is_fresh = false);
                self.taken.notified().await;
                continue;
            }
            match self.follow().await {
                Ok(()) => failing = false,
                Err(error) if failing => tracing::debug!(%error, "live updates still wait for the database"),
                Err(error) => {
                    tracing::warn!(%error, "live updates wait for the database");
                    failing = true;
                }
            }
            tokio::time::sleep(PAUSE).await;
            tokio::select! {
                () = self.bell.rung() => {}
                () = self.taken.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Reads what is new. After nobody watched for long, only what is kept anyway.
    async fn follow(&self) -> Result<(), StoreError> {
        if !self.looks.borrow().is_fresh {
            let newest = self.queries.newest().await?;
            let kept = i64::try_from(self.limits.kept).unwrap_or(i64::MAX) / 2;
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
        loop {
            let at = self.board().at();
            let news = self.queries.news(at, BATCH).await?;
            let until = at.furthest(news.until);
            self.board_mut().put_up(news, self.limits.kept);
            let is_fresh = until == at;
            let was_fresh = self.looks.borrow().is_fresh;
            if !is_fresh || !was_fresh {
                self.looks.send_modify(|looks| {
                    looks.count += 1;
                    looks.is_fresh |= is_fresh;
                });
            }
            if is_fresh {
                return self.restart_if_restored().await;
            }
        }
    }

    /// A database that was restored while somebody watches is behind what was read of it. Everybody is told to load anew.
    async fn restart_if_restored(&self) -> Result<(), StoreError> {
        let newest = self.queries.newest().await?;
        let is_behind = newest.furthest(self.board().at()) != newest;
        if is_behind {
            self.board_mut().restart(newest);
            self.looks.send_modify(|looks| looks.count += 1);
        }
        Ok(())
    }

    /// Whether rows up to a position have been there.
    pub(super) async fn has_been(&self, position: Position) -> Result<bool, StoreError> {
        let newest = self.queries.newest().await?;
        Ok(newest.furthest(position) == newest)
    }

    pub(super) fn board(&self) -> RwLockReadGuard<'_, Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn board_mut(&self) -> RwLockWriteGuard<'_, Board> {
        self.board.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, usize>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn looks(&self) -> watch::Receiver<Looks> {
        self.looks.subscribe()
    }

    pub(super) const fn closed(&self) -> &Stop {
        &self.closed
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        if let Some(own) = seats.get_mut(&self.user) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                seats.remove(&self.user);
            }
        }
    }
}
