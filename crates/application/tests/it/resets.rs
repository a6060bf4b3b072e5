//! Links in mails: they work once, for as long as they say, and using one ends what was there before.

use std::time::Duration;

use application::identity::{Password, PasswordRefusal, ResetPasswordError};
use application::jobs::Verdict;
use domain::Secret;
use domain::mail::MailKind;
use ports::Store;
use ports::audit::Origin;
use testkit::fixtures::{session, token};

use crate::bench::Bench;
use crate::mail_delivery::address;
use crate::mails::token_in;

const MINUTE: Duration = Duration::from_mins(1);

/// The token of a mail that arrived.
async fn mailed_token(bench: &Bench) -> Secret {
    bench.forgot(&address(bench)).await;
    bench.work().await;
    Secret::new(token_in(bench.carrier.offered().last().expect("a mail")))
}

#[tokio::test]
async fn a_reset_works_once_ends_every_session_and_says_so() {
    let bench = Bench::new().await;
    let customer = bench.shop.user.clone();
    let mut tx = bench.store.begin().await.unwrap();
    for n in 1..=2 {
        let session = session(n, &customer.id);
        tx.identity().insert_session(&session, &token(n)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let other = mailed_token(&bench).await;
    let used = mailed_token(&bench).await;
    let resetting = bench.resetting();
    let password = Password::parse("another password").unwrap();
    assert!(resetting.is_valid(&used).await.unwrap());
    let own = Password::parse(customer.email.as_str()).unwrap();
    let refused = ResetPasswordError::Refused(PasswordRefusal::Guessable);
    assert_eq!(
        resetting.reset(&used, &own, &Origin::default()).await,
        Err(refused)
    );
    resetting
        .reset(&used, &password, &Origin::default())
        .await
        .unwrap();
    assert_eq!(bench.number("SELECT COUNT(*) FROM sessions").await, 0);
    let found = bench.backend.identity.credentials(&customer.email).await.unwrap();
    let hash = found.and_then(|found| found.password_hash);
    assert_eq!(hash.as_deref(), Some("hash-of-another password"));
    for token in [&used, &other] {
        assert!(!resetting.is_valid(token).await.unwrap());
        let again = resetting.reset(token, &password, &Origin::default()).await;
        assert_eq!(again, Err(ResetPasswordError::InvalidToken));
    }
    let notice = bench.latest_mail().await;
    assert_eq!(
        (notice.kind, &notice.to),
        (MailKind::PasswordChanged, &customer.email)
    );
    let line = "SELECT COUNT(*) FROM audit_log WHERE action = 'user.reset_password'";
    assert_eq!(bench.number(line).await, 1);
    bench.close().await;
}

#[tokio::test]
async fn of_two_resets_with_one_token_one_counts() {
    let bench = Bench::in_a_file().await;
    let token = mailed_token(&bench).await;
    let resetting = bench.resetting();
    let passwords = ["the first password", "the other password"].map(|it| Password::parse(it).unwrap());
    let [first, second] = &passwords;
    let origin = Origin::default();
    let (first, second) = tokio::join!(
        resetting.reset(&token, first, &origin),
        resetting.reset(&token, second, &origin)
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    bench.close().await;
}

#[tokio::test]
async fn a_token_ends_half_an_hour_after_it_was_asked_for_however_late_its_mail_was() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    bench.pass(MINUTE * 20);
    assert_eq!(bench.deliver(id).await, Verdict::Done);
    let token = Secret::new(token_in(&bench.carrier.offered()[0]));
    let resetting = bench.resetting();
    bench.pass(MINUTE * 10 - Duration::from_micros(1));
    assert!(resetting.is_valid(&token).await.unwrap());
    bench.pass(Duration::from_micros(1));
    let password = Password::parse("another password").unwrap();
    let late = resetting.reset(&token, &password, &Origin::default()).await;
    assert_eq!(late, Err(ResetPasswordError::InvalidToken));
    bench.close().await;
}

#[tokio::test]
async fn a_link_that_proves_an_address_works_as_long_as_the_operator_says() {
    let bench = Bench::new().await;
    let (customer, begun) = (bench.shop.user.clone(), bench.now());
    let note = application::mail::Note::notice(
        MailKind::VerifyAddress,
        "proof".to_owned(),
        &customer.id,
        customer.email.clone(),
        begun,
    );
    let id = bench.write(&bench.office().prepare(note).unwrap()).await;
    assert_eq!(bench.deliver(id).await, Verdict::Done);
    let ends = bench.number("SELECT expires_at FROM verifications").await;
    assert_eq!(ends, begun.plus(MINUTE * 90).micros());
    bench.close().await;
}
