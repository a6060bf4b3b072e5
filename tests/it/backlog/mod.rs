//! Thousands of orders that all became due while nobody worked, at four providers of which one has fallen silent.

mod panels;
mod shop;

use std::time::{Duration, Instant};

use shop::{AtOnce, Ground, PROVIDERS, WORKERS};

use crate::support::{eventually, prove_the_books};

/// What a debug build works off in a few seconds.
const SOME: usize = 2_000;
const MANY: usize = 20_000;
/// While orders are left that can be sent, one is sent in any time this long. Shorter than any lease, after which a
/// queue that has lost its jobs would go on by itself.
const STALL: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(50);
/// When a newcomer places an order, in percent of what is to be done.
const NEWCOMERS: [usize; 3] = [5, 15, 30];
/// What a queue may hold, and so what may be sent before a newcomer that is next in line: 512 in Redis and what is handed
/// over meanwhile, or what the workers of one process have in hand.
const AHEAD_ON_REDIS: usize = 512 + 200;
const AHEAD_IN_PROCESS: usize = 4 * WORKERS;

/// Works off a backlog of so many orders.
async fn drain(ground: Ground, orders: usize) {
    let ahead = ground.ahead(AHEAD_IN_PROCESS, AHEAD_ON_REDIS);
    let shop = AtOnce::open(ground).await;
    let placing = Instant::now();
    shop.place(orders).await;
    println!("{orders} orders placed in {:?}", placing.elapsed());

    let mut expected = orders / PROVIDERS * (PROVIDERS - 1);
    let backlog = expected;
    let mut newcomers: Vec<(String, usize)> = Vec::new();
    let working = shop.work();
    let (begun, mut moved, mut seen) = (Instant::now(), Instant::now(), 0);
    let mut every_second = Vec::new();
    while seen < expected {
        tokio::time::sleep(GLANCE).await;
        let sent = shop.sent_by_others();
        if sent > seen {
            (seen, moved) = (sent, Instant::now());
        }
        assert!(
            moved.elapsed() < STALL,
            "nothing was sent for {STALL:?} after {seen} of {expected} orders: {every_second:?}"
        );
        if NEWCOMERS
            .get(newcomers.len())
            .is_some_and(|percent| seen * 100 >= backlog * percent)
        {
            newcomers.push((shop.newcomer(newcomers.len()).await, shop.panels.taken()));
            expected += 1;
        }
        if begun.elapsed().as_secs() > u64::try_from(every_second.len()).unwrap() {
            every_second.push(seen);
        }
    }
    let (took, jobs) = (begun.elapsed(), working.jobs());
    println!("{seen} sent in {took:?} by {jobs} jobs; by second: {every_second:?}");
    assert_eq!(newcomers.len(), NEWCOMERS.len());
    for (link, before) in newcomers {
        let waited_for = shop.panels.asked_after(&link).unwrap() - before;
        println!("{waited_for} orders were sent before a newcomer's");
        assert!(
            waited_for <= ahead,
            "{waited_for} orders were sent before a newcomer's"
        );
    }
    let most = shop.panels.most_calls(shop.silent());
    assert!(
        (1..=WORKERS / 4).contains(&most),
        "the silent provider held {most} workers"
    );

    // Nothing of what the silent provider did not take is lost, or given up, and every answer that came is booked.
    let left = i64::try_from(orders / PROVIDERS - shop.panels.taken_by(shop.silent())).unwrap();
    eventually(
        || format!("the {left} orders that were not sent are left, and those to be sent have a job each"),
        async || {
            let (jobs, to_send) = (shop.jobs().await, shop.orders("'held', 'submitting'").await);
            let unsent = shop.orders("'held', 'submitting', 'unknown'").await;
            ((jobs, unsent) == (to_send, left)).then_some(())
        },
    )
    .await;
    shop.panels.break_off();
    working.end().await;
    assert_eq!(shop.panels.most_asked(), 1, "an order was sent twice");
    prove_the_books(&shop.system).await;
    shop.system.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_orders_after_an_outage_are_sent_without_a_stall_in_one_process() {
    drain(Ground::folder(), SOME).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_orders_after_an_outage_are_sent_without_a_stall_on_postgres_and_redis() {
    if let Some(ground) = Ground::servers("a backlog").await {
        drain(ground, SOME).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes; see \"What is run on request\" in docs/TESTING.md"]
async fn twenty_thousand_orders_after_an_outage_are_sent_without_a_stall_in_one_process() {
    drain(Ground::folder(), MANY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes; see \"What is run on request\" in docs/TESTING.md"]
async fn twenty_thousand_orders_after_an_outage_are_sent_without_a_stall_on_postgres_and_redis() {
    if let Some(ground) = Ground::servers("a large backlog").await {
        drain(ground, MANY).await;
    }
}
