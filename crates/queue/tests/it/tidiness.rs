//! What is left in Redis.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use testkit::contract::queue::{Consumption, Reporter, Work, job, jobs};

use crate::server;

async fn keys(redis: &mut MultiplexedConnection, prefix: &str) -> Vec<String> {
    let mut keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{prefix}*"))
        .query_async(redis)
        .await
        .unwrap();
    keys.sort();
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finished_jobs_and_departed_workers_leave_nothing_behind() {
    let Some(url) = server::shared("what finished jobs leave behind") else {
        return;
    };
    let options = server::options();
    let queue = server::queue(&url, options.clone());
    let (handler, mut reports) = Reporter::new(|job| {
        if job.id % 50 == 0 {
            Work::Panic
        } else {
            Work::Nothing
        }
    });
    queue.jobs.push(&jobs(0..500)).await.unwrap();
    let consumption = Consumption::start(&queue, &handler, 8);
    reports.each_once(500).await;
    queue.until_empty().await.unwrap();

    let mut redis = server::connect(&url).await;
    let kept = keys(&mut redis, &options.prefix).await;
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(kept[0], format!("{}:workers", options.prefix));
    assert!(
        kept[1].starts_with(&format!("{}:workers:metadata:", options.prefix)),
        "{kept:?}"
    );

    consumption.end().await;
    assert_eq!(keys(&mut redis, &options.prefix).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_that_stops_apalis_is_worked_off() {
    const BACKLOG: i64 = 9_000;
    let Some(url) = server::shared("a large backlog") else {
        return;
    };
    let options = server::options();
    let queue = server::queue(&url, options.clone());
    // As nodes would leave it behind that pushed at the same time and died before they made it ready.
    let config = apalis_redis::Config::default().queue(&options.prefix);
    let mut redis = server::connect(&url).await;
    let payload = |id: i64| {
        format!(r#"{{"id":{id},"topic":"order.submit","subject":1,"claim":1,"lease_until":0}}"#).into_bytes()
    };
    for first in (0..BACKLOG).step_by(500) {
        let tasks: Vec<apalis_redis::RedisTask> = (first..first + 500)
            .map(|id| apalis::prelude::TaskBuilder::new(payload(id)).build())
            .collect();
        apalis_redis::queries::push_tasks(&mut redis, &config, &tasks)
            .await
            .unwrap();
    }
    assert_eq!(queue.jobs.room().await.unwrap(), 0);

    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 16);
    reports.each_once(usize::try_from(BACKLOG).unwrap()).await;
    queue.until_empty().await.unwrap();
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_redis_lost_parts_of_neither_stop_the_others_nor_take_up_room() {
    let Some(url) = server::shared("lost parts of jobs") else {
        return;
    };
    let options = server::options();
    let queue = server::queue(&url, options.clone());
    let mut redis = server::connect(&url).await;
    let prefix = &options.prefix;
    // All that is left of these ten is their data.
    queue.jobs.push(&jobs(0..10)).await.unwrap();
    redis::cmd("DEL")
        .arg(format!("{prefix}:active"))
        .exec_async(&mut redis)
        .await
        .unwrap();
    // And these ten have everything else.
    queue.jobs.push(&jobs(10..20)).await.unwrap();
    let waiting: Vec<String> = redis::cmd("LRANGE")
        .arg(format!("{prefix}:active"))
        .arg(0)
        .arg(-1)
        .query_async(&mut redis)
        .await
        .unwrap();
    redis::cmd("HDEL")
        .arg(format!("{prefix}:data"))
        .arg(&waiting)
        .exec_async(&mut redis)
        .await
        .unwrap();
    queue.jobs.push(&jobs(20..30)).await.unwrap();

    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 1);
    let mut ids = reports.each_once(10).await;
    ids.sort_unstable();
    assert!(ids.into_iter().eq(20..30));
    queue.until_empty().await.unwrap();

    consumption.end().await;
    assert_eq!(keys(&mut redis, prefix).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_dropped() {
    let Some(url) = server::shared("unreadable jobs") else {
        return;
    };
    let options = server::options();
    let queue = server::queue(&url, options.clone());
    let config = apalis_redis::Config::default().queue(&options.prefix);
    let mut redis = server::connect(&url).await;
    let payloads = [
        r#"{"id":1,"topic":"order.teleport","subject":1,"claim":1,"lease_until":0}"#,
        r#"{"unexpected":[]}"#,
        "null",
    ];
    let tasks: Vec<apalis_redis::RedisTask> = payloads
        .iter()
        .map(|payload| apalis::prelude::TaskBuilder::new(payload.as_bytes().to_vec()).build())
        .collect();
    apalis_redis::queries::push_tasks(&mut redis, &config, &tasks)
        .await
        .unwrap();
    queue.jobs.push(&[job(7)]).await.unwrap();

    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 1);
    assert_eq!(reports.next().await.id, 7);
    queue.until_empty().await.unwrap();
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_from_a_node_whose_clock_is_ahead_is_handled_at_once() {
    let Some(url) = server::shared("a clock that is ahead") else {
        return;
    };
    let options = server::options();
    let queue = server::queue(&url, options.clone());
    let config = apalis_redis::Config::default().queue(&options.prefix);
    let mut redis = server::connect(&url).await;
    let payload = br#"{"id":1,"topic":"order.submit","subject":1,"claim":1,"lease_until":0}"#.to_vec();
    let task = apalis::prelude::TaskBuilder::new(payload)
        .run_in_seconds(3_600)
        .build();
    apalis_redis::queries::push_tasks(&mut redis, &config, &[task])
        .await
        .unwrap();
    // Whoever pushes next makes ready what waits.
    queue.jobs.push(&[job(2)]).await.unwrap();

    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 1);
    let mut ids = [
        reports.within(Duration::from_secs(5)).await.id,
        reports.next().await.id,
    ];
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
    consumption.end().await;
}
