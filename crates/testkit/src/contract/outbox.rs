//! The outbox: what is pushed is claimed by one relay at a time, finished by whoever holds the claim, and never lost.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use domain::Timestamp;
use ports::StoreError;
use ports::jobs::{Job, JobTopic};
use ports::outbox::{Backlog, NewJob, Pushed};

use super::{Backend, Case};
use crate::fixtures::{NOW, after};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! outbox_contract {
    ($with:ident) => {
        $with! { outbox:
            a_pushed_job_is_claimed_when_due_and_gone_when_finished,
            a_job_that_was_not_committed_never_existed,
            jobs_are_claimed_oldest_due_first_and_within_the_limit,
            a_claimed_job_is_due_again_when_its_lease_ends,
            of_two_claims_only_the_later_one_counts,
            racing_relays_share_the_due_jobs,
            pushing_a_waiting_job_makes_it_due_at_the_earlier_time,
            racing_pushes_leave_one_job,
            a_push_onto_a_claimed_job_is_not_lost,
            a_push_onto_a_crashed_claim_is_done_no_later_than_the_lease_said,
            racing_pushes_and_finishes_lose_no_work,
            a_job_is_given_up_after_its_last_attempt,
            a_given_up_job_is_finished_by_its_last_worker_after_all,
            a_given_up_job_waits_again_when_it_is_pushed,
            a_push_onto_a_given_up_job_is_not_lost_to_its_last_worker,
            ensuring_a_job_disturbs_neither_waiting_nor_running_ones,
            ensuring_a_job_revives_it_only_after_a_while,
            a_rescheduled_job_waits_and_may_be_forgiven,
            a_job_that_could_not_be_queued_waits_as_if_unclaimed,
            the_next_due_time_counts_leases,
            the_backlog_counts_what_waits_and_what_was_given_up,
        }
    };
}

const ATTEMPTS_MAX: u32 = 3;
const LEASE: Duration = Duration::from_secs(60);

const fn submit(subject: i64, due_at: Timestamp) -> NewJob {
    NewJob {
        topic: JobTopic::SubmitOrder,
        subject,
        due_at,
    }
}

async fn push(backend: &Backend, job: NewJob) -> Result<Pushed, StoreError> {
    let mut tx = backend.store.begin().await?;
    let pushed = tx.outbox().push(job).await?;
    tx.commit().await?;
    Ok(pushed)
}

async fn ensure(backend: &Backend, job: NewJob, revive_before: Timestamp) -> Result<Pushed, StoreError> {
    let mut tx = backend.store.begin().await?;
    let ensured = tx.outbox().ensure(job, revive_before).await?;
    tx.commit().await?;
    Ok(ensured)
}

async fn claim(backend: &Backend, now: Timestamp, limit: u16) -> Result<Vec<Job>, StoreError> {
    backend
        .relay
        .claim_due(now, now.plus(LEASE), limit, ATTEMPTS_MAX)
        .await
}

async fn claim_one(backend: &Backend, now: Timestamp) -> Result<Job, StoreError> {
    let mut jobs = claim(backend, now, 10).await?;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    Ok(jobs.remove(0))
}

async fn finish(backend: &Backend, job: &Job) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let finished = tx.outbox().finish(job).await?;
    tx.commit().await?;
    Ok(finished)
}

async fn reschedule(
    backend: &Backend,
    job: &Job,
    due_at: Timestamp,
    forgive: bool,
) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let rescheduled = tx.outbox().reschedule(job, due_at, forgive).await?;
    tx.commit().await?;
    Ok(rescheduled)
}

async fn give_up(backend: &Backend, job: &Job, now: Timestamp) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let given_up = tx.outbox().give_up(job, "broken", now).await?;
    tx.commit().await?;
    Ok(given_up)
}

fn subjects(jobs: &[Job]) -> Vec<i64> {
    jobs.iter().map(|job| job.subject).collect()
}

pub async fn a_pushed_job_is_claimed_when_due_and_gone_when_finished(backend: &Backend) -> Case {
    assert_eq!(push(backend, submit(7, after(1))).await?, Pushed::Added);
    assert!(
        claim(backend, after(1).minus(Duration::from_micros(1)), 10)
            .await?
            .is_empty()
    );
    let job = claim_one(backend, after(1)).await?;
    assert_eq!((job.topic, job.subject, job.claim), (JobTopic::SubmitOrder, 7, 1));
    assert_eq!(job.lease_until, after(1).plus(LEASE));
    assert!(claim(backend, after(1), 10).await?.is_empty(), "it is claimed");
    assert!(finish(backend, &job).await?);
    assert!(!finish(backend, &job).await?, "it is gone");
    assert!(claim(backend, after(1_000), 10).await?.is_empty());
    for topic in JobTopic::ALL {
        let job = NewJob {
            topic,
            subject: 7,
            due_at: NOW,
        };
        assert_eq!(push(backend, job).await?, Pushed::Added, "{topic:?}");
    }
    let topics: Vec<_> = claim(backend, NOW, 10)
        .await?
        .iter()
        .map(|job| job.topic)
        .collect();
    assert_eq!(topics, JobTopic::ALL);
    Ok(())
}

pub async fn a_job_that_was_not_committed_never_existed(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.outbox().push(submit(7, NOW)).await?;
    drop(tx);
    assert!(claim(backend, after(1), 10).await?.is_empty());
    Ok(())
}

pub async fn jobs_are_claimed_oldest_due_first_and_within_the_limit(backend: &Backend) -> Case {
    for (subject, due_at) in [
        (1, after(3)),
        (2, after(1)),
        (3, after(2)),
        (4, after(1)),
        (5, after(9)),
    ] {
        push(backend, submit(subject, due_at)).await?;
    }
    assert_eq!(subjects(&claim(backend, after(5), 3).await?), [2, 4, 3]);
    assert_eq!(subjects(&claim(backend, after(5), 3).await?), [1]);
    assert!(claim(backend, after(5), 3).await?.is_empty());
    Ok(())
}

pub async fn a_claimed_job_is_due_again_when_its_lease_ends(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let first = claim_one(backend, NOW).await?;
    let just_before = first.lease_until.minus(Duration::from_micros(1));
    assert!(claim(backend, just_before, 10).await?.is_empty());
    let second = claim_one(backend, first.lease_until).await?;
    assert_eq!(second.id, first.id);
    assert!(second.claim > first.claim);
    Ok(())
}

pub async fn of_two_claims_only_the_later_one_counts(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let slow = claim_one(backend, NOW).await?;
    let quick = claim_one(backend, after(61)).await?;
    assert!(!finish(backend, &slow).await?);
    assert!(!reschedule(backend, &slow, after(900), true).await?);
    assert!(!give_up(backend, &slow, after(62)).await?);
    backend
        .relay
        .unclaim(std::slice::from_ref(&slow), after(62))
        .await?;
    assert!(
        claim(backend, after(62), 10).await?.is_empty(),
        "the later claim stands"
    );
    assert!(finish(backend, &quick).await?);
    Ok(())
}

pub async fn racing_relays_share_the_due_jobs(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    for subject in 1..=100 {
        tx.outbox().push(submit(subject, NOW)).await?;
    }
    tx.commit().await?;
    let relays: Vec<_> = (0..8)
        .map(|_| {
            let backend = backend.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let jobs = claim(&backend, NOW, 7).await?;
                    if jobs.is_empty() {
                        break Ok::<_, StoreError>(mine);
                    }
                    mine.extend(jobs);
                }
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for relay in relays {
        claimed.extend(relay.await.expect("no task panics")?);
    }
    assert!(claimed.iter().all(|job| job.claim == 1));
    // A relay that found every due row locked by others stopped early; what it left is still there.
    claimed.extend(claim(backend, NOW, 100).await?);
    let mut subjects = subjects(&claimed);
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        (1..=100).collect::<Vec<_>>(),
        "every job is claimed, and only once"
    );
    Ok(())
}

pub async fn pushing_a_waiting_job_makes_it_due_at_the_earlier_time(backend: &Backend) -> Case {
    push(backend, submit(7, after(100))).await?;
    assert_eq!(
        push(backend, submit(7, after(200))).await?,
        Pushed::AlreadyWaiting
    );
    assert_eq!(backend.relay.next_due().await?, Some(after(100)));
    assert_eq!(push(backend, submit(7, after(50))).await?, Pushed::AlreadyWaiting);
    assert_eq!(backend.relay.next_due().await?, Some(after(50)));
    claim_one(backend, after(50)).await?;
    Ok(())
}

pub async fn racing_pushes_leave_one_job(backend: &Backend) -> Case {
    let pushes = (0..32).map(|n| push(backend, submit(7, after(32 - n))));
    let pushed = futures::future::try_join_all(pushes).await?;
    let added = pushed.iter().filter(|pushed| **pushed == Pushed::Added).count();
    assert_eq!(added, 1);
    assert_eq!(backend.relay.next_due().await?, Some(after(1)));
    claim_one(backend, after(1)).await?;
    Ok(())
}

pub async fn a_push_onto_a_claimed_job_is_not_lost(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let running = claim_one(backend, NOW).await?;
    assert_eq!(push(backend, submit(7, after(5))).await?, Pushed::AlreadyWaiting);
    assert!(
        !finish(backend, &running).await?,
        "its data may be older than the push"
    );
    assert!(!reschedule(backend, &running, after(900), false).await?);
    assert!(!give_up(backend, &running, after(1)).await?);
    assert!(
        claim(backend, after(4), 10).await?.is_empty(),
        "not before the push said"
    );
    let again = claim_one(backend, after(5)).await?;
    assert!(again.claim > running.claim);
    assert!(finish(backend, &again).await?);
    Ok(())
}

pub async fn a_push_onto_a_crashed_claim_is_done_no_later_than_the_lease_said(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let crashed = claim_one(backend, NOW).await?;
    push(backend, submit(7, after(100_000))).await?;
    assert_eq!(backend.relay.next_due().await?, Some(crashed.lease_until));
    let again = claim_one(backend, crashed.lease_until).await?;
    assert!(finish(backend, &again).await?);
    Ok(())
}

pub async fn racing_pushes_and_finishes_lose_no_work(backend: &Backend) -> Case {
    // A worker that finishes a claim has seen every push up to it: then a later push must find the row gone or waiting.
    for round in 0..20 {
        push(backend, submit(7, NOW)).await?;
        let job = claim_one(backend, NOW).await?;
        let pushing = push(backend, submit(7, NOW));
        let finishing = finish(backend, &job);
        let (pushed, finished) = futures::join!(pushing, finishing);
        let (pushed, finished) = (pushed?, finished?);
        assert_eq!(finished, pushed == Pushed::Added, "round {round}");
        let again = claim_one(backend, NOW).await?;
        assert!(finish(backend, &again).await?, "round {round}");
    }
    Ok(())
}

pub async fn a_job_is_given_up_after_its_last_attempt(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    push(backend, submit(8, after(500))).await?;
    let mut now = NOW;
    for _ in 0..ATTEMPTS_MAX {
        now = claim_one(backend, now).await?.lease_until;
    }
    assert!(claim(backend, now, 10).await?.is_empty());
    let backlog = backend.relay.backlog(now).await?;
    assert_eq!((backlog.waiting, backlog.given_up), (1, 1));
    assert_eq!(
        subjects(&claim(backend, after(500), 10).await?),
        [8],
        "others go on"
    );
    Ok(())
}

pub async fn a_given_up_job_is_finished_by_its_last_worker_after_all(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let mut now = NOW;
    let mut last = None;
    for _ in 0..ATTEMPTS_MAX {
        let job = claim_one(backend, now).await?;
        now = job.lease_until;
        last = Some(job);
    }
    assert!(claim(backend, now, 10).await?.is_empty());
    let last = last.expect("it was claimed");
    assert!(!reschedule(backend, &last, now, true).await?, "it was given up");
    assert!(finish(backend, &last).await?);
    assert_eq!(backend.relay.backlog(now).await?.given_up, 0);
    Ok(())
}

pub async fn a_given_up_job_waits_again_when_it_is_pushed(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let job = claim_one(backend, NOW).await?;
    assert!(give_up(backend, &job, after(1)).await?);
    assert!(!give_up(backend, &job, after(2)).await?, "once");
    assert!(claim(backend, after(1_000), 10).await?.is_empty());
    assert_eq!(backend.relay.next_due().await?, None);
    assert_eq!(
        push(backend, submit(7, after(1_000))).await?,
        Pushed::AlreadyWaiting
    );
    assert_eq!(backend.relay.next_due().await?, Some(after(1_000)));
    let mut now = after(1_000);
    for _ in 0..ATTEMPTS_MAX {
        now = claim_one(backend, now).await?.lease_until;
    }
    assert!(
        claim(backend, now, 10).await?.is_empty(),
        "its attempts were counted anew"
    );
    Ok(())
}

pub async fn a_push_onto_a_given_up_job_is_not_lost_to_its_last_worker(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let mut last = claim_one(backend, NOW).await?;
    for _ in 1..ATTEMPTS_MAX {
        last = claim_one(backend, last.lease_until).await?;
    }
    let now = last.lease_until;
    assert!(claim(backend, now, 10).await?.is_empty());
    push(backend, submit(7, now)).await?;
    assert!(
        !finish(backend, &last).await?,
        "its data may be older than the push"
    );
    let mut last = claim_one(backend, now).await?;
    for _ in 1..ATTEMPTS_MAX {
        last = claim_one(backend, last.lease_until).await?;
    }
    let now = last.lease_until;
    assert!(claim(backend, now, 10).await?.is_empty());
    ensure(backend, submit(7, now), now.plus(LEASE)).await?;
    assert!(
        !finish(backend, &last).await?,
        "the same for one that was ensured"
    );
    claim_one(backend, now).await?;
    Ok(())
}

pub async fn ensuring_a_job_disturbs_neither_waiting_nor_running_ones(backend: &Backend) -> Case {
    assert_eq!(ensure(backend, submit(7, after(100)), NOW).await?, Pushed::Added);
    assert_eq!(
        ensure(backend, submit(7, after(50)), NOW).await?,
        Pushed::AlreadyWaiting
    );
    assert_eq!(
        backend.relay.next_due().await?,
        Some(after(100)),
        "it waits as before"
    );
    let running = claim_one(backend, after(100)).await?;
    assert_eq!(
        ensure(backend, submit(7, after(100)), NOW).await?,
        Pushed::AlreadyWaiting
    );
    assert!(claim(backend, after(101), 10).await?.is_empty(), "it still runs");
    assert!(finish(backend, &running).await?);
    assert_eq!(ensure(backend, submit(7, NOW), NOW).await?, Pushed::Added);
    Ok(())
}

pub async fn ensuring_a_job_revives_it_only_after_a_while(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let job = claim_one(backend, NOW).await?;
    give_up(backend, &job, after(10)).await?;
    assert_eq!(
        ensure(backend, submit(7, after(20)), after(10)).await?,
        Pushed::AlreadyWaiting
    );
    assert_eq!(
        backend.relay.next_due().await?,
        None,
        "it was given up a moment ago"
    );
    let later = after(10).plus(Duration::from_micros(1));
    assert_eq!(
        ensure(backend, submit(7, after(30)), later).await?,
        Pushed::AlreadyWaiting
    );
    assert_eq!(backend.relay.next_due().await?, Some(after(30)));
    claim_one(backend, after(30)).await?;
    Ok(())
}

pub async fn a_rescheduled_job_waits_and_may_be_forgiven(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let mut now = NOW;
    for _ in 0..10 {
        let job = claim_one(backend, now).await?;
        now = now.plus(Duration::from_secs(5));
        assert!(reschedule(backend, &job, now, true).await?);
        assert!(
            claim(backend, now.minus(Duration::from_micros(1)), 10)
                .await?
                .is_empty()
        );
        assert!(!finish(backend, &job).await?, "the claim ended");
    }
    for _ in 0..ATTEMPTS_MAX {
        let job = claim_one(backend, now).await?;
        now = now.plus(Duration::from_secs(5));
        assert!(reschedule(backend, &job, now, false).await?);
    }
    assert!(claim(backend, now, 10).await?.is_empty(), "it failed too often");
    Ok(())
}

pub async fn a_job_that_could_not_be_queued_waits_as_if_unclaimed(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    push(backend, submit(8, after(1))).await?;
    for _ in 0..10 {
        let jobs = claim(backend, after(1), 10).await?;
        assert_eq!(subjects(&jobs), [7, 8]);
        backend.relay.unclaim(&jobs, after(1)).await?;
        assert_eq!(backend.relay.next_due().await?, Some(NOW), "it is due as before");
        for job in &jobs {
            assert!(!finish(backend, job).await?, "the claim ended");
        }
    }
    backend.relay.unclaim(&[], after(1)).await?;
    assert_eq!(
        claim(backend, after(1), 10).await?.len(),
        2,
        "no attempt was counted"
    );
    Ok(())
}

pub async fn the_next_due_time_counts_leases(backend: &Backend) -> Case {
    assert_eq!(backend.relay.next_due().await?, None);
    push(backend, submit(7, NOW)).await?;
    push(backend, submit(8, after(500))).await?;
    assert_eq!(backend.relay.next_due().await?, Some(NOW));
    let job = claim_one(backend, NOW).await?;
    assert_eq!(backend.relay.next_due().await?, Some(job.lease_until));
    finish(backend, &job).await?;
    assert_eq!(backend.relay.next_due().await?, Some(after(500)));
    Ok(())
}

pub async fn the_backlog_counts_what_waits_and_what_was_given_up(backend: &Backend) -> Case {
    let empty = Backlog {
        waiting: 0,
        given_up: 0,
        oldest_due: None,
    };
    assert_eq!(backend.relay.backlog(NOW).await?, empty);
    for (subject, due_at) in [(1, NOW), (2, after(5)), (3, after(6)), (4, after(900))] {
        push(backend, submit(subject, due_at)).await?;
    }
    let job = claim_one(backend, NOW).await?;
    give_up(backend, &job, NOW).await?;
    let backlog = backend.relay.backlog(after(10)).await?;
    let expected = Backlog {
        waiting: 3,
        given_up: 1,
        oldest_due: Some(after(5)),
    };
    assert_eq!(backlog, expected);
    claim(backend, after(5), 1).await?;
    let oldest = backend.relay.backlog(after(10)).await?.oldest_due;
    assert_eq!(oldest, Some(after(6)), "a claimed job is being done");
    Ok(())
}
