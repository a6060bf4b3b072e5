//! One row or job that always fails costs itself, and is seen.

use std::time::Duration;

use application::jobs::{JOB_ATTEMPTS_MAX, JOB_LEASE, Schedule};
use domain::OrderId;
use domain::PageSize;
use domain::orders::OrderState;
use futures::StreamExt;
use futures::stream::iter;
use ports::Clock;
use ports::jobs::JobHandler;
use ports::orders::OrderFilter;
use testkit::contract::steps::claimed;

use crate::bench::{Bench, Desk};

const ORDERS: u32 = 1_000;
/// Orders that are placed at once.
const AT_ONCE: usize = 16;
const JOBS: i64 = 10_000;

/// From now on the database refuses to change this order.
async fn poison(desk: &Desk, id: OrderId) {
    let trigger = if desk.database.is_postgres() {
        format!(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'poison'; END $$;
            CREATE TRIGGER poison BEFORE UPDATE ON orders FOR EACH ROW
                WHEN (OLD.id = {id}) EXECUTE FUNCTION poison()"
        )
    } else {
        format!(
            "CREATE TRIGGER poison BEFORE UPDATE ON orders WHEN OLD.id = {id}
            BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    };
    desk.database.execute(&trigger).await.unwrap();
}

async fn of_a_thousand_unknown_orders_the_poisonous_one_stays(bench: Bench) {
    bench.has_money_for(ORDERS).await;
    let desk: &Desk = &bench;
    let orders: Vec<OrderId> = iter(0..ORDERS)
        .map(|n| async move {
            let id = desk.place(n).await;
            // Its worker dies.
            claimed(&desk.backend, &desk.order(id).await, desk.now())
                .await
                .unwrap();
            id
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    bench.pass(bench.policy.lease + Duration::from_micros(1));
    while bench.rescue().await > 0 {}
    let count = |state: OrderState| {
        let sql = format!("SELECT COUNT(*) FROM orders WHERE state = '{}'", state.as_str());
        async move { desk.number(&sql).await }
    };
    assert_eq!(count(OrderState::Unknown).await, i64::from(ORDERS));
    let poisonous = orders[500];
    poison(&bench, poisonous).await;
    bench.pass(bench.policy.write_off_after);
    for round in 0.. {
        bench.sweep(Schedule::LookUps).await;
        while bench.work().await > 0 {}
        if count(OrderState::Voided).await == i64::from(ORDERS) - 1 {
            break;
        }
        assert!(round < 30, "{} are left", count(OrderState::Unknown).await);
        bench.pass(Duration::from_secs(5));
    }
    assert_eq!(bench.state(poisonous).await, OrderState::Unknown);
    let unknown = OrderFilter {
        state: Some(OrderState::Unknown),
        ..OrderFilter::default()
    };
    let shown = bench
        .backend
        .orders
        .list(&unknown, None, PageSize::WHOLE)
        .await
        .unwrap();
    let shown: Vec<_> = shown.into_iter().map(|view| view.order.id).collect();
    assert_eq!(shown, [poisonous], "staff see it");
    let jobs = bench.jobs().await;
    assert_eq!(jobs.len(), 1, "it is tried again: {jobs:?}");
    bench.close().await;
}

#[tokio::test]
async fn of_a_thousand_unknown_orders_the_poisonous_one_stays_on_sqlite() {
    of_a_thousand_unknown_orders_the_poisonous_one_stays(Bench::new().await).await;
}

#[tokio::test]
async fn of_a_thousand_unknown_orders_the_poisonous_one_stays_on_postgres() {
    if let Some(bench) = Bench::on_postgres().await {
        of_a_thousand_unknown_orders_the_poisonous_one_stays(bench).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_jobs_the_one_that_kills_its_worker_is_given_up_and_seen() {
    let bench = Bench::in_a_file().await;
    let (now, poisonous) = (bench.now().micros(), JOBS / 2);
    let jobs = format!(
        "WITH RECURSIVE job(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM job WHERE n < {JOBS})
        INSERT INTO outbox (topic, subject, due_at) SELECT 'order.cancel', 1000000 + n, {now} FROM job"
    );
    bench.database.execute(&jobs).await.unwrap();
    let mut deaths = 0;
    let mut done = 0;
    while done < JOBS - 1 || deaths < JOB_ATTEMPTS_MAX {
        let handed_over = bench.relay().relay_once().await.unwrap().handed_over;
        let (killers, others): (Vec<_>, Vec<_>) = bench
            .shelf
            .take()
            .into_iter()
            .partition(|job| job.subject == 1_000_000 + poisonous);
        done += i64::try_from(others.len()).unwrap();
        for job in killers {
            deaths += 1;
            let until = bench.clock.now().plus(JOB_LEASE);
            let begun = bench.backend.relay.begin(&[job], until).await;
            assert_eq!(begun, Ok(vec![true]), "and then its worker dies");
        }
        let runner = bench.runner();
        futures::future::join_all(others.into_iter().map(|job| runner.handle(job))).await;
        if handed_over == 0 {
            bench.pass(JOB_LEASE);
        }
    }
    bench.pass(JOB_LEASE);
    assert_eq!(bench.relay().relay_once().await.unwrap().handed_over, 0);
    let backlog = bench.backend.relay.backlog(bench.now()).await.unwrap();
    assert_eq!((done, backlog.waiting, backlog.given_up), (JOBS - 1, 0, 1));
    assert_eq!(
        bench.jobs().await,
        [format!("order.cancel {} given up", 1_000_000 + poisonous)]
    );
    bench.close().await;
}
