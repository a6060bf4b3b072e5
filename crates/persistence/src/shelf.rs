//! Connections to PostgreSQL that wait between two statements.
//!
//! The pool asks the server after every use whether the connection still works, and starts a task for that: a second round trip
//! for each statement that is its own transaction. Here such a connection goes from one statement to the next as it is, if that
//! ended well. After anything else (an error, a future that was dropped, a transaction) it goes through the pool, which
//! looks at it.
//!
//! A connection belongs to the runtime in which it was opened: whoever uses it elsewhere is woken across threads for each answer.
//! So everybody is given one of their own runtime, if there is one; and where all are in use, one that comes back is handed on to
//! who waits in its runtime, a few times before it is the turn of whoever waits longest.

mod stock;

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::error::ConnAcquireErr;
use sea_orm::{DbErr, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgPool, Postgres};
use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::timeout;

use self::stock::{Idle, Kept, Stock};
pub(crate) use self::stock::{Lent, PING_AFTER_IDLE};
use crate::submission::Lineage;

/// After so long a connection goes to the pool, which closes one that is as old.
pub(crate) const AGE_MAX: Duration = Duration::from_secs(30 * 60);
/// So many times in a row a connection is handed on in its runtime.
const HANDED_ON_MAX: u32 = 8;
/// How PostgreSQL's codes begin that say that it ends, has crashed or is starting.
const SHUTTING_DOWN: &str = "57P0";

thread_local! {
    /// Whether a connection was opened on this thread lately.
    static OPENED: Cell<bool> = const { Cell::new(false) };
}

/// A place among those who use a connection, until it is dropped.
pub(crate) type Slot = OwnedSemaphorePermit;

/// The connections to one database. Clones share them.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<Inner>);

struct Inner {
    pool: PgPool,
    lineage: Arc<Lineage>,
    /// As many as there may be connections: who has one finds a connection on the shelf or in the pool.
    slots: Arc<Semaphore>,
    wait: Duration,
    stock: Mutex<Stock>,
}

/// What somebody gets who waited.
enum Turn {
    Slot(Slot),
    Handed(Lent),
}

/// Somebody waits for a connection of the pool, until it is dropped.
pub(crate) struct Awaiting(Shelf);

impl Shelf {
    /// Nothing is on the shelf. A connection of `pool` is waited for as long as `wait`.
    pub(crate) fn of(pool: PgPool, lineage: Arc<Lineage>, wait: Duration) -> Self {
        let slots = usize::try_from(pool.options().get_max_connections()).unwrap_or(Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            pool,
            lineage,
            slots: Arc::new(Semaphore::new(slots)),
            wait,
            stock: Mutex::default(),
        }))
    }

    /// A connection for one statement.
    ///
    /// # Errors
    /// [`DbErr::ConnectionAcquire`] if there is none in time, or there will be none any more.
    pub(crate) async fn take(&self) -> Result<Lent, DbErr> {
        let here = Handle::current().id();
        let slot = match self.turn(here).await? {
            Turn::Slot(slot) => slot,
            Turn::Handed(lent) => return Ok(lent),
        };
        if let Some(mut kept) = self.usable(here) {
            kept.is_used(here);
            return Ok(Lent::first(kept, slot));
        }
        let awaiting = self.await_pool();
        OPENED.set(false);
        let connection = self.0.pool.acquire().await.map_err(not_acquired)?;
        drop(awaiting);
        let kept = Kept {
            connection,
            taken: Instant::now(),
            // Whatever is opened on this thread meanwhile is opened in this runtime.
            home: OPENED.take().then_some(here),
            away: 0,
        };
        Ok(Lent::first(kept, slot))
    }

    /// Puts a connection back whose statement ended well and was read to its end.
    pub(crate) fn put_back(&self, lent: Lent) {
        let Some(Lent { mut kept, slot, .. }) = self.hand_on(lent) else {
            return;
        };
        if kept.is_strange() {
            kept.connection.close_on_drop();
            return;
        }
        let since = Instant::now();
        let idle = Idle { kept, since };
        let over = {
            let mut stock = self.stock();
            if self.is_short(&stock) {
                Some(idle)
            } else {
                stock.add(idle)
            }
        };
        if self.0.pool.is_closed() {
            self.clear();
        }
        drop(over);
        drop(slot);
    }

    /// A slot for somebody who takes a connection of the pool, and has it when what comes with it is dropped.
    ///
    /// # Errors
    /// As [`Shelf::take`].
    pub(crate) async fn slot_of_pool(&self) -> Result<(Slot, Awaiting), DbErr> {
        let slot = self.slot().await?;
        Ok((slot, self.await_pool()))
    }

    /// The error of a statement, as the mapper has it. If the server has gone, it has for those on the shelf too.
    pub(crate) fn failed(&self, error: sqlx::Error) -> DbErr {
        if is_gone(&error) {
            self.clear();
        }
        DbErr::Query(RuntimeErr::SqlxError(error.into()))
    }

    /// Lets nobody in any more, and gives the pool what it waits for when it is closed.
    pub(crate) fn close(&self) {
        self.0.slots.close();
        self.clear();
    }

    fn clear(&self) {
        let idle = std::mem::take(&mut self.stock().idle);
        drop(idle);
    }

    /// From now on what comes back goes to the pool if that is short of connections, and so does one from the shelf.
    fn await_pool(&self) -> Awaiting {
        let spare = {
            let mut stock = self.stock();
            stock.awaiting += 1;
            if self.is_short(&stock) {
                stock.idle.pop()
            } else {
                None
            }
        };
        drop(spare);
        Awaiting(self.clone())
    }

    /// Whether the pool has fewer connections than wait for one, and may not open more.
    fn is_short(&self, stock: &Stock) -> bool {
        self.0.pool.num_idle() < stock.awaiting && !self.may_grow()
    }

    fn may_grow(&self) -> bool {
        self.0.pool.size() < self.0.pool.options().get_max_connections()
    }

    /// Gives a connection to who waits in its runtime; the same one again if nobody does, or if others have waited for long enough.
    fn hand_on(&self, mut lent: Lent) -> Option<Lent> {
        let here = Handle::current().id();
        let may_stay = lent.kept.home == Some(here)
            && lent.handed_on < HANDED_ON_MAX
            && self.is_current(&lent.kept)
            && !self.0.pool.is_closed();
        if !may_stay {
            return Some(lent);
        }
        lent.handed_on += 1;
        while let Some(waiter) = self.next_waiter(here) {
            match waiter.send(lent) {
                Ok(()) => return None,
                Err(gone) => lent = gone,
            }
        }
        Some(lent)
    }

    fn next_waiter(&self, here: Id) -> Option<Sender<Lent>> {
        let mut stock = self.stock();
        if self.is_short(&stock) {
            return None;
        }
        stock.waiting.get_mut(&here)?.pop_front()
    }

    /// A slot, or a connection that is handed on in this runtime, whichever is first.
    async fn turn(&self, here: Id) -> Result<Turn, DbErr> {
        if let Some(slot) = self.free_slot()? {
            return Ok(Turn::Slot(slot));
        }
        let mut handed = self.stock().wait(here);
        tokio::select! {
            biased;
            Ok(lent) = &mut handed => Ok(Turn::Handed(lent)),
            slot = self.next_slot() => match handed.try_recv() {
                Ok(lent) => Ok(Turn::Handed(lent)),
                Err(_) => slot.map(Turn::Slot),
            },
        }
    }

    async fn slot(&self) -> Result<Slot, DbErr> {
        match self.free_slot()? {
            Some(slot) => Ok(slot),
            None => self.next_slot().await,
        }
    }

    fn free_slot(&self) -> Result<Option<Slot>, DbErr> {
        match Arc::clone(&self.0.slots).try_acquire_owned() {
            Ok(slot) => Ok(Some(slot)),
            Err(TryAcquireError::NoPermits) => Ok(None),
            Err(TryAcquireError::Closed) => Err(closed()),
        }
    }

    /// Slots are given to whoever waits longest.
    async fn next_slot(&self) -> Result<Slot, DbErr> {
        match timeout(self.0.wait, Arc::clone(&self.0.slots).acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
    }

    /// One of this runtime that can be used as it is, or of another one if no more may be opened; those that cannot be used go to the
    /// pool.
    fn usable(&self, here: Id) -> Option<Kept> {
        loop {
            let last = self.stock().last_of(here, self.may_grow())?;
            if last.since.elapsed() < PING_AFTER_IDLE && self.is_current(&last.kept) {
                return Some(last.kept);
            }
        }
    }

    /// The pool looked at it when it was taken, and the server did not change since then.
    fn is_current(&self, kept: &Kept) -> bool {
        let age = kept.taken.elapsed();
        age < AGE_MAX && self.0.lineage.is_current(age)
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        // Whoever panicked while holding the lock left a stock that is whole.
        self.0.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        self.0.stock().awaiting -= 1;
    }
}

/// Without a runtime a connection cannot go back to the pool, and the pool ends as well.
impl Drop for Inner {
    fn drop(&mut self) {
        let stock = self.stock.get_mut().unwrap_or_else(PoisonError::into_inner);
        for idle in stock.idle.drain(..) {
            drop(idle.kept.connection.detach());
        }
    }
}

/// A connection was opened on this thread.
pub(crate) fn note_opened() {
    OPENED.set(true);
}

/// The driver's form of a statement.
pub(crate) fn query(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

/// Whether the server, or the way to it, has gone, and not the statement was at fault.
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with(SHUTTING_DOWN)),
        _ => true,
    }
}

const fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

fn not_acquired(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}
