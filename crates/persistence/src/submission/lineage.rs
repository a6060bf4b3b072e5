//! Noticing that connections lead to another server, before anything is done on them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::PgConnection;

/// What a new connection leads to. A replica keeps the time of its start when it is promoted, but connections to it
/// from before that are refused.
const SERVER: &str =
    "SELECT pg_is_in_recovery(), CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) AS TEXT)";

/// Which server the connections lead to, as told by the latest of them.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    server: Option<String>,
    generation: u64,
    since: Option<Instant>,
}

impl Lineage {
    /// Looks where a new connection leads. It is not used if the server cannot be written to.
    pub(crate) async fn greet(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let (is_replica, started): (bool, String) = sqlx::query_as(SERVER).fetch_one(connection).await?;
        if is_replica {
            return Err(sqlx::Error::Configuration(
                "it is a replica, which cannot be written to".into(),
            ));
        }
        self.meet(started);
        Ok(())
    }

    /// Whether a connection of this age is no older than the latest change of servers.
    pub(crate) fn is_current(&self, age: Duration) -> bool {
        self.seen(|seen| seen.since.is_none_or(|since| since.elapsed() >= age))
    }

    /// Counts the changes.
    pub(crate) fn generation(&self) -> u64 {
        self.seen(|seen| seen.generation)
    }

    fn meet(&self, server: String) {
        self.seen(|seen| {
            if seen.server.as_ref() == Some(&server) {
                return;
            }
            if seen.server.replace(server).is_some() {
                tracing::warn!("the database server was started again, or is another one");
                seen.generation += 1;
                seen.since = Some(Instant::now());
            }
        });
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_server_counts_and_makes_older_connections_useless() {
        let lineage = Lineage::default();
        lineage.meet("one".to_owned());
        lineage.meet("one".to_owned());
        assert_eq!(lineage.generation(), 0);
        assert!(lineage.is_current(Duration::from_hours(1)));
        lineage.meet("two".to_owned());
        assert_eq!(lineage.generation(), 1);
        assert!(
            !lineage.is_current(Duration::from_hours(1)),
            "it was opened before"
        );
        assert!(lineage.is_current(Duration::ZERO), "it was opened after");
        lineage.meet("one".to_owned());
        assert_eq!(lineage.generation(), 2, "back is a change too");
    }
}
