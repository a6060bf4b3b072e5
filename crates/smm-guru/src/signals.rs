//! Being asked to stop.

/// Resolves on SIGTERM or Ctrl-C.
pub async fn until_asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    // Without a handler the process would be killed by the signal anyway.
    let _ = tokio::signal::ctrl_c().await;
}
