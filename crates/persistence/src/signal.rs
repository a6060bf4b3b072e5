//! News of committed work, within the process and between nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ports::StoreError;
use ports::outbox::WorkSignal;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::clock::since_boot;
use crate::database::Database;
use crate::error::driver_error;

/// Where nodes tell each other.
const CHANNEL: &str = "smm_guru_work";
/// News within this time are told once.
const COALESCE: Duration = Duration::from_millis(5);
/// How long to wait after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Wakes relays when work was committed: at once those of this process, and on PostgreSQL those of other nodes too.
/// Losing news costs latency only, because relays look on a timer as well.
///
/// Nodes are told by a `NOTIFY` of its own and never within the transaction that did the work: `NOTIFY` takes a lock
/// of the whole server until the commit is durable, which would let only one order at a time be placed.
///
/// News are for whoever waits. If several wait in one process, all are woken; if none does, the next one to ask is.
pub struct DatabaseSignal {
    news: Arc<News>,
    announce: Arc<Notify>,
    tasks: Vec<AbortHandle>,
}

impl DatabaseSignal {
    /// A signal for `database`. Its tasks end when it is dropped.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if PostgreSQL does not answer.
    pub async fn start(database: &Database) -> Result<Self, StoreError> {
        let news = Arc::new(News::default());
        let announce = Arc::new(Notify::new());
        let mut tasks = Vec::new();
        if let Some(options) = database.postgres() {
            // Nothing is lost if the server forgets an announcement, so no disk has to turn for it.
            let pool = PgPoolOptions::new()
                .max_connections(2)
                .connect_with(options.clone().options([("synchronous_commit", "off")]))
                .await
                .map_err(|error| driver_error(&error))?;
            let node = format!("{}-{}", std::process::id(), since_boot().as_nanos());
            let announcing = announce_forever(pool.clone(), Arc::clone(&announce), node.clone());
            let listening = listen_forever(pool, Arc::clone(&news), node);
            tasks.push(tokio::spawn(announcing).abort_handle());
            tasks.push(tokio::spawn(listening).abort_handle());
        }
        Ok(Self {
            news,
            announce,
            tasks,
        })
    }
}

impl Drop for DatabaseSignal {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

#[async_trait]
impl WorkSignal for DatabaseSignal {
    fn notify(&self) {
        self.news.tell();
        self.announce.notify_one();
    }

    async fn notified(&self) {
        self.news.hear().await;
    }
}

/// News within the process: how often there were any, and up to which of them somebody has heard.
#[derive(Default)]
struct News {
    told: AtomicU64,
    heard: AtomicU64,
    waiting: Notify,
}

impl News {
    fn tell(&self) {
        self.told.fetch_add(1, Ordering::SeqCst);
        self.waiting.notify_waiters();
    }

    /// Nothing is marked as heard before the call returns, so abandoning it loses nothing.
    async fn hear(&self) {
        let woken = self.waiting.notified();
        tokio::pin!(woken);
        // Before looking: what is told after this wakes the future.
        woken.as_mut().enable();
        if self.told.load(Ordering::SeqCst) == self.heard.load(Ordering::SeqCst) {
            woken.await;
        }
        self.heard
            .fetch_max(self.told.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

async fn announce_forever(pool: PgPool, announce: Arc<Notify>, node: String) {
    loop {
        announce.notified().await;
        while let Err(error) = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(&node)
            .execute(&pool)
            .await
        {
            tracing::debug!(%error, "other nodes were not told of new work");
            sleep(RETRY_AFTER).await;
        }
        sleep(COALESCE).await;
    }
}

async fn listen_forever(pool: PgPool, news: Arc<News>, node: String) {
    loop {
        if let Err(error) = listen(&pool, &news, &node).await {
            tracing::debug!(%error, "cannot hear of work from other nodes");
        }
        sleep(RETRY_AFTER).await;
    }
}

/// Hears until the connection is lost.
async fn listen(pool: &PgPool, news: &News, node: &str) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // From here on nothing is missed; before, something may have been.
    news.tell();
    while let Some(notification) = listener.try_recv().await? {
        // This process has heard its own news already.
        if notification.payload() != node {
            news.tell();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn news_before_the_question_are_heard_once() {
        let news = News::default();
        news.tell();
        news.tell();
        timeout(LONG, news.hear()).await.expect("there are news");
        timeout(SOON, news.hear()).await.expect_err("they were heard");
    }

    #[tokio::test]
    async fn everybody_who_waits_is_woken() {
        let news = Arc::new(News::default());
        let wait = || {
            let news = Arc::clone(&news);
            tokio::spawn(async move { timeout(LONG, news.hear()).await })
        };
        let waiters = [wait(), wait(), wait()];
        sleep(SOON).await;
        news.tell();
        for waiter in waiters {
            waiter.await.expect("no panic").expect("woken");
        }
    }

    #[tokio::test]
    async fn an_abandoned_question_loses_no_news() {
        let news = News::default();
        timeout(SOON, news.hear()).await.expect_err("there are no news");
        let mut abandoned = Box::pin(news.hear());
        assert!(futures::poll!(&mut abandoned).is_pending());
        news.tell();
        drop(abandoned);
        timeout(LONG, news.hear())
            .await
            .expect("the news are still there");
    }
}
