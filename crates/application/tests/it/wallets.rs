//! Staff put money into wallets, freeze them and open them again.

use application::wallets::{Credit, CreditWallet, CreditWalletError, Credited, SetWalletStatus};
use domain::funds::FundsPolicy;
use domain::text::IdempotencyKey;
use domain::wallets::WalletStatus;
use domain::{Money, UserId};
use ports::{Store, StoreError};
use testkit::fake::FakeIds;
use testkit::fixtures::{user, user_id};

use crate::bench::{Bench, Desk, WEALTH, units};

type Outcome = Result<Credited, CreditWalletError>;

fn crediting(desk: &Desk) -> CreditWallet {
    let backend = desk.backend.clone();
    let ids = std::sync::Arc::new(FakeIds::default());
    CreditWallet::new(
        backend.store,
        backend.identity,
        backend.wallets,
        ids,
        desk.clock.clone(),
        std::sync::Arc::new(FundsPolicy {
            second_approver_from: Money::from_micros(i64::MAX),
            ..FundsPolicy::default()
        }),
    )
}

fn wish(desk: &Desk, amount: Money, key: Option<&str>) -> Credit {
    Credit {
        user: desk.shop.user.id.clone(),
        amount,
        reason: "a gift".to_owned(),
        key: key.map(IdempotencyKey::from_stored),
    }
}

async fn credit(desk: &Desk, staff: u32, credit: &Credit) -> Outcome {
    crediting(desk).credit(&desk.staff(staff), credit).await
}

#[tokio::test]
async fn a_credit_is_made_once_however_often_it_is_asked_for_with_one_key() {
    let bench = Bench::new().await;
    let wish = wish(&bench, units(5), Some("key"));
    let first = credit(&bench, 0, &wish).await.unwrap();
    assert_eq!(
        (first.wallet.available, first.replayed),
        (units(WEALTH + 5), false)
    );
    let again = credit(&bench, 0, &wish).await.unwrap();
    assert_eq!(
        (again.wallet.available, again.replayed),
        (units(WEALTH + 5), true)
    );
    assert_eq!(bench.number("SELECT COUNT(*) FROM audit_log").await, 1);
    bench.close().await;
}

#[tokio::test]
async fn more_than_a_wallet_can_hold_is_refused_and_changes_nothing() {
    let bench = Bench::new().await;
    for amount in [Money::from_micros(i64::MAX), units(1_000_000_000_000)] {
        let refused = credit(&bench, 0, &wish(&bench, amount, Some("key"))).await;
        assert!(matches!(refused, Err(CreditWalletError::TooLarge)), "{refused:?}");
    }
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.number("SELECT COUNT(*) FROM audit_log").await, 0);
    bench.close().await;
}

#[tokio::test]
async fn a_key_belongs_to_who_chose_it_and_to_one_credit() {
    let bench = Bench::new().await;
    credit(&bench, 0, &wish(&bench, units(5), Some("key")))
        .await
        .unwrap();
    let outcome = credit(&bench, 0, &wish(&bench, units(6), Some("key"))).await;
    assert_eq!(outcome, Err(CreditWalletError::KeyReused));
    let colleague = credit(&bench, 1, &wish(&bench, units(6), Some("key")))
        .await
        .unwrap();
    assert_eq!(
        (colleague.wallet.available, colleague.replayed),
        (units(WEALTH + 11), false)
    );
    bench.close().await;
}

#[tokio::test]
async fn a_credit_of_unknown_fate_is_found_again_by_its_key() {
    let bench = Bench::new().await;
    let wish = wish(&bench, units(5), Some("key"));
    bench.store.lies_at(1);
    let outcome = credit(&bench, 0, &wish).await;
    let unknown = matches!(outcome, Err(CreditWalletError::Store(StoreError::Unavailable(_))));
    assert!(unknown, "{outcome:?}");
    assert!(credit(&bench, 0, &wish).await.unwrap().replayed);
    assert_eq!(bench.wallet().await.0, units(WEALTH + 5));
    bench.close().await;
}

#[tokio::test]
async fn of_racers_with_one_key_one_credits_and_the_others_see_it() {
    let bench = Bench::new().await;
    let (crediting, staff) = (crediting(&bench), bench.staff(0));
    let wish = wish(&bench, units(5), Some("key"));
    let outcomes = futures::future::join_all((0..6).map(|_| crediting.credit(&staff, &wish))).await;
    let made = outcomes
        .into_iter()
        .map(Result::unwrap)
        .filter(|made| !made.replayed);
    assert_eq!(made.count(), 1);
    assert_eq!(bench.wallet().await.0, units(WEALTH + 5));
    bench.close().await;
}

#[tokio::test]
async fn a_credit_that_meets_another_transaction_is_made_again_and_only_once() {
    let bench = Bench::new().await;
    bench.store.contends_at(1);
    credit(&bench, 0, &wish(&bench, units(5), None)).await.unwrap();
    assert_eq!(bench.wallet().await.0, units(WEALTH + 5));
    bench.close().await;
}

#[tokio::test]
async fn nothing_is_credited_without_an_amount_a_reason_and_a_user() {
    let bench = Bench::new().await;
    for amount in [Money::ZERO, Money::from_micros(-1)] {
        let outcome = credit(&bench, 0, &wish(&bench, amount, None)).await;
        assert_eq!(outcome, Err(CreditWalletError::NotPositive));
    }
    let mut senseless = wish(&bench, units(1), None);
    senseless.reason = " ".to_owned();
    let outcome = credit(&bench, 0, &senseless).await;
    assert!(
        matches!(outcome, Err(CreditWalletError::Reason(_))),
        "{outcome:?}"
    );
    let mut nobody = wish(&bench, units(1), None);
    nobody.user = user_id(404);
    assert_eq!(
        credit(&bench, 0, &nobody).await,
        Err(CreditWalletError::UnknownUser)
    );
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    bench.close().await;
}

#[tokio::test]
async fn a_customer_without_a_wallet_gets_one_with_the_first_credit() {
    let bench = Bench::new().await;
    let newcomer = user(2);
    let mut tx = bench.store.begin().await.unwrap();
    tx.identity().insert_user(&newcomer).await.unwrap();
    tx.commit().await.unwrap();
    let mut wish = wish(&bench, units(1), None);
    wish.user = newcomer.id;
    let credited = credit(&bench, 0, &wish).await.unwrap();
    assert_eq!(credited.wallet.available, units(1));
    bench.close().await;
}

#[tokio::test]
async fn a_frozen_wallet_takes_credits_and_pays_again_once_it_is_opened() {
    let bench = Bench::new().await;
    let status = SetWalletStatus::new(bench.backend.store.clone(), bench.clock.clone());
    let set = async |user: &UserId, to| status.set(&bench.staff(0), user, to, "a reason").await;
    let customer = &bench.shop.user.id;
    set(customer, WalletStatus::Frozen).await.unwrap();
    assert!(bench.try_place(bench.wish(1, None)).await.is_err());
    credit(&bench, 0, &wish(&bench, units(5), None)).await.unwrap();
    set(customer, WalletStatus::Active).await.unwrap();
    bench.place(1).await;
    assert_eq!(bench.wallet().await.0, units(WEALTH + 4));
    assert!(set(&user_id(404), WalletStatus::Frozen).await.is_err());
    let reasonless = status
        .set(&bench.staff(0), customer, WalletStatus::Frozen, "")
        .await;
    assert!(reasonless.is_err());
    assert_eq!(
        bench
            .number("SELECT COUNT(*) FROM audit_log WHERE action = 'wallet.status'")
            .await,
        2
    );
    bench.close().await;
}
