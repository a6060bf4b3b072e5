//! Deposits.

#![expect(missing_docs, reason = "the name of a case is its documentation")]
#![expect(clippy::indexing_slicing, reason = "what is not there is a failed test")]

use domain::currency::{Currency, ExchangeRate};
use domain::funds::{Deposit, DepositState, NewDeposit};
use domain::{DepositId, PageSize, UserId};
use ports::StoreError;
use ports::funds::{DepositFilter, DepositNews};
use ports::jobs::JobTopic;
use ports::outbox::NewJob;

use super::wallets::micros;
use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, after, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! funds_contract {
    ($with:ident) => {
        $with! { funds:
            every_field_of_a_deposit_reads_back_as_written,
            a_payment_is_claimed_once_and_anew_when_it_was_refused,
            of_racers_for_a_payment_one_claims_it,
            deposits_are_listed_newest_first_by_user_and_state,
            an_open_deposit_without_a_job_is_forgotten_and_no_other,
            nobody_approves_twice,
        }
    };
}

pub(super) fn new_deposit(n: u32, user: &UserId) -> NewDeposit {
    NewDeposit {
        user: user.clone(),
        method: "paytm".to_owned(),
        reference: format!("paytm:x{n}"),
        written: format!("X{n}"),
        currency: Currency::from_stored("INR"),
        amount: "100.01".parse().expect("a decimal"),
        state: DepositState::Open,
        at: after(n.into()),
    }
}

pub(super) fn news(state: DepositState, seconds: u64) -> DepositNews {
    DepositNews {
        state,
        reason: Some(format!("reason {seconds} \u{1f98a}")),
        asked: 3,
        credited: None,
        approver: None,
        decided_by: None,
        at: after(seconds),
    }
}

pub(super) async fn claimed(backend: &Backend, new: &NewDeposit) -> Result<Option<DepositId>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let id = tx.funds().insert_deposit(new).await?;
    tx.commit().await?;
    Ok(id)
}

pub(super) async fn changed(backend: &Backend, id: DepositId, news: &DepositNews) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.funds().change_deposit(id, news).await?;
    tx.commit().await
}

async fn read(backend: &Backend, id: DepositId) -> Result<Deposit, StoreError> {
    Ok(backend.funds.deposit(id).await?.expect("it is there"))
}

pub(super) async fn people(backend: &Backend) -> Result<[UserId; 3], StoreError> {
    let mut tx = backend.store.begin().await?;
    for n in [7, 8, 9] {
        tx.identity().insert_user(&user(n)).await?;
    }
    tx.commit().await?;
    Ok([7, 8, 9].map(user_id))
}

pub async fn every_field_of_a_deposit_reads_back_as_written(backend: &Backend) -> Case {
    let [ann, boss, chief] = people(backend).await?;
    let new = new_deposit(1, &ann);
    let id = claimed(backend, &new).await?.expect("nobody claimed it");
    let open = read(backend, id).await?;
    let expected = Deposit {
        id,
        user: ann,
        method: new.method,
        reference: new.reference,
        written: new.written,
        currency: new.currency,
        amount: new.amount,
        state: DepositState::Open,
        reason: None,
        asked: 0,
        rate: None,
        gross: None,
        fee: None,
        approver: None,
        decided_by: None,
        claimed_at: after(1),
        updated_at: after(1),
    };
    assert_eq!(open, expected);
    let rate = ExchangeRate::parse("83.38").expect("a rate");
    let credited = DepositNews {
        credited: Some((micros(1_199_448), micros(5), rate)),
        approver: Some(boss.clone()),
        decided_by: Some(chief.clone()),
        ..news(DepositState::Credited, 9)
    };
    changed(backend, id, &credited).await?;
    let expected = Deposit {
        state: DepositState::Credited,
        reason: credited.reason,
        asked: 3,
        rate: Some(rate),
        gross: Some(micros(1_199_448)),
        fee: Some(micros(5)),
        approver: Some(boss),
        decided_by: Some(chief),
        updated_at: after(9),
        ..expected
    };
    assert_eq!(read(backend, id).await?, expected);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.funds().lock_deposit(id).await?.as_ref(), Some(&expected));
    assert_eq!(tx.funds().lock_claim("paytm:x1").await?.as_ref(), Some(&expected));
    assert_eq!(tx.funds().lock_claim("paytm:x2").await?, None);
    assert_eq!(tx.funds().lock_deposit(DepositId(99)).await?, None);
    Ok(())
}

pub async fn a_payment_is_claimed_once_and_anew_when_it_was_refused(backend: &Backend) -> Case {
    let [ann, bob, _] = people(backend).await?;
    let new = new_deposit(1, &ann);
    let id = claimed(backend, &new).await?.expect("nobody claimed it");
    assert_eq!(claimed(backend, &new_deposit(1, &bob)).await?, None);
    changed(backend, id, &news(DepositState::Refused, 5)).await?;
    let anew = NewDeposit {
        amount: "7".parse().expect("a decimal"),
        at: after(6),
        ..new_deposit(1, &bob)
    };
    let mut tx = backend.store.begin().await?;
    tx.funds().claim_anew(id, &anew).await?;
    tx.commit().await?;
    let deposit = read(backend, id).await?;
    assert_eq!(
        (deposit.user, deposit.amount, deposit.state),
        (bob, anew.amount, DepositState::Open)
    );
    assert_eq!(
        (deposit.asked, deposit.reason, deposit.claimed_at),
        (0, None, after(6))
    );
    Ok(())
}

pub async fn of_racers_for_a_payment_one_claims_it(backend: &Backend) -> Case {
    let [ann, bob, _] = people(backend).await?;
    let racers = (0..16).map(|n| {
        let new = new_deposit(1, if n % 2 == 0 { &ann } else { &bob });
        let backend = backend.clone();
        tokio::spawn(async move {
            loop {
                match claimed(&backend, &new).await {
                    Err(StoreError::Contended) => {}
                    claimed => return claimed,
                }
            }
        })
    });
    let mut winners = 0;
    for racer in racers.collect::<Vec<_>>() {
        winners += u32::from(racer.await.expect("no racer panics")?.is_some());
    }
    assert_eq!(winners, 1);
    Ok(())
}

pub async fn deposits_are_listed_newest_first_by_user_and_state(backend: &Backend) -> Case {
    let [ann, bob, _] = people(backend).await?;
    let mut ids = Vec::new();
    for n in 0..6 {
        let new = new_deposit(n, if n % 2 == 0 { &ann } else { &bob });
        ids.push(claimed(backend, &new).await?.expect("it is new"));
    }
    changed(backend, ids[4], &news(DepositState::Review, 9)).await?;
    let list = async |filter: DepositFilter, before| {
        let size = PageSize::new(2).expect("a page");
        let page = backend.funds.deposits(&filter, before, size).await?;
        Ok::<_, StoreError>(page.iter().map(|it| it.id).collect::<Vec<_>>())
    };
    assert_eq!(list(DepositFilter::default(), None).await?, [ids[5], ids[4]]);
    let own = DepositFilter {
        user: Some(ann),
        state: None,
    };
    assert_eq!(list(own.clone(), Some(ids[4])).await?, [ids[2], ids[0]]);
    let review = DepositFilter {
        state: Some(DepositState::Review),
        ..own
    };
    assert_eq!(list(review, None).await?, [ids[4]]);
    let open = DepositFilter {
        user: None,
        state: Some(DepositState::Open),
    };
    assert_eq!(list(open, Some(ids[5])).await?, [ids[3], ids[2]]);
    Ok(())
}

pub async fn an_open_deposit_without_a_job_is_forgotten_and_no_other(backend: &Backend) -> Case {
    let [ann, ..] = people(backend).await?;
    let forgotten = claimed(backend, &new_deposit(1, &ann)).await?.expect("it is new");
    let kept = claimed(backend, &new_deposit(2, &ann)).await?.expect("it is new");
    let ended = claimed(backend, &new_deposit(3, &ann)).await?.expect("it is new");
    claimed(backend, &new_deposit(50, &ann)).await?;
    changed(backend, ended, &news(DepositState::Refused, 4)).await?;
    let mut tx = backend.store.begin().await?;
    let job = NewJob {
        topic: JobTopic::CheckDeposit,
        subject: kept.0,
        due_at: NOW,
    };
    tx.outbox().push(job).await?;
    tx.commit().await?;
    assert_eq!(
        backend.funds.forgotten_deposits(after(50), 10).await?,
        [forgotten]
    );
    Ok(())
}

pub async fn nobody_approves_twice(backend: &Backend) -> Case {
    let [ann, boss, _] = people(backend).await?;
    let id = claimed(backend, &new_deposit(1, &ann)).await?.expect("it is new");
    let rate = ExchangeRate::ONE;
    let twice = DepositNews {
        credited: Some((micros(5), micros(0), rate)),
        approver: Some(boss.clone()),
        decided_by: Some(boss),
        ..news(DepositState::Credited, 2)
    };
    let mut tx = backend.store.begin().await?;
    conflicts(tx.funds().change_deposit(id, &twice).await, "");
    drop(tx);
    // Nor is anything credited without an amount, or with a fee that leaves nothing.
    for credited in [None, Some((micros(5), micros(5), rate))] {
        let odd = DepositNews {
            credited,
            ..news(DepositState::Credited, 2)
        };
        let mut tx = backend.store.begin().await?;
        conflicts(tx.funds().change_deposit(id, &odd).await, "");
    }
    Ok(())
}
