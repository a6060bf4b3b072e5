//! The process that is stopped: the product's workers, which wait at a point until they are told to go on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::LevelFilter;

use super::UNHURRIED;
use crate::processes::installation::{Address, open_at};

/// The environment variable with a [`Life`] in it.
pub const LIFE: &str = "SMM_GURU_TEST_PAUSED_LIFE";
/// What it says whenever one more job has come to the point.
pub const ARRIVED: &str = "@ arrived";
/// Tells it that the jobs at the point may go on.
pub const GO: &str = "go";
/// Tells it to end as it does when it is asked to.
pub const STOP: &str = "stop";

/// What the process is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Life {
    pub address: Address,
    pub workers: usize,
    /// Where jobs wait, and how many of them; later ones pass.
    pub point: String,
    pub jobs: usize,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a process is told by its environment what to live"
)]
fn life() -> Option<Life> {
    let told = std::env::var(LIFE).ok()?;
    Some(serde_json::from_str(&told).unwrap())
}

/// Closed, until it is opened for good.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn wait(&self) {
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
#[ignore = "it is the process under test, which the tests of this module start"]
async fn works() {
    let Some(life) = life() else {
        return println!("nobody said what to live");
    };
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    let system = open_at(&life.address, UNHURRIED, life.workers).await;
    let (gate, arrived) = (Arc::new(Gate::default()), AtomicUsize::new(0));
    let closed = Arc::clone(&gate);
    let wait = move || {
        if arrived.fetch_add(1, Ordering::SeqCst) < life.jobs {
            println!("{ARRIVED}");
            tokio::task::block_in_place(|| closed.wait());
        }
    };
    failpoints::arm(&life.point, wait).unwrap();
    let running = match life.address {
        Address::Folder(_) => system.start().unwrap(),
        Address::Servers { .. } => system.start_workers(),
    };
    let told = tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            match line.unwrap().as_str() {
                GO => gate.open(),
                STOP => return,
                line => panic!("nobody knows what {line} means"),
            }
        }
    });
    told.await.unwrap();
    running.stop().await;
    system.close().await;
}
