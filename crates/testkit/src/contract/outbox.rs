//! The outbox: what is pushed is claimed by one relay at a time, finished by whoever holds the claim, and never lost.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use domain::Timestamp;
use ports::StoreError;
use ports::jobs::{Job, JobTopic};
use ports::outbox::{NewJob, Pushed, Settlement, Wanted};

use super::outbox_retries::{give_up, reschedule};
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
        }
    };
}

pub(super) const ATTEMPTS_MAX: u32 = 3;

pub(super) const LEASE: Duration = Duration::from_secs(60);

pub(super) const fn submit(subject: i64, due_at: Timestamp) -> NewJob {
    NewJob {
        topic: JobTopic::SubmitOrder,
        subject,
        due_at,
    }
}

pub(super) async fn push(backend: &Backend, job: NewJob) -> Result<Pushed, StoreError> {
    let mut tx = backend.store.begin().await?;
    let pushed = tx.outbox().push(job).await?;
    tx.commit().await?;
    Ok(pushed)
}

/// All of up to ten jobs from the old end of the line, unless it is said otherwise.
pub(super) fn wanted(now: Timestamp) -> Wanted {
    Wanted {
        now,
        lease_until: now.plus(LEASE),
        limit: 10,
        youngest: 0,
        attempts_max: ATTEMPTS_MAX,
        begin: false,
    }
}

pub(super) async fn claim(backend: &Backend, now: Timestamp, limit: u16) -> Result<Vec<Job>, StoreError> {
    backend.relay.claim_due(&Wanted { limit, ..wanted(now) }).await
}

pub(super) async fn begin(backend: &Backend, job: &Job, lease_until: Timestamp) -> Result<bool, StoreError> {
    let begun = backend
        .relay
        .begin(std::slice::from_ref(job), lease_until)
        .await?;
    assert_eq!(begun.len(), 1);
    Ok(begun == [true])
}

/// Claims and begins the one job that is due.
pub(super) async fn claim_one(backend: &Backend, now: Timestamp) -> Result<Job, StoreError> {
    let mut jobs = claim(backend, now, 10).await?;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let job = jobs.remove(0);
    assert!(begin(backend, &job, job.lease_until).await?);
    Ok(job)
}

pub(super) async fn settle(backend: &Backend, job: &Job, settlement: Settlement) -> Result<bool, StoreError> {
    let settled = backend.relay.settle(&[(job.clone(), settlement)]).await?;
    assert_eq!(settled.len(), 1);
    Ok(settled == [true])
}

pub(super) async fn finish(backend: &Backend, job: &Job) -> Result<bool, StoreError> {
    settle(backend, job, Settlement::Finished).await
}

pub(super) fn subjects(jobs: &[Job]) -> Vec<i64> {
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
    backend.relay.unclaim(std::slice::from_ref(&slow)).await?;
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
    assert_eq!(backend.relay.next_due(NOW).await?, Some(after(100)));
    assert_eq!(push(backend, submit(7, after(50))).await?, Pushed::AlreadyWaiting);
    assert_eq!(backend.relay.next_due(NOW).await?, Some(after(50)));
    claim_one(backend, after(50)).await?;
    Ok(())
}

pub async fn racing_pushes_leave_one_job(backend: &Backend) -> Case {
    let pushes = (0..32).map(|n| push(backend, submit(7, after(32 - n))));
    let pushed = futures::future::try_join_all(pushes).await?;
    let added = pushed.iter().filter(|pushed| **pushed == Pushed::Added).count();
    assert_eq!(added, 1);
    assert_eq!(backend.relay.next_due(NOW).await?, Some(after(1)));
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
    assert_eq!(backend.relay.next_due(NOW).await?, Some(crashed.lease_until));
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
