//! The other side: a test that is no test, run in a process of its own for every life.

use std::sync::Arc;

use super::life::{LIFE, Life, Wish};
use super::process::{LONG, Process, SOON};
use super::rows::{Row, Scene};

#[expect(
    clippy::disallowed_methods,
    reason = "a process is told by its environment what to live"
)]
fn life() -> Option<Life> {
    let told = std::env::var(LIFE).ok()?;
    Some(serde_json::from_str(&told).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
#[ignore = "it is the process under test, which the tests of this module start"]
async fn lives() {
    let Some(life) = life() else {
        return println!("nobody said what to live");
    };
    let process = Arc::new(Process::open(&life).await);
    let row = life.row.as_deref().map(Row::named);
    if let Some(row) = row {
        row.arm(&process);
    }
    for wish in &life.again {
        process.place(wish).await;
    }
    let Some(row) = row else {
        process.work(LONG).await;
        return;
    };
    process.work(SOON).await;
    let wish = life.wish.as_ref().unwrap();
    match row.scene {
        Scene::Usual | Scene::PanelDown => process.place(wish).await,
        Scene::AskedTwice => {
            tokio::join!(process.place(wish), process.place(wish));
        }
        Scene::AfterAnother => {
            process.place(&another(wish)).await;
            process.do_what_is_due().await;
            process.place(wish).await;
        }
    }
    process.work(LONG).await;
    panic!("row {} never came to {}", row.code, row.dies_at);
}

/// An ordinary order beside the one that the row is about.
fn another(wish: &Wish) -> Wish {
    let (base, _) = wish.link.split_once('?').unwrap();
    Wish {
        key: format!("{}-another", wish.key),
        link: format!("{base}-another?sandbox=complete"),
        orders: 1,
    }
}
