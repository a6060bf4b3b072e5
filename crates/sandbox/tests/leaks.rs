//! A panel on the same machine as what it tests must not run out of sockets. Alone in its binary, because it
//! counts the descriptors of the process.
#![cfg(target_os = "linux")]

mod support;

use std::time::Duration;

use support::{add_fields, panel, see};

#[tokio::test]
async fn connections_of_callers_who_left_are_given_up() {
    let panel = panel().await;
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    for script in [
        "hang",
        "half-close",
        "drip",
        "slow",
        "accept-late",
        "truncated",
        "reset",
        "huge",
    ] {
        let fields = add_fields(&format!("https://a.test/?sandbox={script}"));
        for _ in 0..20 {
            see(&panel, &fields, Duration::from_millis(5)).await;
        }
    }
    for _ in 0..100 {
        if open() <= before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} descriptors are still open, {before} were before", open());
}
