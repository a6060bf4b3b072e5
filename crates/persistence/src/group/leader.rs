//! The task that owns the outer transaction.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use ports::StoreError;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{End, Kept, Member, Request};
use crate::connections::{Caller, Connections};
use crate::database::begin_on;
use crate::error::store_error;

/// Members of one group, at most.
const MEMBERS_MAX: usize = 64;
/// A group that is older gives no more turns.
const AGE_MAX: Duration = Duration::from_millis(25);
const MARK: &str = "SAVEPOINT member";
const MARK_AGAIN: &str = "RELEASE member; SAVEPOINT member";
const BACK_TO_MARK: &str = "ROLLBACK TO member";

/// Leads one group after the other until nobody can ask for a turn any more.
pub(super) async fn lead(write: Connections, mut requests: mpsc::UnboundedReceiver<Request>, idle: Duration) {
    while let Some(first) = waiting(requests.recv().await) {
        let Some(first) = first else { continue };
        // Nobody drops this task but the end of the process.
        match begin_on(&write, Caller::Stays).await {
            Ok(outer) => {
                let group = Leader::new(idle).run(outer.mapped(), first, &mut requests);
                if AssertUnwindSafe(group).catch_unwind().await.is_err() {
                    tracing::error!("a group of transactions panicked; nobody was told that it was recorded");
                }
            }
            Err(error) => drop(first.send(Err(error))),
        }
    }
}

/// A request, unless who asked has gone meanwhile.
fn waiting(request: Option<Request>) -> Option<Option<Request>> {
    request.map(|request| (!request.is_closed()).then_some(request))
}

/// What lies between the last member that kept something and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// No savepoint yet.
    Missing,
    /// A savepoint, and nothing after it.
    Clean,
    /// A savepoint, and what a member kept after it.
    Passed,
}

struct Leader {
    idle: Duration,
    kept: Vec<Kept>,
    mark: Mark,
}

impl Leader {
    const fn new(idle: Duration) -> Self {
        Self {
            idle,
            kept: Vec::new(),
            mark: Mark::Missing,
        }
    }

    async fn run(
        mut self,
        mut outer: DatabaseTransaction,
        first: Request,
        requests: &mut mpsc::UnboundedReceiver<Request>,
    ) {
        let began = Instant::now();
        let mut next = Some(first);
        while let Some(request) = next {
            let Some(back) = self.turn(outer, request).await else {
                return self.tell(&Err(StoreError::Contended));
            };
            outer = back;
            next = None;
            while self.kept.len() < MEMBERS_MAX && began.elapsed() < AGE_MAX && next.is_none() {
                match waiting(requests.try_recv().ok()) {
                    Some(request) => next = request,
                    None => break,
                }
            }
        }
        let committed = outer.commit().await.map_err(|error| unknown(store_error(error)));
        self.tell(&committed);
    }

    /// Gives somebody a turn. Gives the outer transaction back, unless it is lost; then nothing of it is recorded.
    async fn turn(&mut self, outer: DatabaseTransaction, request: Request) -> Option<DatabaseTransaction> {
        if !self.set_mark(&outer).await {
            drop(request.send(Err(StoreError::Contended)));
            return None;
        }
        match self.lend(outer, request).await? {
            End::Keep(outer, kept) => {
                self.kept.push(kept);
                if self.mark == Mark::Clean {
                    self.mark = Mark::Passed;
                }
                Some(outer)
            }
            End::Undo(outer) => self.undo(outer).await,
        }
    }

    /// Puts a savepoint behind what was kept. The first member needs none: the whole transaction is its own.
    async fn set_mark(&mut self, outer: &DatabaseTransaction) -> bool {
        let statement = match self.mark {
            Mark::Missing if self.kept.is_empty() => return true,
            Mark::Clean => return true,
            Mark::Missing => MARK,
            Mark::Passed => MARK_AGAIN,
        };
        self.mark = Mark::Clean;
        done(statement, outer).await
    }

    /// Takes back what came after the savepoint. That fails if SQLite has taken back everything by itself.
    async fn undo(&mut self, outer: DatabaseTransaction) -> Option<DatabaseTransaction> {
        if self.mark == Mark::Missing {
            // Dropping it rolls it back. Nobody has kept anything.
            return None;
        }
        done(BACK_TO_MARK, &outer).await.then_some(outer)
    }

    async fn lend(&self, outer: DatabaseTransaction, request: Request) -> Option<End> {
        let (end, mut ended) = oneshot::channel();
        let (member, desk) = Member::new(outer, end);
        // If who asked has gone, the member is dropped, and that ends its turn.
        drop(request.send(Ok(member)));
        let mut seen = 0;
        loop {
            if let Ok(end) = timeout(self.idle, &mut ended).await {
                return end.ok();
            }
            let (steps, outer) =
                desk.look(|lying| (lying.steps, lying.outer.take_if(|_| lying.steps == seen)));
            if let Some(outer) = outer {
                tracing::warn!("a transaction did nothing for too long and was rolled back");
                return Some(End::Undo(outer));
            }
            if steps == seen {
                // It may have ended in this moment; else a step hangs, and its outer transaction is never committed.
                return ended.try_recv().ok();
            }
            seen = steps;
        }
    }

    fn tell(self, result: &Result<(), StoreError>) {
        for kept in self.kept {
            if let (Ok(()), Some(news)) = (result, kept.news) {
                news.notify();
            }
            drop(kept.told.send(result.clone()));
        }
    }
}

async fn done(statement: &str, outer: &DatabaseTransaction) -> bool {
    match outer.execute_unprepared(statement).await {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(%error, statement, "a group of transactions was rolled back");
            false
        }
    }
}

/// What a failed commit means. Unless somebody else was in the way, what was written may be found again after a crash.
fn unknown(error: StoreError) -> StoreError {
    match error {
        StoreError::Contended | StoreError::Unavailable(_) => error,
        other => StoreError::Unavailable(other.to_string()),
    }
}
