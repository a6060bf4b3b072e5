//! Waiting.

use std::time::{Duration, Instant};

/// How long anything may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(45);
const GLANCE: Duration = Duration::from_millis(50);

/// Asks until there is an answer. `what` says what did not happen in time.
pub async fn eventually<T>(what: impl Fn() -> String, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "not in time: {}", what());
        tokio::time::sleep(GLANCE).await;
    }
}
