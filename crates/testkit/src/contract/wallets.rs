//! Wallets and the ledger.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::wallets::{Wallet, WalletChange, WalletStatus};
use domain::{Money, UserId};
use ports::StoreError;
use ports::orders::Inserted;
use ports::wallets::Applied;

use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, after, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! wallets_contract {
    ($with:ident) => {
        $with! { wallets:
            a_wallet_is_created_once_and_begins_empty,
            a_wallet_is_empty_if_nothing_is_in_it_and_nothing_held,
            each_change_moves_what_it_says,
            a_hold_beyond_the_balance_changes_nothing,
            a_frozen_wallet_takes_money_in_and_lets_none_out,
            a_user_without_a_wallet_has_no_money_to_move,
            money_that_is_not_held_cannot_be_released,
            an_amount_below_zero_moves_nothing,
            balances_are_exact_to_the_last_micro,
            of_many_debits_no_more_succeed_than_the_wallet_holds,
            of_a_thousand_holds_the_fifty_that_are_funded_succeed,
            racers_in_all_directions_lose_no_micro,
        }
    };
}

pub(super) const fn micros(micros: i64) -> Money {
    Money::from_micros(micros)
}

pub(super) async fn wallet_with(backend: &Backend, available: i64) -> Result<UserId, StoreError> {
    let ann = user(1);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.identity().insert_user(&ann).await?, Inserted::New);
    assert_eq!(tx.wallets().create(&ann.id, NOW).await?, Inserted::New);
    let credit = WalletChange::Credit(ann.id.clone(), micros(available));
    assert!(matches!(
        tx.wallets().apply(&credit, NOW).await?,
        Applied::Done { .. }
    ));
    tx.commit().await?;
    Ok(ann.id)
}

async fn apply(backend: &Backend, change: &WalletChange) -> Result<Applied, StoreError> {
    let mut tx = backend.store.begin().await?;
    let applied = tx.wallets().apply(change, NOW).await?;
    tx.commit().await?;
    Ok(applied)
}

async fn balance(backend: &Backend, user: &UserId) -> Result<(i64, i64), StoreError> {
    let wallet = backend.wallets.wallet(user).await?.expect("the wallet is there");
    Ok((wallet.available.micros(), wallet.held.micros()))
}

pub async fn a_wallet_is_created_once_and_begins_empty(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 5).await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.wallets().create(&ann, after(1)).await?, Inserted::AlreadyThere);
    tx.identity().insert_user(&user(2)).await?;
    assert_eq!(tx.wallets().create(&user_id(2), NOW).await?, Inserted::New);
    tx.commit().await?;
    assert_eq!(balance(backend, &ann).await?, (5, 0));
    let empty = Wallet {
        user: user_id(2),
        available: Money::ZERO,
        held: Money::ZERO,
        status: WalletStatus::Active,
    };
    assert_eq!(backend.wallets.wallet(&user_id(2)).await?, Some(empty));
    assert_eq!(backend.wallets.wallet(&user_id(3)).await?, None);
    Ok(())
}

pub async fn a_wallet_is_empty_if_nothing_is_in_it_and_nothing_held(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 0).await?;
    for (change, empty) in [
        (WalletChange::Credit(ann.clone(), micros(0)), true),
        (WalletChange::Credit(ann.clone(), micros(5)), false),
        (WalletChange::Hold(ann.clone(), micros(4)), false),
        (WalletChange::Debit(ann.clone(), micros(1)), false),
        (WalletChange::Consume(ann.clone(), micros(4)), true),
    ] {
        apply(backend, &change).await?;
        let mut tx = backend.store.begin().await?;
        assert_eq!(tx.wallets().lock_and_see_empty(&ann).await?, empty, "{change:?}");
    }
    let mut tx = backend.store.begin().await?;
    assert!(tx.wallets().lock_and_see_empty(&user_id(99)).await?, "no wallet");
    Ok(())
}

pub async fn each_change_moves_what_it_says(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 100).await?;
    let steps = [
        (WalletChange::Hold(ann.clone(), micros(40)), (60, 40)),
        (WalletChange::Release(ann.clone(), micros(15)), (75, 25)),
        (WalletChange::Consume(ann.clone(), micros(25)), (75, 0)),
        (WalletChange::Credit(ann.clone(), micros(5)), (80, 0)),
        (WalletChange::Debit(ann.clone(), micros(80)), (0, 0)),
    ];
    for (change, (available, held)) in steps {
        let done = Applied::Done {
            available: micros(available),
            held: micros(held),
        };
        assert_eq!(apply(backend, &change).await?, done, "{change:?}");
        assert_eq!(balance(backend, &ann).await?, (available, held), "{change:?}");
    }
    Ok(())
}

pub async fn a_hold_beyond_the_balance_changes_nothing(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 100).await?;
    let too_low = Applied::TooLow {
        available: micros(100),
    };
    for change in [
        WalletChange::Hold(ann.clone(), micros(101)),
        WalletChange::Debit(ann.clone(), micros(101)),
    ] {
        let mut tx = backend.store.begin().await?;
        assert_eq!(tx.wallets().apply(&change, NOW).await?, too_low);
        let rest = WalletChange::Debit(ann.clone(), Money::ZERO);
        let goes_on = tx.wallets().apply(&rest, NOW).await?;
        assert!(matches!(goes_on, Applied::Done { .. }), "the transaction goes on");
        tx.commit().await?;
    }
    assert_eq!(balance(backend, &ann).await?, (100, 0));
    Ok(())
}

pub async fn a_frozen_wallet_takes_money_in_and_lets_none_out(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 100).await?;
    apply(backend, &WalletChange::Hold(ann.clone(), micros(30))).await?;
    let mut tx = backend.store.begin().await?;
    assert!(tx.wallets().set_status(&ann, WalletStatus::Frozen, NOW).await?);
    assert!(
        !tx.wallets()
            .set_status(&user_id(9), WalletStatus::Frozen, NOW)
            .await?
    );
    tx.commit().await?;
    for change in [
        WalletChange::Hold(ann.clone(), micros(1)),
        WalletChange::Debit(ann.clone(), micros(1)),
        WalletChange::Hold(ann.clone(), micros(1_000)),
    ] {
        assert_eq!(apply(backend, &change).await?, Applied::Frozen, "{change:?}");
    }
    for change in [
        WalletChange::Release(ann.clone(), micros(10)),
        WalletChange::Consume(ann.clone(), micros(20)),
        WalletChange::Credit(ann.clone(), micros(1)),
    ] {
        let applied = apply(backend, &change).await?;
        assert!(matches!(applied, Applied::Done { .. }), "{change:?}");
    }
    assert_eq!(balance(backend, &ann).await?, (81, 0));
    let frozen = backend.wallets.wallet(&ann).await?.map(|wallet| wallet.status);
    assert_eq!(frozen, Some(WalletStatus::Frozen));
    Ok(())
}

pub async fn a_user_without_a_wallet_has_no_money_to_move(backend: &Backend) -> Case {
    let nobody = || user_id(7);
    for change in [
        WalletChange::Hold(nobody(), micros(1)),
        WalletChange::Debit(nobody(), micros(1)),
        WalletChange::Credit(nobody(), micros(1)),
        WalletChange::Release(nobody(), micros(1)),
        WalletChange::Consume(nobody(), micros(1)),
    ] {
        assert_eq!(apply(backend, &change).await?, Applied::NoWallet, "{change:?}");
    }
    Ok(())
}

pub async fn money_that_is_not_held_cannot_be_released(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 100).await?;
    apply(backend, &WalletChange::Hold(ann.clone(), micros(10))).await?;
    for change in [
        WalletChange::Release(ann.clone(), micros(11)),
        WalletChange::Consume(ann.clone(), micros(11)),
    ] {
        let mut tx = backend.store.begin().await?;
        conflicts(tx.wallets().apply(&change, NOW).await, "wallets.held");
        assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
    }
    assert_eq!(balance(backend, &ann).await?, (90, 10));
    Ok(())
}

pub async fn an_amount_below_zero_moves_nothing(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 100).await?;
    for amount in [micros(-1), micros(i64::MIN), micros(i64::MAX)] {
        for change in [
            WalletChange::Hold(ann.clone(), amount),
            WalletChange::Debit(ann.clone(), amount),
            WalletChange::Credit(ann.clone(), amount),
            WalletChange::Release(ann.clone(), amount),
            WalletChange::Consume(ann.clone(), amount),
        ] {
            let mut tx = backend.store.begin().await?;
            let applied = tx.wallets().apply(&change, NOW).await;
            if amount.is_positive() && matches!(change, WalletChange::Hold(..) | WalletChange::Debit(..)) {
                // Whoever asks for more than any wallet holds is answered.
                let available = micros(100);
                assert_eq!(applied?, Applied::TooLow { available });
            } else {
                conflicts(applied, "wallets.amount");
            }
        }
    }
    assert_eq!(balance(backend, &ann).await?, (100, 0));
    Ok(())
}

pub async fn balances_are_exact_to_the_last_micro(backend: &Backend) -> Case {
    // 2⁵³ + 1 and its neighbours are where doubles begin to round.
    let beyond_doubles = 9_007_199_254_740_993;
    let ann = wallet_with(backend, beyond_doubles).await?;
    apply(backend, &WalletChange::Hold(ann.clone(), micros(1))).await?;
    assert_eq!(balance(backend, &ann).await?, (beyond_doubles - 1, 1));
    apply(backend, &WalletChange::Release(ann.clone(), micros(1))).await?;
    assert_eq!(balance(backend, &ann).await?, (beyond_doubles, 0));
    let mut tx = backend.store.begin().await?;
    let flood = WalletChange::Credit(ann.clone(), micros(1_000_000_000_000_000_000));
    conflicts(tx.wallets().apply(&flood, NOW).await, "wallets_available");
    drop(tx);
    assert_eq!(balance(backend, &ann).await?, (beyond_doubles, 0));
    Ok(())
}

pub async fn of_many_debits_no_more_succeed_than_the_wallet_holds(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 300).await?;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (backend, ann) = (backend.clone(), ann.clone());
            tokio::spawn(async move {
                let mut debited = 0;
                for _ in 0..10 {
                    let change = WalletChange::Debit(ann.clone(), Money::MICRO);
                    match apply(&backend, &change).await? {
                        Applied::Done { .. } => debited += 1,
                        Applied::TooLow { available } => assert_eq!(available, Money::ZERO),
                        other => panic!("{other:?}"),
                    }
                }
                Ok::<i64, StoreError>(debited)
            })
        })
        .collect();
    let mut debited = 0;
    for task in tasks {
        debited += task.await.expect("no task panics")?;
    }
    assert_eq!(debited, 300);
    assert_eq!(balance(backend, &ann).await?, (0, 0));
    Ok(())
}

pub async fn of_a_thousand_holds_the_fifty_that_are_funded_succeed(backend: &Backend) -> Case {
    let price = 7_654_321;
    let ann = wallet_with(backend, 50 * price + price - 1).await?;
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (backend, ann) = (backend.clone(), ann.clone());
            tokio::spawn(async move { apply(&backend, &WalletChange::Hold(ann, micros(price))).await })
        })
        .collect();
    let mut held = 0;
    for task in tasks {
        match task.await.expect("no task panics")? {
            Applied::Done { .. } => held += 1,
            Applied::TooLow { available } => assert_eq!(available, micros(price - 1)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(held, 50);
    assert_eq!(balance(backend, &ann).await?, (price - 1, 50 * price));
    Ok(())
}

pub async fn racers_in_all_directions_lose_no_micro(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 1_000).await?;
    let tasks: Vec<_> = (0..16_i64)
        .map(|n| {
            let (backend, ann) = (backend.clone(), ann.clone());
            tokio::spawn(async move {
                for _ in 0..4 {
                    let amount = micros(n + 1);
                    apply(&backend, &WalletChange::Credit(ann.clone(), amount)).await?;
                    if let Applied::Done { .. } =
                        apply(&backend, &WalletChange::Hold(ann.clone(), amount)).await?
                    {
                        apply(&backend, &WalletChange::Release(ann.clone(), amount)).await?;
                    }
                    let debited = apply(&backend, &WalletChange::Debit(ann.clone(), amount)).await?;
                    assert!(
                        matches!(debited, Applied::Done { .. }),
                        "what was credited is there"
                    );
                }
                Ok::<(), StoreError>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no task panics")?;
    }
    assert_eq!(balance(backend, &ann).await?, (1_000, 0));
    Ok(())
}
