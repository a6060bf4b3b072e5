//! Transactions beside each other: each keeps or loses its own writes and nobody else's.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::wallets::WalletChange;
use domain::{Money, UserId};
use futures::poll;
use ports::wallets::Applied;
use ports::{StoreError, Tx};

use super::{Backend, Case};
use crate::fixtures::{NOW, user};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! writers_contract {
    ($with:ident) => {
        $with! { writers:
            of_many_writers_each_loses_only_its_own,
            what_was_committed_is_there_for_everybody_at_once,
            a_transaction_sees_its_own_writes_and_not_those_that_were_dropped,
        }
    };
}

async fn wallet(backend: &Backend, n: u32) -> Result<UserId, StoreError> {
    let owner = user(n);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&owner).await?;
    tx.wallets().create(&owner.id, NOW).await?;
    tx.commit().await?;
    Ok(owner.id)
}

async fn credit(tx: &mut dyn Tx, owner: &UserId) -> Result<(), StoreError> {
    let change = WalletChange::Credit(owner.clone(), Money::MICRO);
    let applied = tx.wallets().apply(&change, NOW).await?;
    assert!(matches!(applied, Applied::Done { .. }), "{applied:?}");
    Ok(())
}

async fn available(backend: &Backend, owner: &UserId) -> Result<i64, StoreError> {
    let wallet = backend.wallets.wallet(owner).await?.expect("there is one");
    Ok(wallet.available.micros())
}

/// How a writer ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Commits,
    Drops,
    Fails,
    Panics,
    IsAbandonedInAStep,
    GoesWhileItCommits,
}

const ENDS: [End; 6] = [
    End::Commits,
    End::Drops,
    End::Fails,
    End::Panics,
    End::IsAbandonedInAStep,
    End::GoesWhileItCommits,
];

/// Whether its credit must be there; nothing if nobody can know.
async fn write(backend: Backend, owner: UserId, end: End) -> Result<Option<bool>, StoreError> {
    let mut tx = backend.store.begin().await?;
    credit(&mut *tx, &owner).await?;
    match end {
        End::Commits => return tx.commit().await.map(|()| Some(true)),
        End::Drops => {}
        End::Fails => {
            let again = WalletChange::Release(owner, Money::MICRO);
            let refused = tx.wallets().apply(&again, NOW).await;
            assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
            assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
        }
        End::Panics => {
            let _open = tx;
            panic!("this one is meant to");
        }
        End::IsAbandonedInAStep => {
            let mut step = Box::pin(credit(&mut *tx, &owner));
            assert!(poll!(&mut step).is_pending(), "a step waits for the database");
        }
        End::GoesWhileItCommits => {
            let mut commit = tx.commit();
            if poll!(&mut commit).is_pending() {
                return Ok(None);
            }
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

pub async fn of_many_writers_each_loses_only_its_own(backend: &Backend) -> Case {
    let mut writers = Vec::new();
    for (n, end) in (1..).zip(ENDS.into_iter().cycle().take(60)) {
        let owner = wallet(backend, n).await?;
        let writer = tokio::spawn(write(backend.clone(), owner.clone(), end));
        writers.push((owner, end, writer));
    }
    let mut expected = Vec::new();
    for (owner, end, writer) in writers {
        let kept = match writer.await {
            Ok(kept) => kept?,
            Err(_) => Some(false),
        };
        expected.push((owner, end, kept));
    }
    for (owner, end, kept) in expected {
        let there = available(backend, &owner).await?;
        assert!((0..=1).contains(&there));
        if let Some(kept) = kept {
            assert_eq!(there == 1, kept, "{end:?}");
        }
    }
    Ok(())
}

pub async fn what_was_committed_is_there_for_everybody_at_once(backend: &Backend) -> Case {
    let mut writers = Vec::new();
    for n in 1..=16 {
        let (backend, owner) = (backend.clone(), wallet(backend, n).await?);
        writers.push(tokio::spawn(async move {
            for done in 1..=10 {
                let mut tx = backend.store.begin().await?;
                credit(&mut *tx, &owner).await?;
                tx.commit().await?;
                assert_eq!(available(&backend, &owner).await?, done);
            }
            Ok::<(), StoreError>(())
        }));
    }
    for writer in writers {
        writer.await.expect("it sees what it committed")?;
    }
    Ok(())
}

pub async fn a_transaction_sees_its_own_writes_and_not_those_that_were_dropped(backend: &Backend) -> Case {
    let owner = wallet(backend, 1).await?;
    let change = WalletChange::Credit(owner.clone(), Money::MICRO);
    for done in 1..=20 {
        let mut dropped = backend.store.begin().await?;
        credit(&mut *dropped, &owner).await?;
        match dropped.wallets().apply(&change, NOW).await? {
            Applied::Done { available, .. } => assert_eq!(available.micros(), done + 1),
            other => panic!("{other:?}"),
        }
        drop(dropped);
        let mut tx = backend.store.begin().await?;
        credit(&mut *tx, &owner).await?;
        tx.commit().await?;
    }
    assert_eq!(available(backend, &owner).await?, 20);
    Ok(())
}
