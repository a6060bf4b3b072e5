//! The outbox when many jobs are begun, settled and looked after at once.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use ports::jobs::Job;
use ports::outbox::{Settlement, Wanted};

use super::outbox::{ATTEMPTS_MAX, LEASE, begin, claim, finish, push, subjects, submit, wanted};
use super::{Backend, Case};
use crate::fixtures::{NOW, after};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! outbox_batches_contract {
    ($with:ident) => {
        $with! { outbox_batches:
            many_jobs_are_begun_and_settled_each_by_its_own_claim,
            many_settled_jobs_end_each_in_its_way,
            a_claim_is_begun_once,
            a_job_that_is_begun_with_its_claim_counts_as_an_attempt,
            claims_of_what_waits_in_the_queue_are_renewed,
            what_is_begun_or_gone_or_somebody_elses_is_not_renewed,
            a_share_is_claimed_from_the_young_end_of_the_line,
            jobs_that_come_back_do_not_bury_a_new_one,
            racing_pushes_and_batches_lose_no_work,
        }
    };
}

async fn claimed(backend: &Backend, subjects: std::ops::Range<i64>) -> Result<Vec<Job>, ports::StoreError> {
    let count = u16::try_from(subjects.end - subjects.start).expect("a few");
    let mut tx = backend.store.begin().await?;
    for subject in subjects {
        tx.outbox().push(submit(subject, NOW)).await?;
    }
    tx.commit().await?;
    claim(backend, NOW, count).await
}

pub async fn many_jobs_are_begun_and_settled_each_by_its_own_claim(backend: &Backend) -> Case {
    assert_eq!(backend.relay.begin(&[], after(60)).await?, Vec::<bool>::new());
    assert_eq!(backend.relay.settle(&[]).await?, Vec::<bool>::new());
    let jobs = claimed(backend, 1..301).await?;
    let mut asked: Vec<Job> = jobs.clone();
    for (index, job) in asked.iter_mut().enumerate() {
        // Every third shows the claim of somebody who had the job before, or will have it.
        job.claim += match index % 3 {
            0 => 0,
            1 => -1,
            _ => 1,
        };
    }
    let own = |index: usize| index.is_multiple_of(3);
    let begun = backend.relay.begin(&asked, after(60)).await?;
    assert!(
        begun
            .iter()
            .enumerate()
            .all(|(index, begun)| *begun == own(index))
    );
    let settled: Vec<_> = asked.into_iter().map(|job| (job, Settlement::Finished)).collect();
    let settled = backend.relay.settle(&settled).await?;
    assert!(
        settled
            .iter()
            .enumerate()
            .all(|(index, settled)| *settled == own(index))
    );
    let left = claim(backend, after(100), 400).await?;
    assert_eq!(left.len(), 200, "what was not theirs is still there");
    Ok(())
}

pub async fn many_settled_jobs_end_each_in_its_way(backend: &Backend) -> Case {
    let jobs = claimed(backend, 1..13).await?;
    backend.relay.begin(&jobs, after(60)).await?;
    let settled: Vec<(Job, Settlement)> = jobs
        .iter()
        .map(|job| {
            let settlement = match job.subject % 4 {
                0 => Settlement::Finished,
                1 => Settlement::GivenUp {
                    reason: "broken".to_owned(),
                    at: after(1),
                },
                2 => Settlement::Again {
                    due_at: after(job.subject.unsigned_abs() * 10),
                    forgive: true,
                },
                _ => Settlement::Again {
                    due_at: after(job.subject.unsigned_abs() * 10),
                    forgive: false,
                },
            };
            (job.clone(), settlement)
        })
        .collect();
    assert_eq!(backend.relay.settle(&settled).await?, [true; 12]);
    assert_eq!(backend.relay.settle(&settled).await?, [false; 12], "once");
    assert_eq!(backend.relay.backlog(after(1)).await?.given_up, 3);
    for (subject, next) in [(2, 3), (3, 6), (6, 7), (7, 10), (10, 11)] {
        let due = claim(backend, after(subject * 10), 10).await?;
        assert_eq!(subjects(&due), [i64::try_from(subject).expect("it is small")]);
        for job in &due {
            assert!(finish(backend, job).await?);
        }
        assert_eq!(
            backend.relay.next_due(after(subject * 10)).await?,
            Some(after(next * 10))
        );
    }
    Ok(())
}

pub async fn a_claim_is_begun_once(backend: &Backend) -> Case {
    let job = claimed(backend, 7..8).await?.remove(0);
    // The queue hands it to two workers, at the same moment and later.
    let twice = [job.clone(), job.clone()];
    assert_eq!(backend.relay.begin(&twice, after(60)).await?, [true, false]);
    assert!(!begin(backend, &job, after(900)).await?);
    assert_eq!(
        backend.relay.next_due(after(1)).await?,
        Some(after(60)),
        "it has no more time"
    );
    assert!(finish(backend, &job).await?);
    Ok(())
}

pub async fn a_job_that_is_begun_with_its_claim_counts_as_an_attempt(backend: &Backend) -> Case {
    push(backend, submit(7, NOW)).await?;
    let mut now = NOW;
    for _ in 0..ATTEMPTS_MAX {
        let begun = Wanted {
            begin: true,
            ..wanted(now)
        };
        let job = backend.relay.claim_due(&begun).await?.remove(0);
        assert!(job.begun);
        assert!(!begin(backend, &job, after(900)).await?, "it is begun");
        now = job.lease_until;
    }
    assert_eq!(claim(backend, now, 10).await?, []);
    assert_eq!(backend.relay.backlog(now).await?.given_up, 1);
    Ok(())
}

pub async fn claims_of_what_waits_in_the_queue_are_renewed(backend: &Backend) -> Case {
    let jobs = claimed(backend, 1..101).await?;
    let mut now = NOW;
    for _ in 0..10 {
        now = now.plus(LEASE / 2);
        assert_eq!(
            backend
                .relay
                .renew(&jobs, now.plus(LEASE), now.plus(LEASE))
                .await?,
            100
        );
        assert_eq!(
            backend
                .relay
                .renew(&jobs, now.plus(LEASE), now.plus(LEASE))
                .await?,
            0,
            "another relay has just done so"
        );
        assert_eq!(claim(backend, now, 10).await?, []);
    }
    // Also when it was late, if nobody else was quicker.
    now = now.plus(LEASE * 2);
    assert_eq!(
        backend
            .relay
            .renew(&jobs, now.plus(LEASE), now.plus(LEASE))
            .await?,
        100
    );
    assert_eq!(claim(backend, now, 10).await?, []);
    let begun = backend.relay.begin(&jobs, now.plus(LEASE)).await?;
    assert_eq!(begun, [true; 100], "their claims are what they were");
    assert_eq!(backend.relay.renew(&[], now, now).await?, 0);
    Ok(())
}

pub async fn what_is_begun_or_gone_or_somebody_elses_is_not_renewed(backend: &Backend) -> Case {
    let jobs = claimed(backend, 1..5).await?;
    let later = after(30).plus(LEASE);
    let [begun, gone, _, unclaimed] = jobs.as_slice() else {
        panic!("four were claimed: {jobs:?}");
    };
    assert!(begin(backend, begun, after(60)).await?);
    assert!(finish(backend, gone).await?);
    push(backend, submit(3, NOW)).await?;
    backend.relay.unclaim(std::slice::from_ref(unclaimed)).await?;
    assert_eq!(backend.relay.renew(&jobs, later, later).await?, 0);
    assert_eq!(subjects(&claim(backend, after(30), 10).await?), [3, 4]);
    assert_eq!(subjects(&claim(backend, after(60), 10).await?), [1]);
    assert_eq!(
        backend.relay.renew(&jobs, later, later).await?,
        0,
        "they are claimed anew"
    );
    Ok(())
}

pub async fn a_share_is_claimed_from_the_young_end_of_the_line(backend: &Backend) -> Case {
    for subject in 1..=20_i64 {
        push(backend, submit(subject, after(subject.unsigned_abs()))).await?;
    }
    let share = |limit, youngest| Wanted {
        limit,
        youngest,
        ..wanted(after(19))
    };
    let claim = async |limit, youngest| backend.relay.claim_due(&share(limit, youngest)).await;
    assert_eq!(subjects(&claim(8, 2).await?), [1, 2, 3, 4, 5, 6, 18, 19]);
    assert_eq!(subjects(&claim(1, 1).await?), [17]);
    assert_eq!(subjects(&claim(1, 5).await?), [16], "never more than the limit");
    assert_eq!(subjects(&claim(8, 4).await?), [7, 8, 9, 10, 12, 13, 14, 15]);
    assert_eq!(subjects(&claim(8, 4).await?), [11], "the ends meet");
    Ok(())
}

pub async fn jobs_that_come_back_do_not_bury_a_new_one(backend: &Backend) -> Case {
    let jobs = claimed(backend, 1..31).await?;
    push(backend, submit(31, after(1))).await?;
    let again = |job: &Job| {
        let due_at = after(2);
        let forgive = true;
        (job.clone(), Settlement::Again { due_at, forgive })
    };
    let settled: Vec<(Job, Settlement)> = jobs.iter().map(again).collect();
    backend.relay.settle(&settled).await?;
    let share = Wanted {
        limit: 4,
        youngest: 1,
        ..wanted(after(3))
    };
    push(backend, submit(32, after(1))).await?;
    // 31 has waited longest, and 32 is the youngest although thirty jobs became due after it.
    let subjects = subjects(&backend.relay.claim_due(&share).await?);
    assert!(subjects.starts_with(&[31, 32]), "{subjects:?}");
    Ok(())
}

pub async fn racing_pushes_and_batches_lose_no_work(backend: &Backend) -> Case {
    const JOBS: i64 = 40;
    for round in 0..5 {
        let jobs = claimed(backend, 0..JOBS).await?;
        backend.relay.begin(&jobs, after(60)).await?;
        let settled: Vec<(Job, Settlement)> = jobs
            .iter()
            .map(|job| {
                let due_at = after(1_000);
                let again = Settlement::Again {
                    due_at,
                    forgive: true,
                };
                (
                    job.clone(),
                    if job.subject % 2 == 0 {
                        Settlement::Finished
                    } else {
                        again
                    },
                )
            })
            .collect();
        let settling = backend.relay.settle(&settled);
        let pushing =
            futures::future::try_join_all((0..JOBS).step_by(3).map(|n| push(backend, submit(n, after(1)))));
        let (settled, pushed) = futures::join!(settling, pushing);
        let (settled, pushed) = (settled?, pushed?);
        assert_eq!((settled.len(), pushed.len()), (40, 14));
        // Whoever came first: what was pushed is due when the push said, and nothing runs under the old claim.
        let due = claim(backend, after(1), 100).await?;
        assert!(
            subjects(&due).iter().all(|subject| subject % 3 == 0),
            "round {round}"
        );
        assert_eq!(due.len(), 14, "round {round}");
        let rest = claim(backend, after(1_000).plus(Duration::from_secs(1)), 100).await?;
        for job in due.iter().chain(&rest) {
            finish(backend, job).await?;
        }
        assert_eq!(backend.relay.next_due(NOW).await?, None, "round {round}");
    }
    Ok(())
}
