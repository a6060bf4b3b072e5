//! Ctrl-C, SIGTERM and SIGHUP become a flag that every wait looks at, so that leaving early runs the same
//! destructors as leaving in good order: servers stop and their folders go.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;

/// What a shell reports for a program ended by SIGINT.
pub const EXIT_CODE: u8 = 130;

static RECEIVED: AtomicUsize = AtomicUsize::new(0);

/// Counts the signals from here on; call once.
pub fn watch() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        RECEIVED.fetch_add(1, Ordering::Relaxed);
    })
    .context("cannot watch for signals")
}

/// Somebody wants the program to end.
pub fn interrupted() -> bool {
    RECEIVED.load(Ordering::Relaxed) > 0
}

/// Somebody asked twice: no more waiting for children to end by themselves.
pub fn impatient() -> bool {
    RECEIVED.load(Ordering::Relaxed) > 1
}
