//! Group commit for SQLite: transactions that come one after another share one flush to the disk.
//!
//! SQLite has one writer, and a commit waits for the disk, which can do a few hundred of that a second. So the *leader*,
//! a task that nobody can cancel, opens one **outer** transaction and lends it to one *member* at a time. A member is what
//! the rest of the crate takes for a transaction. It ends by keeping what it did or by undoing it, back to a savepoint.
//! The leader commits when nobody waits for a turn, or when the group is large or old enough, and only then tells the
//! members that kept something. Nobody waits on purpose: a group gathers while the commit before it runs.
//!
//! What holds:
//! * Nobody is told before the outer commit is durable. If it fails, nobody is told that it worked.
//! * The outer transaction travels by value. Whoever holds it may use it, and only the leader commits it.
//! * If SQLite takes the outer transaction back by itself (a full or broken disk), the next savepoint command fails;
//!   everybody in the group is told that nothing was recorded.
//! * A member that does nothing for a while loses its turn, so that it does not keep others from their answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ports::StoreError;
use ports::outbox::WorkSignal;
use sea_orm::DatabaseTransaction;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::connections::Connections;

mod leader;

/// Hands out turns. Clones share them; the leader ends with the last one.
#[derive(Clone)]
pub(crate) struct Group {
    queue: mpsc::UnboundedSender<Request>,
    wait: Duration,
}

/// Somebody waits for a turn.
type Request = oneshot::Sender<Result<Member, StoreError>>;

impl Group {
    /// Leads groups on `write`. A turn is waited for as long as `wait`, and lost after doing nothing for `idle`.
    pub(crate) fn start(write: Connections, wait: Duration, idle: Duration) -> Self {
        let (queue, requests) = mpsc::unbounded_channel();
        tokio::spawn(leader::lead(write, requests, idle));
        Self { queue, wait }
    }

    /// Waits for a turn, first come, first served.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is none in time; [`StoreError::Contended`] if another process keeps writing.
    pub(crate) async fn join(&self) -> Result<Member, StoreError> {
        let (request, turn) = oneshot::channel();
        let gone = || StoreError::Unavailable("the database does not take writes any more".to_owned());
        self.queue.send(request).map_err(|_| gone())?;
        match timeout(self.wait, turn).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(StoreError::Unavailable("no turn to write in time".to_owned())),
        }
    }
}

/// A transaction within the outer one. Dropping it undoes what it did.
pub(crate) struct Member {
    desk: Arc<Desk>,
    /// The outer transaction, while a step runs.
    outer: Option<DatabaseTransaction>,
    end: Option<oneshot::Sender<End>>,
}

/// How a member ends.
enum End {
    Keep(DatabaseTransaction, Kept),
    Undo(DatabaseTransaction),
}

/// Who waits for the outer commit.
struct Kept {
    told: oneshot::Sender<Result<(), StoreError>>,
    news: Option<Arc<dyn WorkSignal>>,
}

/// Where the outer transaction lies while no step runs, so that the leader can take it back.
struct Desk(Mutex<Lying>);

struct Lying {
    outer: Option<DatabaseTransaction>,
    steps: u64,
}

impl Desk {
    fn look<T>(&self, at: impl FnOnce(&mut Lying) -> T) -> T {
        at(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Member {
    fn new(outer: DatabaseTransaction, end: oneshot::Sender<End>) -> (Self, Arc<Desk>) {
        let outer = Some(outer);
        let desk = Arc::new(Desk(Mutex::new(Lying { outer, steps: 0 })));
        let member = Self {
            desk: Arc::clone(&desk),
            outer: None,
            end: Some(end),
        };
        (member, desk)
    }

    /// Begins a step. [`Member::rest`] ends it.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if the turn was lost; then nothing is recorded.
    pub(crate) fn step(&mut self) -> Result<&DatabaseTransaction, StoreError> {
        if self.outer.is_none() {
            self.outer = self.desk.look(|lying| {
                lying.steps += 1;
                lying.outer.take()
            });
        }
        self.outer.as_ref().ok_or(StoreError::Contended)
    }

    /// Ends a step.
    pub(crate) fn rest(&mut self) {
        if let Some(outer) = self.outer.take() {
            self.desk.look(|lying| lying.outer = Some(outer));
        }
    }

    /// Keeps what was done, hands the turn on, and waits until it is durable. Then, and only then, tells the `news`.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if nothing was recorded; [`StoreError::Unavailable`] if nobody knows.
    pub(crate) async fn commit(mut self, news: Option<Arc<dyn WorkSignal>>) -> Result<(), StoreError> {
        self.rest();
        let (told, durable) = oneshot::channel();
        let outer = self.desk.look(|lying| lying.outer.take());
        let (Some(outer), Some(end)) = (outer, self.end.take()) else {
            return Err(StoreError::Contended);
        };
        if end.send(End::Keep(outer, Kept { told, news })).is_err() {
            // The leader gave up on this turn. What it would have committed was dropped just now.
            return Err(StoreError::Contended);
        }
        durable.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(
                "the commit was not seen to end".to_owned(),
            ))
        })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.rest();
        if let (Some(outer), Some(end)) = (self.desk.look(|lying| lying.outer.take()), self.end.take()) {
            // If nobody listens any more, the outer transaction is dropped, which rolls it back.
            drop(end.send(End::Undo(outer)));
        }
    }
}
