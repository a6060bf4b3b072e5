//! The outbox when jobs fail, wait, or are looked after.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use domain::Timestamp;
use ports::StoreError;
use ports::jobs::Job;
use ports::outbox::{Backlog, NewJob, Pushed, Settlement};

use super::outbox::{ATTEMPTS_MAX, LEASE, begin, claim, claim_one, finish, push, settle, subjects, submit};
use super::{Backend, Case};
use crate::fixtures::{NOW, after};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! outbox_retries_contract {
    ($with:ident) => {
        $with! { outbox_retries:
            a_job_is_given_up_after_its_last_attempt,
            a_given_up_job_is_finished_by_its_last_worker_after_all,
            a_given_up_job_waits_again_when_it_is_pushed,
            a_push_onto_a_given_up_job_is_not_lost_to_its_last_worker,
            ensuring_a_job_disturbs_neither_waiting_nor_running_ones,
            ensuring_a_job_revives_it_only_after_a_while,
            a_rescheduled_job_waits_and_may_be_forgiven,
            a_job_that_could_not_be_queued_waits_as_if_unclaimed,
            the_next_due_time_counts_leases,
            a_job_that_waited_too_long_in_the_queue_costs_no_attempt,
            a_job_is_begun_by_its_latest_claim_only,
            the_backlog_counts_what_waits_and_what_was_given_up,
        }
    };
}

async fn ensure(backend: &Backend, job: NewJob, revive_before: Timestamp) -> Result<Pushed, StoreError> {
    let mut tx = backend.store.begin().await?;
    let ensured = tx.outbox().ensure(job, revive_before).await?;
    tx.commit().await?;
    Ok(ensured)
}

pub(super) async fn reschedule(
    backend: &Backend,
    job: &Job,
    due_at: Timestamp,
    forgive: bool,
) -> Result<bool, StoreError> {
    settle(backend, job, Settlement::Again { due_at, forgive }).await
}

pub(super) async fn give_up(backend: &Backend, job: &Job, at: Timestamp) -> Result<bool, StoreError> {
    let reason = "broken".to_owned();
    settle(backend, job, Settlement::GivenUp { reason, at }).await
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
    assert_eq!(backend.relay.next_due(NOW).await?, None);
    assert_eq!(
        push(backend, submit(7, after(1_000))).await?,
        Pushed::AlreadyWaiting
    );
    assert_eq!(backend.relay.next_due(NOW).await?, Some(after(1_000)));
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
        backend.relay.next_due(NOW).await?,
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
        backend.relay.next_due(NOW).await?,
        None,
        "it was given up a moment ago"
    );
    let later = after(10).plus(Duration::from_micros(1));
    assert_eq!(
        ensure(backend, submit(7, after(30)), later).await?,
        Pushed::AlreadyWaiting
    );
    assert_eq!(backend.relay.next_due(NOW).await?, Some(after(30)));
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
        backend.relay.unclaim(&jobs).await?;
        assert_eq!(
            backend.relay.next_due(NOW).await?,
            Some(NOW),
            "it is due as before"
        );
        for job in &jobs {
            assert!(!finish(backend, job).await?, "the claim ended");
        }
    }
    backend.relay.unclaim(&[]).await?;
    assert_eq!(
        claim(backend, after(1), 10).await?.len(),
        2,
        "no attempt was counted"
    );
    Ok(())
}

pub async fn the_next_due_time_counts_leases(backend: &Backend) -> Case {
    assert_eq!(backend.relay.next_due(NOW).await?, None);
    push(backend, submit(7, NOW)).await?;
    push(backend, submit(8, after(500))).await?;
    assert_eq!(backend.relay.next_due(NOW).await?, Some(NOW));
    let job = claim_one(backend, NOW).await?;
    assert_eq!(backend.relay.next_due(NOW).await?, Some(job.lease_until));
    finish(backend, &job).await?;
    assert_eq!(backend.relay.next_due(NOW).await?, Some(after(500)));
    Ok(())
}

pub async fn a_job_that_waited_too_long_in_the_queue_costs_no_attempt(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let mut now = NOW;
    for _ in 0..10 {
        let jobs = claim(backend, now, 10).await?;
        assert_eq!(subjects(&jobs), [7]);
        now = now.plus(LEASE);
    }
    assert_eq!(backend.relay.backlog(now).await?.given_up, 0);
    Ok(())
}

pub async fn a_job_is_begun_by_its_latest_claim_only(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let stale = claim(backend, NOW, 10).await?.remove(0);
    // Nobody else claimed it meanwhile: then it does not matter that the lease has ended.
    assert!(begin(backend, &stale, after(200)).await?);
    assert!(
        claim(backend, after(199), 10).await?.is_empty(),
        "it is being done"
    );
    let latest = claim(backend, after(200), 10).await?.remove(0);
    assert!(!begin(backend, &stale, after(300)).await?);
    assert!(begin(backend, &latest, after(300)).await?);
    assert!(finish(backend, &latest).await?);
    assert!(!begin(backend, &latest, after(400)).await?, "it is gone");
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
