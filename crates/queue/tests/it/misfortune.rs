//! What happens to Redis and to other nodes must not end a consumer, nor lose a job for longer than its lease.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::jobs::Stop;
use testkit::contract::queue::{Consumption, Queue, Reporter, Reports, Work, job, jobs};
use tokio::sync::Semaphore;

use crate::server::{self, Private};

/// Pushes until Redis takes it; then somebody has to handle it soon.
async fn assert_goes_on(queue: &Queue, reports: &mut Reports, id: i64) {
    let begun = Instant::now();
    while let Err(error) = queue.jobs.push(&[job(id)]).await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Jobs from before the misfortune may come first.
    while reports.within(Duration::from_secs(20)).await.id != id {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_redis_costs_the_jobs_in_it_and_nothing_else() {
    let Some(server) = Private::start("a wiped Redis").await else {
        return;
    };
    let queue = server::queue(&server.url, server::options());
    let gate = Arc::new(Semaphore::new(0));
    let (handler, mut reports) = Reporter::gated(Arc::clone(&gate));
    let consumption = Consumption::start(&queue, &handler, 2);
    let mut redis = server::connect(&server.url).await;

    for round in 0..5 {
        let first = round * 100;
        queue.jobs.push(&jobs(first..first + 10)).await.unwrap();
        reports.next().await;
        reports.next().await;
        redis::cmd("FLUSHALL").exec_async(&mut redis).await.unwrap();
        // The two that run go on and end, although Redis knows nothing of them any more.
        let ended = handler.ended();
        gate.add_permits(2);
        while handler.ended() < ended + 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gate.add_permits(1);
        assert_goes_on(&queue, &mut reports, first + 50).await;
    }
    queue.until_empty().await.unwrap();
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_redis_is_found_again() {
    let Some(mut server) = Private::start("a restarted Redis").await else {
        return;
    };
    let queue = server::queue(&server.url, server::options());
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 2);
    assert_goes_on(&queue, &mut reports, 1).await;

    server.kill();
    assert!(queue.jobs.check().await.is_err());
    assert!(queue.jobs.room().await.is_err());
    assert!(queue.jobs.push(&[job(2)]).await.is_err());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!consumption.is_over());

    server.run().await;
    assert_goes_on(&queue, &mut reports, 3).await;
    queue.jobs.check().await.unwrap();
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_waits_for_a_redis_that_is_not_there_yet_and_stops_meanwhile_at_once() {
    let Some(mut server) = Private::start("a late Redis").await else {
        return;
    };
    server.kill();
    let queue = server::queue(&server.url, server::options());
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 2);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    consumption.end().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    let consumption = Consumption::start(&queue, &handler, 2);
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.run().await;
    assert_goes_on(&queue, &mut reports, 1).await;
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_for_a_while_is_endured() {
    let Some(server) = Private::start("a hanging Redis").await else {
        return;
    };
    let queue = server::queue(&server.url, server::options());
    let (handler, mut reports) = Reporter::new(|_| Work::Take(Duration::from_millis(20)));
    let consumption = Consumption::start(&queue, &handler, 4);
    queue.jobs.push(&jobs(0..100)).await.unwrap();
    reports.next().await;

    server.signal("STOP");
    tokio::time::sleep(Duration::from_secs(5)).await;
    server.signal("CONT");
    assert_goes_on(&queue, &mut reports, 1_000).await;
    queue.until_empty().await.unwrap();
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_refuses_jobs_and_works_again_when_it_has_room() {
    let Some(server) = Private::start("a full Redis").await else {
        return;
    };
    let queue = server::queue(&server.url, server::options());
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let consumption = Consumption::start(&queue, &handler, 2);
    assert_goes_on(&queue, &mut reports, 1).await;

    let mut redis = server::connect(&server.url).await;
    let mut limit = async |bytes: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory").arg(bytes);
        command.exec_async(&mut redis).await.unwrap();
    };
    limit("1").await;
    assert!(queue.jobs.push(&[job(2)]).await.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    limit("0").await;
    assert_goes_on(&queue, &mut reports, 3).await;
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_a_consumer_that_vanished_go_to_another() {
    let Some(url) = server::shared("jobs of a vanished consumer") else {
        return;
    };
    let mut options = server::options();
    options.heartbeat = Duration::from_secs(1);
    options.missed_heartbeats = 3;

    let (doomed_url, doomed_options) = (url.clone(), options.clone());
    let (doomed, mut doomed_reports) = Reporter::gated(Arc::new(Semaphore::new(0)));
    let machine = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    machine.spawn(async move {
        let queue = server::queue(&doomed_url, doomed_options);
        queue.jobs.push(&jobs(0..5)).await.unwrap();
        queue.consumer.consume(doomed, 3, Stop::new()).await;
    });
    let mut taken = vec![];
    for _ in 0..3 {
        taken.push(doomed_reports.next().await.id);
    }
    machine.shutdown_background();

    let queue = server::queue(&url, options);
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    let begun = Instant::now();
    let consumption = Consumption::start(&queue, &handler, 3);
    let mut ids = reports.each_once(5).await;
    ids.sort_unstable();
    assert_eq!(
        ids,
        [0, 1, 2, 3, 4],
        "three of them were lost with their worker: {taken:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    queue.until_empty().await.unwrap();
    consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_jobs_are_not_taken_from_a_worker_that_lives_or_retires() {
    let Some(url) = server::shared("long jobs") else {
        return;
    };
    let mut options = server::options();
    options.heartbeat = Duration::from_secs(1);
    // Half as long as a job, and long enough for a busy machine.
    options.missed_heartbeats = 5;
    let queue = server::queue(&url, options.clone());
    let (slow, mut slow_reports) = Reporter::new(|_| Work::Take(Duration::from_secs(10)));
    let (other, mut other_reports) = Reporter::new(|_| Work::Nothing);
    queue.jobs.push(&jobs(0..3)).await.unwrap();
    let slow_consumption = Consumption::start(&queue, &slow, 2);
    let held = slow_reports.each_once(2).await;
    let other_consumption = Consumption::start(&server::queue(&url, options), &other, 2);
    let left = other_reports.next().await.id;
    assert!(
        !held.contains(&left),
        "{left} was taken away from the one that runs {held:?}"
    );

    tokio::time::sleep(Duration::from_secs(5)).await;
    slow_consumption.stop();
    tokio::time::sleep(Duration::from_secs(4)).await;
    slow_consumption.end().await;
    assert_eq!(slow.ended(), 2);
    other_reports.nothing_more().await;
    other_consumption.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_ends_every_process_is_dropped_after_five_deliveries() {
    let Some(url) = server::shared("a deadly job") else {
        return;
    };
    let options = server::options();
    let queue = server::queue(&url, options.clone());
    let (handler, mut reports) = Reporter::new(|_| Work::Nothing);
    // One after the other: those of one push come in any order.
    queue.jobs.push(&[job(0)]).await.unwrap();
    queue.jobs.push(&[job(1)]).await.unwrap();
    let mut redis = server::connect(&url).await;
    let task: Vec<String> = redis::cmd("LRANGE")
        .arg(format!("{}:active", options.prefix))
        .arg(0)
        .arg(0)
        .query_async(&mut redis)
        .await
        .unwrap();
    let metadata = format!("{}:meta:{}", options.prefix, task[0]);
    redis::cmd("HSET")
        .arg(metadata)
        .arg("attempts")
        .arg(5)
        .exec_async(&mut redis)
        .await
        .unwrap();

    let consumption = Consumption::start(&queue, &handler, 1);
    assert_eq!(reports.next().await.id, 1);
    reports.nothing_more().await;
    queue.until_empty().await.unwrap();
    consumption.end().await;
}
