//! News that there are news, within the process.

use async_trait::async_trait;
use ports::live::Bell;
use tokio::sync::Notify;

/// Rings in this process.
#[derive(Debug, Default)]
pub struct InProcessBell(Notify);

#[async_trait]
impl Bell for InProcessBell {
    fn ring(&self) {
        self.0.notify_one();
    }

    async fn rung(&self) {
        self.0.notified().await;
    }
}
