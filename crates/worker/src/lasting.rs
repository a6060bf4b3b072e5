//! Loops that go on after a panic.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use ports::jobs::Stop;

/// How long a loop that panicked rests.
const REST: Duration = Duration::from_secs(1);

/// Runs a loop until it ends by itself. If it panics it begins anew, because without the relay or the consumer the
/// process would seem to live and do nothing.
pub async fn run_lasting<F>(name: &'static str, stop: &Stop, begin: impl Fn() -> F)
where
    F: Future<Output = ()>,
{
    // A panic leaves nothing half done behind that the next beginning could see: transactions roll back when dropped.
    while AssertUnwindSafe(begin()).catch_unwind().await.is_err() {
        tracing::error!(name, "a background loop panicked; it begins anew");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REST) => {}
        }
    }
}
