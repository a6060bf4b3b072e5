//! Sweeps that find what is due, whatever was lost.

use std::time::Duration;

use application::jobs::Schedule;
use domain::orders::OrderState;
use testkit::contract::steps;

use crate::bench::Bench;
use crate::panel::{about, accepted, says};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_order_whose_job_was_lost_gets_a_new_one_after_a_minute() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.database.execute("DELETE FROM outbox").await.unwrap();
    bench.pass(SECOND * 60);
    assert_eq!(bench.sweep(Schedule::ForgottenHolds).await, 0);
    bench.pass(Duration::from_micros(1));
    assert_eq!(bench.sweep(Schedule::ForgottenHolds).await, 1);
    assert_eq!(bench.sweep(Schedule::ForgottenHolds).await, 0, "it has a job now");
    bench.panel.answers(accepted("77"));
    bench.work().await;
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_waits_for_its_next_try_is_not_forgotten() {
    let bench = Bench::new().await;
    bench.place(1).await;
    bench.limiter.deny(SECOND * 300);
    bench.work().await;
    bench.limiter.grant();
    bench.pass(SECOND * 200);
    assert_eq!(bench.sweep(Schedule::ForgottenHolds).await, 0);
    bench.close().await;
}

#[tokio::test]
async fn unknown_orders_are_looked_up_when_they_are_due() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    bench.database.execute("DELETE FROM outbox").await.unwrap();
    assert_eq!(bench.sweep(Schedule::LookUps).await, 0);
    bench.pass(SECOND * 5);
    assert_eq!(bench.sweep(Schedule::LookUps).await, 1);
    assert_eq!(bench.sweep(Schedule::LookUps).await, 0);
    assert_eq!(bench.jobs().await, [format!("order.reconcile {id} due")]);
    assert_eq!(bench.work().await, 1);
    assert_eq!(
        bench.due_in(id).await,
        Some(bench.policy.write_off_after - SECOND * 5)
    );
    bench.close().await;
}

#[tokio::test]
async fn providers_with_due_orders_are_polled_by_one_job() {
    let bench = Bench::new().await;
    let (one, two) = (bench.submitted(1, "77").await, bench.submitted(2, "78").await);
    bench.database.execute("DELETE FROM outbox").await.unwrap();
    assert_eq!(bench.sweep(Schedule::Polls).await, 0);
    bench.pass(SECOND * 70);
    assert_eq!(bench.sweep(Schedule::Polls).await, 1);
    assert_eq!(
        bench.jobs().await,
        [format!("provider.poll {} due", bench.shop.provider.id)]
    );
    bench
        .panel
        .reports(about([("77", says("Completed", 0)), ("78", says("Partial", 1))]));
    assert_eq!(bench.work().await, 1);
    assert_eq!(
        (bench.state(one).await, bench.state(two).await),
        (OrderState::Completed, OrderState::Partial)
    );
    bench.close().await;
}

#[tokio::test]
async fn leases_that_ended_are_swept_up() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    steps::claimed(&bench.backend, &bench.order(id).await, bench.now())
        .await
        .unwrap();
    bench.pass(bench.policy.lease + SECOND);
    assert_eq!(bench.sweep(Schedule::Rescue).await, 1);
    assert_eq!(bench.state(id).await, OrderState::Unknown);
    bench.close().await;
}

#[tokio::test]
async fn a_sweep_that_another_node_has_just_made_is_not_made_again() {
    let bench = Bench::new().await;
    let id = bench.unknown(1).await;
    bench.pass(SECOND * 5);
    bench.limiter.deny(SECOND);
    for schedule in Schedule::ALL {
        assert_eq!(bench.sweep(schedule).await, 0, "{schedule:?}");
    }
    assert!(!bench.jobs().await.contains(&format!("order.reconcile {id} due")));
    assert!(bench.limiter.asked().contains(&"schedule:look_ups".to_owned()));
    bench.close().await;
}

#[tokio::test]
async fn an_order_goes_its_whole_way_by_jobs_and_sweeps_alone() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(accepted("77"));
    bench.panel.reports(about([("77", says("In progress", 600))]));
    bench.panel.reports(about([("77", says("Partial", 100))]));
    let mut minutes = 0;
    while !bench.state(id).await.is_terminal() {
        for schedule in Schedule::ALL {
            bench.sweep(schedule).await;
        }
        while bench.work().await > 0 {}
        bench.pass(SECOND * 20);
        minutes += 1;
        assert!(minutes < 60, "it never ends");
    }
    assert_eq!(bench.state(id).await, OrderState::Partial);
    assert_eq!(bench.jobs().await, Vec::<String>::new());
    bench.close().await;
}
