//! News that there are news, between nodes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::{Client, RedisError, cmd};
use domain::Secret;
use futures::StreamExt;
use ports::live::Bell;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::pool::{RedisPool, UnusableRedisUrl};
use crate::bell::InProcessBell;

/// Rings within this time are told once.
const COALESCE: Duration = Duration::from_millis(10);
/// How long to wait after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Rings in this process at once, and in others through Redis. While Redis is away the others look by themselves.
pub struct RedisBell {
    here: Arc<InProcessBell>,
    announce: Arc<Notify>,
    tasks: [AbortHandle; 2],
}

impl RedisBell {
    /// A bell on a channel. `node` tells this process from others. Its tasks end when it is dropped.
    ///
    /// # Errors
    /// [`UnusableRedisUrl`] if the URL is none of Redis.
    pub fn start(
        pool: RedisPool,
        url: &Secret,
        channel: String,
        node: String,
    ) -> Result<Self, UnusableRedisUrl> {
        let client = Client::open(url.reveal())?;
        let here = Arc::new(InProcessBell::default());
        let announce = Arc::new(Notify::new());
        let announcing = announce_forever(pool, Arc::clone(&announce), channel.clone(), node.clone());
        let listening = listen_forever(client, Arc::clone(&here), channel, node);
        Ok(Self {
            here,
            announce,
            tasks: [
                tokio::spawn(announcing).abort_handle(),
                tokio::spawn(listening).abort_handle(),
            ],
        })
    }
}

impl Drop for RedisBell {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

#[async_trait]
impl Bell for RedisBell {
    fn ring(&self) {
        self.here.ring();
        self.announce.notify_one();
    }

    async fn rung(&self) {
        self.here.rung().await;
    }
}

/// What is not told is not told later: by then the others have looked.
async fn announce_forever(pool: RedisPool, announce: Arc<Notify>, channel: String, node: String) {
    loop {
        announce.notified().await;
        let told = async {
            let mut connection = pool.get().await.ok()?;
            let mut publish = cmd("PUBLISH");
            publish.arg(&channel).arg(&node);
            publish.query_async::<i64>(&mut connection).await.ok()
        };
        let pause = if told.await.is_some() {
            COALESCE
        } else {
            RETRY_AFTER
        };
        sleep(pause).await;
    }
}

async fn listen_forever(client: Client, here: Arc<InProcessBell>, channel: String, node: String) {
    loop {
        if let Err(error) = listen(&client, &here, &channel, &node).await {
            tracing::debug!(%error, "cannot hear of news from other nodes");
        }
        sleep(RETRY_AFTER).await;
    }
}

/// Hears until the connection is lost.
async fn listen(client: &Client, here: &InProcessBell, channel: &str, node: &str) -> Result<(), RedisError> {
    let mut listener = client.get_async_pubsub().await?;
    listener.subscribe(channel).await?;
    // From here on nothing is missed; before, something may have been.
    here.ring();
    let mut messages = listener.on_message();
    while let Some(message) = messages.next().await {
        // This process has heard its own already.
        if message.get_payload::<String>()? != node {
            here.ring();
        }
    }
    Ok(())
}
