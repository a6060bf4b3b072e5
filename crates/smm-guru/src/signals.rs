//! Being asked to stop.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

/// Resolves on SIGTERM or Ctrl-C. It listens from the call on, not only when it is awaited.
pub fn asked_to_stop() -> impl Future<Output = ()> + Send {
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async move {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            (Ok(mut only), Err(_)) | (Err(_), Ok(mut only)) => {
                only.recv().await;
            }
            // Without a handler the process is ended by the signal itself.
            (Err(_), Err(_)) => std::future::pending().await,
        }
    }
}
