//! Whoever moves money dies between any two statements, before a commit and after it, and what they were about happens once.

use application::caller::Caller;
use application::funds::{
    ClaimDeposit, DecideDeposit, DecideWithdrawal, FundsPorts, RequestWithdrawal, WithdrawalWish,
};
use domain::identity::Role;
use domain::text::IdempotencyKey;
use domain::{DepositId, Money, WithdrawalId};
use ports::funds::WithdrawalFilter;
use serde_json::json;

use super::office::{DEPOSITS, Office, claim};
use crate::support::{DyingStore, Way, enlist, scenarios, survives};

scenarios!(on both ways:
    a_payment_is_credited_once_wherever_its_process_died,
    a_deposit_is_approved_once_wherever_its_process_died,
    a_withdrawal_is_asked_for_and_ends_once_wherever_its_process_died,
);

/// The ports of somebody who dies after `steps` steps.
fn dying(office: &Office, steps: i64) -> FundsPorts {
    let ports = office.ports();
    FundsPorts {
        store: DyingStore::after(steps, ports.store.clone()),
        ..ports
    }
}

async fn a_payment_is_credited_once_wherever_its_process_died(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let caller = Caller::new(office.world.user.clone());
    let before = office.world.wallet().await.0;
    let mut deaths = 0;
    for steps in 0.. {
        let id = format!("DEATH{steps}");
        office.paid(&id, "80.00");
        let (claims, who, order) = (
            ClaimDeposit::new(dying(&office, steps)),
            caller.clone(),
            id.clone(),
        );
        let deed = async move { drop(claims.paytm(&who, &order, "80.00").await) };
        let survived = survives(deed).await;
        deaths += i64::from(!survived);
        // The job that the claim left behind does the rest. Whoever left none behind claims again.
        let all = office.deposits().await;
        match all.iter().find(|it| it["deposit"]["reference"] == id.as_str()) {
            Some(deposit) => {
                let number = deposit["deposit"]["id"].as_i64().expect("an id");
                office.check(number).await;
                office.check(number).await;
            }
            None => drop(office.retry(&caller, &id).await),
        }
        let again = claim(&office.world.admin, &id, "80.00").await;
        assert_ne!(again.status, 201, "{steps}: {}", again.text);
        let expected = before + 875_000 * (steps + 1);
        assert_eq!(
            office.world.wallet().await.0,
            expected,
            "after a death at step {steps}"
        );
        if survived {
            break;
        }
    }
    assert!(deaths >= 12, "there are only {deaths} points to die at");
    office.close().await;
}

async fn a_deposit_is_approved_once_wherever_its_process_died(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let staff = Caller::new(enlist(office.world.system(), "clerk", Role::Admin).await);
    let before = office.world.wallet().await.0;
    for steps in 0.. {
        let form = json!({ "method": "bank", "reference": format!("D{steps}"), "amount": "1" });
        let submitted = office.manual(&form).await;
        let (decide, staff) = (DecideDeposit::new(dying(&office, steps)), staff.clone());
        let clerk = staff.clone();
        let survived = survives(async move {
            drop(
                decide
                    .approve(&clerk.with().expect("an administrator"), DepositId(submitted))
                    .await,
            );
        })
        .await;
        let decide = DecideDeposit::new(office.ports());
        for _ in 0..2 {
            let again = decide
                .approve(&staff.with().expect("an administrator"), DepositId(submitted))
                .await;
            assert!(again.is_ok(), "{steps}: {again:?}");
        }
        let expected = before + 1_000_000 * (steps + 1);
        assert_eq!(
            office.world.wallet().await.0,
            expected,
            "after a death at step {steps}"
        );
        if survived {
            break;
        }
    }
    let listed = office.world.customer.get(DEPOSITS).await;
    listed.success(200, "DEPOSITS_FETCHED");
    office.close().await;
}

async fn a_withdrawal_is_asked_for_and_ends_once_wherever_its_process_died(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let staff = Caller::new(enlist(office.world.system(), "clerk", Role::Admin).await);
    let caller = Caller::new(office.world.user.clone());
    let before = office.world.wallet().await.0;
    let mut gone = 0;
    for steps in 0.. {
        let wish = WithdrawalWish {
            amount: Money::from_units(1).expect("it fits"),
            destination: "IBAN".to_owned(),
            key: Some(IdempotencyKey::parse(&format!("w{steps}")).expect("a key")),
        };
        let (request, who, same) = (
            RequestWithdrawal::new(dying(&office, steps)),
            caller.clone(),
            wish.clone(),
        );
        let asked = survives(async move { drop(request.request(&who, &same).await) }).await;
        let request = RequestWithdrawal::new(office.ports());
        let withdrawal = request
            .request(&caller, &wish)
            .await
            .expect("it is asked for")
            .withdrawal;
        let id: WithdrawalId = withdrawal.id;
        let pays = steps % 2 == 0;
        let (decide, clerk) = (DecideWithdrawal::new(dying(&office, steps)), staff.clone());
        let ended = survives(async move {
            let clerk = clerk.with().expect("an administrator");
            drop(if pays {
                decide.approve(&clerk, id, "paid").await
            } else {
                decide.refuse(&clerk, id, "no").await
            });
        })
        .await;
        let decide = DecideWithdrawal::new(office.ports());
        let clerk = staff.with().expect("an administrator");
        let again = if pays {
            decide.approve(&clerk, id, "paid").await
        } else {
            decide.refuse(&clerk, id, "no").await
        };
        assert!(again.is_ok(), "{steps}: {again:?}");
        gone += i64::from(pays);
        let expected = before - 1_000_000 * gone;
        assert_eq!(
            office.world.wallet().await.0,
            expected,
            "after a death at step {steps}"
        );
        if asked && ended {
            break;
        }
    }
    let queries = office.ports().queries;
    let filter = WithdrawalFilter::default();
    let all = queries
        .withdrawals(&filter, None, domain::PageSize::DEFAULT)
        .await
        .expect("the database works");
    assert!(
        all.iter()
            .all(|it| it.state != domain::funds::WithdrawalState::Pending)
    );
    office.close().await;
}
