//! Withdrawals, and the books about money that comes in and goes out.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::currency::ExchangeRate;
use domain::funds::{DepositState, WithdrawalState};
use domain::wallets::{Account, Movement};
use domain::{PageSize, UserId, WithdrawalId};
use ports::StoreError;
use ports::funds::{DepositNews, NewWithdrawal, WithdrawalFilter, WithdrawalNews};

use super::funds::{changed, claimed, new_deposit, news, people};
use super::steps::assert_sound;
use super::wallets::{micros, wallet_with};
use super::{Backend, Case};
use crate::fixtures::{NOW, after, sealed_key};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! withdrawals_contract {
    ($with:ident) => {
        $with! { withdrawals:
            a_withdrawal_is_recorded_once_and_reads_back_as_written,
            what_a_user_has_open_is_seen,
            the_books_see_deposits_and_withdrawals_that_are_not_what_they_say,
        }
    };
}

fn new_withdrawal(n: u32, user: &UserId) -> NewWithdrawal {
    NewWithdrawal {
        user: user.clone(),
        reference: format!("w{n}"),
        amount: micros(70),
        destination: "\u{2026}\u{1f98a}".to_owned(),
        sealed: sealed_key(n),
        at: after(n.into()),
    }
}

async fn asked(backend: &Backend, new: &NewWithdrawal) -> Result<Option<WithdrawalId>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let id = tx.funds().insert_withdrawal(new).await?;
    tx.commit().await?;
    Ok(id)
}

pub async fn a_withdrawal_is_recorded_once_and_reads_back_as_written(backend: &Backend) -> Case {
    let [ann, boss, chief] = people(backend).await?;
    let new = new_withdrawal(1, &ann);
    let id = asked(backend, &new).await?.expect("it is new");
    assert_eq!(asked(backend, &new).await?, None);
    let news = WithdrawalNews {
        state: WithdrawalState::Paid,
        reason: Some("transfer 4711".to_owned()),
        approver: Some(boss.clone()),
        decided_by: Some(chief.clone()),
        at: after(9),
    };
    let mut tx = backend.store.begin().await?;
    let pending = tx.funds().withdrawal_with("w1").await?.expect("it is there");
    assert_eq!(
        (pending.state, pending.created_at),
        (WithdrawalState::Pending, after(1))
    );
    tx.funds().change_withdrawal(id, &news).await?;
    let locked = tx.funds().lock_withdrawal(id).await?.expect("it is there");
    tx.commit().await?;
    let paid = backend.funds.withdrawal(id).await?.expect("it is there");
    assert_eq!(paid, locked);
    assert_eq!(
        (paid.state, paid.amount, paid.destination, paid.sealed),
        (
            WithdrawalState::Paid,
            micros(70),
            new.destination,
            Some(new.sealed)
        )
    );
    assert_eq!(
        (paid.approver, paid.decided_by, paid.updated_at),
        (Some(boss), Some(chief), after(9))
    );
    let filter = WithdrawalFilter {
        user: Some(ann),
        state: Some(WithdrawalState::Paid),
    };
    let listed = backend
        .funds
        .withdrawals(&filter, None, PageSize::DEFAULT)
        .await?;
    assert_eq!(listed, [locked]);
    // What is sealed is neither found again nor sealed again.
    assert!(backend.funds.plain_destinations(9).await?.is_empty());
    let mut tx = backend.store.begin().await?;
    tx.funds().seal_destination(id, "other", &sealed_key(2)).await?;
    tx.commit().await?;
    assert_eq!(backend.funds.withdrawal(id).await?.as_ref(), listed.first());
    Ok(())
}

pub async fn what_a_user_has_open_is_seen(backend: &Backend) -> Case {
    let [ann, bob, _] = people(backend).await?;
    let open = async |user: &UserId| {
        let mut tx = backend.store.begin().await?;
        tx.funds().has_open_funds(user).await
    };
    assert!(!open(&ann).await?);
    let id = claimed(backend, &new_deposit(1, &ann)).await?.expect("it is new");
    asked(backend, &new_withdrawal(1, &bob)).await?;
    assert!(open(&ann).await? && open(&bob).await?);
    changed(backend, id, &news(DepositState::Review, 2)).await?;
    assert!(open(&ann).await?);
    changed(backend, id, &news(DepositState::Expired, 3)).await?;
    assert!(!open(&ann).await?);
    Ok(())
}

/// Records a movement as the product does.
async fn moved(backend: &Backend, movement: &Movement) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.wallets().record(&movement.transfers, NOW).await?;
    if let Some(change) = &movement.wallet {
        tx.wallets().apply(change, NOW).await?;
    }
    tx.commit().await
}

async fn violated(backend: &Backend) -> Result<Vec<&'static str>, StoreError> {
    let counts = backend.proof.verify().await?;
    Ok(counts
        .iter()
        .filter(|it| it.violations > 0)
        .map(|it| it.id)
        .collect())
}

pub async fn the_books_see_deposits_and_withdrawals_that_are_not_what_they_say(backend: &Backend) -> Case {
    let ann = wallet_with(backend, 0).await?;
    let id = claimed(backend, &new_deposit(1, &ann)).await?.expect("it is new");
    assert_sound(backend, "claimed").await?;
    let (gross, fee) = (micros(100), micros(7));
    let deposit = Movement::deposit(&ann, Account::GatewayClearing, gross, fee, "paytm:x1");
    moved(backend, &deposit).await?;
    assert_eq!(
        violated(backend).await?,
        ["V16"],
        "the ledger has what is not credited"
    );
    let wrong = DepositNews {
        credited: Some((gross, micros(6), ExchangeRate::ONE)),
        ..news(DepositState::Credited, 2)
    };
    changed(backend, id, &wrong).await?;
    assert_eq!(violated(backend).await?, ["V16"], "another fee");
    let right = DepositNews {
        credited: Some((gross, fee, ExchangeRate::ONE)),
        ..wrong
    };
    changed(backend, id, &right).await?;
    assert_sound(backend, "credited").await?;
    let other = claimed(backend, &new_deposit(2, &ann)).await?.expect("it is new");
    changed(backend, other, &right).await?;
    assert_eq!(
        violated(backend).await?,
        ["V16"],
        "nothing of it is in the ledger"
    );
    changed(backend, other, &news(DepositState::Refused, 3)).await?;

    let id = asked(backend, &new_withdrawal(1, &ann))
        .await?
        .expect("it is new");
    assert_eq!(violated(backend).await?, ["V17"], "it did not leave the wallet");
    moved(backend, &Movement::withdrawal(&ann, micros(70), "w1")).await?;
    assert_sound(backend, "asked for").await?;
    let paid = WithdrawalNews {
        state: WithdrawalState::Paid,
        reason: None,
        approver: None,
        decided_by: None,
        at: NOW,
    };
    let mut tx = backend.store.begin().await?;
    tx.funds().change_withdrawal(id, &paid).await?;
    tx.commit().await?;
    assert_eq!(violated(backend).await?, ["V17"], "it was not paid");
    moved(backend, &Movement::withdrawal_paid(micros(70), "w1")).await?;
    assert_sound(backend, "paid").await?;
    moved(backend, &Movement::withdrawal_refused(&ann, micros(70), "w1")).await?;
    assert_eq!(violated(backend).await?, ["V17"], "and it went back as well");
    Ok(())
}
