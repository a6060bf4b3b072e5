//! Attempts to send an order: at most one may have reached the provider.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::orders::{AttemptChange, AttemptOutcome, Evidence};
use ports::StoreError;

use super::steps::{accepted, claimed, lost, placed, resolved, rich_shop, submitted};
use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, after};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! attempts_contract {
    ($with:ident) => {
        $with! { attempts:
            a_second_attempt_is_refused_while_one_may_have_arrived,
            of_racers_to_open_an_attempt_one_wins,
            an_attempt_after_a_proven_absence_is_allowed,
            an_absence_without_proof_is_refused,
            an_attempt_that_moved_on_is_left_alone,
        }
    };
}

pub async fn a_second_attempt_is_refused_while_one_may_have_arrived(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let order = claimed(backend, &order, NOW).await?;
    let again = || AttemptChange::Open {
        no: 2,
        worker: "worker-2".to_owned(),
        at: NOW,
    };
    for evidence in [None, Some(lost()), Some(accepted("4711"))] {
        if let Some(evidence) = evidence {
            resolved(backend, &order, &evidence, NOW).await?;
        }
        let mut tx = backend.store.begin().await?;
        conflicts(tx.orders().change_attempt(&order, &again()).await, "attempt");
        assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
    }
    assert_eq!(backend.orders.attempts(order.id).await?.len(), 1);
    Ok(())
}

pub async fn of_racers_to_open_an_attempt_one_wins(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let order = &order;
    let racers = (1..=16).map(|no| async move {
        let open = AttemptChange::Open {
            no,
            worker: format!("worker-{no}"),
            at: NOW,
        };
        let mut tx = backend.store.begin().await?;
        match tx.orders().change_attempt(order, &open).await {
            Ok(opened) => tx.commit().await.map(|()| opened),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    });
    let won = futures::future::try_join_all(racers).await?;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    assert_eq!(backend.orders.attempts(order.id).await?.len(), 1);
    Ok(())
}

pub async fn an_attempt_after_a_proven_absence_is_allowed(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    claimed(backend, &order, NOW).await?;
    let proof = "connect: refused".to_owned();
    resolved(backend, &order, &Evidence::NotSent { proof }, after(1)).await?;
    claimed(backend, &order, after(2)).await?;
    let attempts = backend.orders.attempts(order.id).await?;
    let shown: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.no, attempt.outcome.as_str(), attempt.proof.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [(1, "not_placed", Some("connect: refused")), (2, "intent", None)]
    );
    let times: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.started_at, attempt.resolved_at))
        .collect();
    assert_eq!(times, [(NOW, Some(after(1))), (after(2), None)]);
    let mut tx = backend.store.begin().await?;
    let latest = tx
        .orders()
        .latest_attempt(order.id)
        .await?
        .expect("there are two");
    assert_eq!((latest.no, latest.outcome), (2, AttemptOutcome::Intent));
    Ok(())
}

pub async fn an_absence_without_proof_is_refused(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let order = claimed(backend, &order, NOW).await?;
    let unproven = AttemptChange::Resolve {
        no: 1,
        from: AttemptOutcome::Intent,
        outcome: AttemptOutcome::NotPlaced,
        proof: None,
        provider_order_id: None,
    };
    let mut tx = backend.store.begin().await?;
    conflicts(
        tx.orders().change_attempt(&order, &unproven).await,
        "attempts_absence_is_proven",
    );
    Ok(())
}

pub async fn an_attempt_that_moved_on_is_left_alone(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let order = submitted(backend, &order, "4711", NOW).await?;
    let late = AttemptChange::Resolve {
        no: 1,
        from: AttemptOutcome::Intent,
        outcome: AttemptOutcome::NotPlaced,
        proof: Some("late".to_owned()),
        provider_order_id: None,
    };
    let mut tx = backend.store.begin().await?;
    assert!(!tx.orders().change_attempt(&order, &late).await?);
    tx.commit().await?;
    let attempts = backend.orders.attempts(order.id).await?;
    assert_eq!(
        attempts.first().map(|attempt| attempt.outcome.as_str()),
        Some("placed")
    );
    Ok(())
}
