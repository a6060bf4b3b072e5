//! Whether orders may be sent, and what the database is.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::OrderId;
use domain::orders::{AttemptChange, AttemptOutcome, Evidence, IN_DOUBT};
use domain::submission::{Identity, PauseCause, Submission};

use super::steps::{claimed, placed, resolved, rich_shop, submitted};
use super::{Backend, Case, conflicts};
use crate::fixtures::NOW;
use crate::fixtures::after;

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! submission_contract {
    ($with:ident) => {
        $with! { submission:
            a_new_database_has_sent_nothing_and_is_not_paused,
            what_is_written_is_read_and_goes_with_its_transaction,
            a_doubt_without_a_pause_is_refused,
            orders_in_doubt_are_those_that_no_provider_is_known_to_have,
            a_presumed_attempt_may_have_reached_the_provider,
            a_database_stays_the_one_it_is,
        }
    };
}

pub async fn a_new_database_has_sent_nothing_and_is_not_paused(backend: &Backend) -> Case {
    let nothing = Submission {
        incarnation: String::new(),
        identity: Identity::default(),
        epoch: 0,
        seen_at: None,
        pause: None,
        doubted_up_to: None,
    };
    assert_eq!(backend.submission.submission().await?, nothing);
    assert_eq!(backend.submission.submitting().await?, 0);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.submission().lock().await?, nothing);
    assert_eq!(tx.submission().latest_order().await?, None);
    Ok(())
}

pub async fn what_is_written_is_read_and_goes_with_its_transaction(backend: &Backend) -> Case {
    let identity = Identity {
        system: Some("7".to_owned()),
        place: None,
        timeline: Some("00000001".to_owned()),
    };
    let mut tx = backend.store.begin().await?;
    let known = tx.submission().lock().await?;
    let paused = known.adopted(&identity, None, NOW).paused(
        PauseCause::Database,
        "it's \"older\"",
        Some(OrderId(9)),
        after(1),
    );
    let paused = Submission {
        incarnation: "i".to_owned(),
        ..paused
    };
    tx.submission().save(&paused).await?;
    tx.commit().await?;
    assert_eq!(backend.submission.submission().await?, paused);

    let mut tx = backend.store.begin().await?;
    let locked = tx.submission().lock().await?;
    assert_eq!(locked, paused);
    let released = locked.marked().released(after(2));
    let released = released.unwrap_or(locked);
    tx.submission().save(&released).await?;
    drop(tx);
    assert_eq!(backend.submission.submission().await?, paused);
    let mut tx = backend.store.begin().await?;
    tx.submission().save(&released).await?;
    tx.commit().await?;
    assert_eq!(backend.submission.submission().await?, released);
    assert_eq!(released.pause, None);
    Ok(())
}

pub async fn a_doubt_without_a_pause_is_refused(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    let known = tx.submission().lock().await?;
    let nonsense = Submission {
        doubted_up_to: Some(OrderId(1)),
        ..known
    };
    conflicts(
        tx.submission().save(&nonsense).await,
        "submission_in_doubt_is_paused",
    );
    Ok(())
}

pub async fn orders_in_doubt_are_those_that_no_provider_is_known_to_have(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let held = placed(backend, &shop, 1).await?;
    let sending = placed(backend, &shop, 2).await?;
    claimed(backend, &sending, NOW).await?;
    let unknown = placed(backend, &shop, 3).await?;
    claimed(backend, &unknown, NOW).await?;
    let why = "lost".to_owned();
    resolved(backend, &unknown, &Evidence::Unknown { why }, after(1)).await?;
    let with_provider = placed(backend, &shop, 4).await?;
    submitted(backend, &with_provider, "4711", NOW).await?;
    let last = placed(backend, &shop, 5).await?;

    let all = [held.id, sending.id, unknown.id, last.id];
    let doubtful = |from, to, limit| backend.submission.doubtful(from, to, limit);
    assert_eq!(doubtful(OrderId(0), last.id, 10).await?, all);
    assert_eq!(doubtful(OrderId(0), last.id, 2).await?, [held.id, sending.id]);
    assert_eq!(doubtful(sending.id, with_provider.id, 10).await?, [unknown.id]);
    assert_eq!(backend.submission.submitting().await?, 1);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.submission().latest_order().await?, Some(last.id));
    Ok(())
}

pub async fn a_presumed_attempt_may_have_reached_the_provider(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let presume = |no| AttemptChange::Presume {
        no,
        since: order.created_at,
        why: "restored".to_owned(),
    };
    let mut tx = backend.store.begin().await?;
    assert!(tx.orders().change_attempt(&order, &presume(1)).await?);
    tx.commit().await?;
    let attempts = backend.orders.attempts(order.id).await?;
    let [attempt] = &*attempts else {
        panic!("{attempts:?}");
    };
    assert_eq!(
        (
            attempt.outcome.as_str(),
            attempt.proof.as_deref(),
            attempt.worker.as_str()
        ),
        (AttemptOutcome::Unknown.as_str(), Some("restored"), IN_DOUBT)
    );
    assert_eq!(attempt.started_at, order.created_at);
    let mut tx = backend.store.begin().await?;
    let second = tx.orders().change_attempt(&order, &presume(2)).await;
    conflicts(second, "attempt");
    Ok(())
}

pub async fn a_database_stays_the_one_it_is(backend: &Backend) -> Case {
    let generation = backend.server.generation();
    let identity = backend.server.identity().await?;
    assert_eq!(identity.difference(&backend.server.identity().await?), None);
    assert_eq!(backend.server.generation(), generation);
    let told = [&identity.system, &identity.place, &identity.timeline];
    let told = told.map(Option::is_some);
    assert!(told == [true; 3] || told == [false; 3], "{identity:?}");
    Ok(())
}
