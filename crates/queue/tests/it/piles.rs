//! What many jobs and many deaths leave behind in Redis.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::jobs::Stop;
use redis::aio::MultiplexedConnection;
use testkit::contract::queue::{Consumption, Queue, Reporter, Reports, Work, jobs};
use tokio::sync::Semaphore;

use crate::server::{self, Private};

const JOBS: i64 = 10_000;
/// What Redis may hold more than before: its own housekeeping. Ten thousand jobs take several megabytes.
const BYTES: u64 = 200_000;

/// How long the name of a worker stays, in seconds.
const REMEMBERED_FOR: i64 = 600;

/// How many keys there are, and the bytes that Redis has in use.
async fn state(redis: &mut MultiplexedConnection) -> (u64, u64) {
    let keys = redis::cmd("DBSIZE").query_async(redis).await.unwrap();
    let memory: String = redis::cmd("INFO").arg("memory").query_async(redis).await.unwrap();
    let used = memory.lines().find_map(|line| line.strip_prefix("used_memory:"));
    (keys, used.unwrap().trim().parse().unwrap())
}

/// Jobs go through the queue as a relay would hand them over.
async fn go_through(queue: &Queue, reports: &mut Reports, ids: std::ops::Range<i64>) {
    let mut waiting = jobs(ids);
    while !waiting.is_empty() {
        let room = usize::from(queue.jobs.room().await.unwrap());
        let batch: Vec<_> = waiting.drain(..waiting.len().min(room).min(100)).collect();
        queue.jobs.push(&batch).await.unwrap();
        for _ in batch {
            reports.next().await;
        }
    }
    queue.until_empty().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_finished_jobs_leave_redis_as_it_was() {
    let Some(server) = Private::start("ten thousand finished jobs").await else {
        return;
    };
    let queue = server::queue(&server.url, server::options());
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 16);
    let mut redis = server::connect(&server.url).await;
    go_through(&queue, &mut reports, 0..500).await;
    let (keys, bytes) = state(&mut redis).await;

    go_through(&queue, &mut reports, 500..500 + JOBS).await;
    let (keys_after, bytes_after) = state(&mut redis).await;
    println!("{keys} keys and {bytes} bytes before, {keys_after} and {bytes_after} after");
    assert_eq!(keys_after, keys);
    assert!(bytes_after < bytes + BYTES, "{bytes} bytes became {bytes_after}");
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_died_are_forgotten_with_all_that_was_theirs() {
    const DEAD: i64 = 5;
    let Some(server) = Private::start("dead workers").await else {
        return;
    };
    let mut options = server::options();
    options.heartbeat = Duration::from_secs(1);
    options.missed_heartbeats = 2;
    let queue = server::queue(&server.url, options.clone());
    queue.jobs.push(&jobs(0..DEAD * 2)).await.unwrap();
    for _ in 0..DEAD {
        let (url, options) = (server.url.clone(), options.clone());
        let (doomed, mut taken) = Reporter::gated(Arc::new(Semaphore::new(0)));
        let machine = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        machine.spawn(async move {
            let queue = server::queue(&url, options);
            queue.consumer.consume(doomed, 1, Stop::new()).await;
        });
        taken.next().await;
        machine.shutdown_background();
    }
    let mut redis = server::connect(&server.url).await;
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 2);
    for _ in 0..DEAD * 2 {
        reports.next().await;
    }
    queue.until_empty().await.unwrap();
    let (prefix, begun) = (&options.prefix, Instant::now());
    loop {
        let living: Vec<String> = redis::cmd("ZRANGE")
            .arg(format!("{prefix}:workers"))
            .arg(0)
            .arg(-1)
            .query_async(&mut redis)
            .await
            .unwrap();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(format!("{prefix}:*"))
            .query_async(&mut redis)
            .await
            .unwrap();
        let (names, rest): (Vec<&String>, Vec<&String>) = keys
            .iter()
            .partition(|key| key.starts_with(&format!("{prefix}:workers:metadata:")));
        if living.len() == 1 && rest == [&format!("{prefix}:workers")] {
            for name in names {
                let left: i64 = redis::cmd("TTL").arg(name).query_async(&mut redis).await.unwrap();
                assert!((1..=REMEMBERED_FOR).contains(&left), "{name} goes after {left} s");
            }
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{living:?} live, and there are {keys:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    consumption.end().await;
}
