//! Jobs on their way from the outbox through a queue to a worker and back.

use std::time::Duration;

use application::jobs::{JOB_ATTEMPTS_MAX, JOB_LEASE, QUEUE_LEASE, RelayError, RelayRound};
use domain::orders::OrderState;
use ports::Store;
use ports::jobs::{Job, JobHandler, JobTopic};
use ports::outbox::NewJob;

use crate::bench::{Bench, Desk};
use crate::panel::{accepted, not_sent};

const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);

async fn push(desk: &Desk, topic: JobTopic, subject: i64, after: Duration) {
    let due_at = desk.now().plus(after);
    let mut tx = desk.store.begin().await.unwrap();
    let job = NewJob {
        topic,
        subject,
        due_at,
    };
    tx.outbox().push(job).await.unwrap();
    tx.commit().await.unwrap();
}

/// What one round of the relay hands over, which the queue then forgets.
async fn handed_over(desk: &Desk) -> Vec<Job> {
    desk.relay().relay_once().await.unwrap();
    desk.shelf.take()
}

/// A worker begins the job, and dies.
async fn begin(desk: &Desk, job: &Job) {
    let until = desk.now().plus(JOB_LEASE);
    let begun = desk.backend.relay.begin(std::slice::from_ref(job), until).await;
    assert_eq!(begun.unwrap(), [true]);
}

async fn round(desk: &Desk) -> RelayRound {
    desk.relay().relay_once().await.unwrap()
}

#[tokio::test]
async fn the_relay_hands_over_as_much_as_the_queue_has_room_for() {
    let bench = Bench::new().await;
    for n in 0..5 {
        bench.place(n).await;
    }
    for (room, handed_over, next) in [(0, 0, 20), (2, 2, 0), (1, 1, 0), (10, 2, 2_000), (10, 0, 2_000)] {
        bench.shelf.has_room_for(room);
        let next = Duration::from_millis(next);
        let full = room == 0;
        assert_eq!(
            round(&bench).await,
            RelayRound {
                handed_over,
                next,
                full,
            },
            "room for {room}"
        );
    }
    assert_eq!(bench.shelf.take().len(), 5);
    bench.close().await;
}

#[tokio::test]
async fn the_relay_sleeps_until_the_next_job_is_due_and_never_long() {
    let bench = Bench::new().await;
    assert_eq!(round(&bench).await.next, SECOND * 2);
    push(&bench, JobTopic::PollProvider, 1, SECOND * 60).await;
    assert_eq!(round(&bench).await.next, SECOND * 2);
    bench.pass(SECOND * 59);
    assert_eq!(round(&bench).await.next, SECOND);
    bench.pass(SECOND);
    assert_eq!(round(&bench).await.handed_over, 1);
    bench.close().await;
}

#[tokio::test]
async fn jobs_that_the_queue_did_not_take_are_due_at_once_and_have_not_failed() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.shelf.breaks(true);
    for _ in 0..2 * JOB_ATTEMPTS_MAX {
        let outcome = bench.relay().relay_once().await;
        assert!(matches!(outcome, Err(RelayError::Queue(_))), "{outcome:?}");
        assert_eq!(bench.jobs().await, [format!("order.submit {id} due")]);
    }
    bench.shelf.breaks(false);
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn what_waits_in_a_slow_queue_is_never_handed_over_twice() {
    let bench = Bench::new().await;
    let relay = bench.relay();
    for n in 0..5 {
        bench.place(n).await;
    }
    assert_eq!(relay.relay_once().await.unwrap().handed_over, 5);
    for _ in 0..100 {
        bench.pass(SECOND * 6);
        assert_eq!(relay.relay_once().await.unwrap().handed_over, 0);
    }
    // Even if the queue could not be asked for so long that the claims had ended.
    bench.shelf.breaks(true);
    bench.pass(QUEUE_LEASE * 3);
    assert!(relay.relay_once().await.is_err());
    bench.shelf.breaks(false);
    assert_eq!(relay.relay_once().await.unwrap().handed_over, 0);
    for n in 0..5 {
        bench.panel.answers(accepted(&format!("{n}")));
    }
    for job in bench.shelf.take() {
        bench.runner().handle(job).await;
    }
    assert_eq!(bench.jobs().await, Vec::<String>::new());
    bench.close().await;
}

#[tokio::test]
async fn nobody_stands_behind_somebody_elses_backlog() {
    let bench = Bench::new().await;
    for subject in 1..=500 {
        push(&bench, JobTopic::SubmitOrder, subject, Duration::ZERO).await;
        bench.pass(MICRO);
    }
    let relay = bench.relay();
    for _ in 0..8 {
        push(&bench, JobTopic::PollProvider, 7, Duration::ZERO).await;
        bench.shelf.has_room_for(4);
        assert_eq!(relay.relay_once().await.unwrap().handed_over, 4);
        let jobs = bench.shelf.take();
        let polls = jobs
            .iter()
            .filter(|job| job.topic == JobTopic::PollProvider)
            .count();
        assert_eq!(polls, 1, "{jobs:?}");
        let oldest: Vec<i64> = jobs.iter().take(3).map(|job| job.subject).collect();
        assert!(oldest.is_sorted(), "and those who waited longest: {oldest:?}");
    }
    // One by one as well.
    bench.shelf.has_room_for(1);
    let mut topics = Vec::new();
    for _ in 0..4 {
        push(&bench, JobTopic::CancelOrder, 7, Duration::ZERO).await;
        relay.relay_once().await.unwrap();
        topics.extend(bench.shelf.take().iter().map(|job| job.topic));
    }
    assert_eq!(
        topics
            .iter()
            .filter(|topic| **topic == JobTopic::CancelOrder)
            .count(),
        1,
        "{topics:?}"
    );
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_the_queue_hands_to_two_workers_is_done_by_one_and_counts_its_dead() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    for _ in 0..JOB_ATTEMPTS_MAX {
        let job = handed_over(&bench).await.remove(0);
        begin(&bench, &job).await;
        // The queue has found the worker dead and hands its job to the next one, again and again.
        for _ in 0..5 {
            bench.pass(SECOND);
            bench.runner().handle(job.clone()).await;
        }
        assert_eq!(bench.panel.sent(), 0);
        bench.pass(JOB_LEASE - SECOND * 5);
    }
    assert_eq!(handed_over(&bench).await, []);
    assert_eq!(bench.jobs().await, [format!("order.submit {id} given up")]);
    bench.close().await;
}

#[tokio::test]
async fn jobs_that_the_queue_lost_come_again_however_often_it_loses_them() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    for _ in 0..2 * JOB_ATTEMPTS_MAX {
        // Keeps the order from looking forgotten: what is tested is the job.
        assert_eq!(handed_over(&bench).await.len(), 1);
        bench.pass(QUEUE_LEASE - MICRO);
        assert_eq!(handed_over(&bench).await, []);
        bench.pass(MICRO);
    }
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_worker_owns_a_job_that_it_began_until_the_lease_of_its_work_ends() {
    let bench = Bench::new().await;
    bench.place(1).await;
    let job = handed_over(&bench).await.remove(0);
    bench.pass(QUEUE_LEASE - MICRO);
    begin(&bench, &job).await;
    bench.pass(JOB_LEASE - MICRO);
    assert_eq!(handed_over(&bench).await, []);
    bench.pass(MICRO);
    assert_eq!(handed_over(&bench).await.len(), 1);
    bench.close().await;
}

#[tokio::test]
async fn a_job_whose_workers_die_is_given_up_and_a_sweep_revives_it_after_ten_minutes() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    for _ in 0..JOB_ATTEMPTS_MAX {
        let job = handed_over(&bench).await.remove(0);
        begin(&bench, &job).await;
        bench.pass(JOB_LEASE);
    }
    assert_eq!(handed_over(&bench).await, []);
    assert_eq!(bench.jobs().await, [format!("order.submit {id} given up")]);

    let sweep = || async { bench.sweep(application::jobs::Schedule::ForgottenHolds).await };
    bench.pass(Duration::from_mins(10));
    sweep().await;
    assert_eq!(bench.jobs().await, [format!("order.submit {id} given up")]);
    bench.pass(MICRO);
    sweep().await;
    assert_eq!(bench.jobs().await, [format!("order.submit {id} due")]);
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_somebody_else_got_meanwhile_is_dropped() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let late = handed_over(&bench).await.remove(0);
    bench.pass(QUEUE_LEASE);
    let current = handed_over(&bench).await.remove(0);
    bench.runner().handle(late).await;
    assert_eq!(
        (bench.panel.sent(), bench.jobs().await),
        (0, vec![format!("order.submit {id} claimed")])
    );
    bench.panel.answers(accepted("77"));
    bench.runner().handle(current).await;
    assert_eq!(
        (bench.state(id).await, bench.jobs().await),
        (OrderState::Submitted, Vec::new())
    );
    bench.close().await;
}

#[tokio::test]
async fn the_same_job_twice_sends_the_order_once() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let job = handed_over(&bench).await.remove(0);
    bench.panel.answers(accepted("77"));
    let runner = bench.runner();
    futures::join!(runner.handle(job.clone()), runner.handle(job));
    assert_eq!(
        (bench.panel.sent(), bench.state(id).await),
        (1, OrderState::Submitted)
    );
    bench.close().await;
}

#[tokio::test]
async fn work_that_is_left_while_the_same_job_runs_is_not_lost() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        push(&other, JobTopic::SubmitOrder, id.0, Duration::ZERO).await;
        accepted("77")
    });
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.jobs().await, [format!("order.submit {id} due")]);
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.jobs().await, Vec::<String>::new());
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_has_to_wait_comes_again_then_and_never_counts_as_failed() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.limiter.deny(SECOND * 7);
    for _ in 0..2 * JOB_ATTEMPTS_MAX {
        assert_eq!(bench.work().await, 1);
        assert_eq!(bench.jobs().await, [format!("order.submit {id} in 7")]);
        bench.pass(SECOND * 7);
    }
    bench.limiter.grant();
    bench.panel.answers(accepted("77"));
    bench.work().await;
    assert_eq!(
        (bench.state(id).await, bench.jobs().await),
        (OrderState::Submitted, Vec::new())
    );
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_the_database_failed_comes_again_soon() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.store.loses_at_while(1, async {});
    bench.work().await;
    assert_eq!(bench.state(id).await, OrderState::Held);
    assert_eq!(bench.jobs().await, [format!("order.submit {id} in 5")]);
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_lacks_a_key_waits_for_people() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.sealer.lose_the_keys();
    bench.work().await;
    assert_eq!(bench.jobs().await, [format!("order.submit {id} in 60")]);
    bench.close().await;
}

#[tokio::test]
async fn a_job_about_nothing_is_given_up_with_the_reason() {
    let bench = Bench::new().await;
    push(&bench, JobTopic::PollProvider, 404, Duration::ZERO).await;
    bench.work().await;
    assert_eq!(bench.jobs().await, ["provider.poll 404 given up"]);
    let reasons = bench.database.texts("SELECT reason FROM outbox").await.unwrap();
    assert_eq!(reasons, ["unknown provider"]);
    bench.close().await;
}

#[tokio::test]
async fn a_job_is_settled_although_somebody_is_in_the_way() {
    let bench = Bench::new().await;
    push(&bench, JobTopic::SubmitOrder, 404, Duration::ZERO).await;
    bench.outbox.contends(3);
    bench.work().await;
    assert_eq!(bench.jobs().await, Vec::<String>::new());
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_failed_is_settled_although_somebody_is_in_the_way() {
    let bench = Bench::new().await;
    push(&bench, JobTopic::PollProvider, 404, Duration::ZERO).await;
    bench.outbox.contends(3);
    bench.work().await;
    assert_eq!(bench.jobs().await, ["provider.poll 404 given up"]);
    bench.close().await;
}

#[tokio::test]
async fn a_job_that_could_not_be_settled_is_done_again_which_is_harmless() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(accepted("77"));
    bench.outbox.is_deaf(true);
    bench.work().await;
    bench.outbox.is_deaf(false);
    assert_eq!(bench.jobs().await, [format!("order.submit {id} claimed")]);
    bench.pass(JOB_LEASE);
    assert_eq!(bench.work().await, 1);
    assert_eq!((bench.panel.sent(), bench.jobs().await), (1, Vec::new()));
    bench.close().await;
}

#[tokio::test]
async fn a_push_that_comes_while_an_order_is_put_back_keeps_the_earlier_time() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(not_sent());
    bench.work().await;
    push(&bench, JobTopic::SubmitOrder, id.0, SECOND * 60).await;
    assert_eq!(bench.jobs().await, [format!("order.submit {id} in 5")]);
    push(&bench, JobTopic::SubmitOrder, id.0, SECOND).await;
    assert_eq!(bench.jobs().await, [format!("order.submit {id} in 1")]);
    bench.close().await;
}
