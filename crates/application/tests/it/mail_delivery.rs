//! Mails are sent by jobs: whatever the carrier says and whoever dies, what became of a mail is known.

use std::time::Duration;

use application::identity::Password;
use application::jobs::{Schedule, Verdict};
use domain::mail::{MailKind, MailState, pause_after};
use domain::text::Email;
use domain::{MailId, Secret};
use ports::Store;
use ports::audit::Origin;
use ports::mail::{Delivery, NewMail};
use testkit::contract::mails::new_mail;
use testkit::fixtures::user;

use crate::bench::{Bench, Desk};
use crate::mails::token_in;

const MINUTE: Duration = Duration::from_mins(1);

fn later(nobody: bool) -> Delivery {
    Delivery::TryLater {
        reason: "451 greylisted".to_owned(),
        after: None,
        nobody,
    }
}

/// The customer's address.
pub fn address(desk: &Desk) -> String {
    desk.shop.user.email.to_string()
}

async fn end(bench: &Bench, id: MailId) -> (MailState, bool, Option<String>) {
    let mail = bench.mail(id).await;
    (mail.state, mail.sealed.is_some(), mail.reason)
}

#[tokio::test]
async fn a_mail_is_sent_once_however_often_its_job_runs() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    assert_eq!(bench.jobs().await, [format!("mail.deliver {id} due")]);
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.deliver(id).await, Verdict::Done);
    let offered = bench.carrier.offered();
    let [mail] = offered.as_slice() else {
        panic!("offered {} times", offered.len());
    };
    assert_eq!(mail.to.as_str(), address(&bench));
    assert!(
        mail.content
            .text
            .starts_with("https://panel.example/api/auth/reset-password/")
    );
    assert_eq!(end(&bench, id).await, (MailState::Delivered, false, None));
    assert!(bench.resets(&token_in(mail)).await);
    assert_eq!(bench.jobs().await, [""; 0]);
    bench.close().await;
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_nobody_has_and_its_token_is_good_for_nothing() {
    let bench = Bench::new().await;
    let id = bench.forgot("nobody@example.com").await;
    bench.work().await;
    assert!(bench.carrier.offered().is_empty());
    let (state, kept, _) = end(&bench, id).await;
    assert_eq!((state, kept), (MailState::Dropped, false));
    assert_eq!(bench.number("SELECT COUNT(*) FROM verifications").await, 0);
    bench.close().await;
}

#[tokio::test]
async fn what_is_asked_for_writes_the_same_rows_whether_anybody_has_the_address_or_not() {
    let bench = Bench::new().await;
    let count = "SELECT (SELECT COUNT(*) FROM mails) * 10 + (SELECT COUNT(*) FROM outbox)";
    bench.forgot(&address(&bench)).await;
    assert_eq!(bench.number(count).await, 11);
    bench.forgot("nobody@example.com").await;
    assert_eq!(bench.number(count).await, 22);
    assert_eq!(bench.number("SELECT COUNT(*) FROM verifications").await, 0);
    bench.close().await;
}

#[tokio::test]
async fn a_refused_mail_is_seen_and_not_tried_again() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    bench
        .carrier
        .says(Delivery::Refused("550 no such mailbox".to_owned()));
    bench.work().await;
    let refused = (MailState::Refused, false, Some("550 no such mailbox".to_owned()));
    assert_eq!(end(&bench, id).await, refused);
    assert_eq!(bench.jobs().await, [""; 0]);
    bench.close().await;
}

#[tokio::test]
async fn a_mail_that_is_not_taken_is_tried_again_at_growing_intervals_and_given_up_in_the_end() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    let mut attempts = 0;
    loop {
        bench.carrier.says(later(false));
        match bench.deliver(id).await {
            Verdict::Done => break,
            Verdict::Later(pause) => {
                attempts += 1;
                assert_eq!(pause, pause_after(attempts));
                assert_eq!(bench.mail(id).await.attempts, attempts);
                bench.pass(pause);
            }
        }
    }
    assert!(attempts >= 6, "{attempts}");
    assert_eq!(bench.carrier.offered().len(), usize::try_from(attempts).unwrap());
    let given_up = (MailState::GivenUp, false, Some("451 greylisted".to_owned()));
    assert_eq!(end(&bench, id).await, given_up);
    bench.close().await;
}

#[tokio::test]
async fn a_carrier_that_asks_for_patience_gets_it() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    bench.carrier.says(Delivery::TryLater {
        reason: "429".to_owned(),
        after: Some(MINUTE * 3),
        nobody: true,
    });
    assert_eq!(bench.deliver(id).await, Verdict::Later(MINUTE * 3));
    bench.close().await;
}

#[tokio::test]
async fn who_dies_after_the_carrier_took_a_mail_sends_it_again_with_the_same_key_and_token() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    // The attempt is recorded, and what the carrier said is not.
    bench.store.loses_at_while(2, async {});
    assert!(bench.mailing().deliver(id).await.is_err());
    let token = token_in(&bench.carrier.offered()[0]);
    // The reader is quicker than the second attempt: a token that was used stays used.
    let password = Password::parse("another password").unwrap();
    let resetting = bench.resetting();
    resetting
        .reset(&Secret::new(token.clone()), &password, &Origin::default())
        .await
        .unwrap();
    assert_eq!(bench.deliver(id).await, Verdict::Done);
    let offered = bench.carrier.offered();
    assert_eq!(offered.len(), 2);
    assert!(offered[0] == offered[1], "the second mail is not the first");
    assert!(!bench.resets(&token).await, "a used token is good again");
    assert_eq!(bench.mail(id).await.state, MailState::Delivered);
    bench.close().await;
}

#[tokio::test]
async fn a_carrier_that_takes_nothing_from_anybody_is_left_alone_for_a_while() {
    let bench = Bench::new().await;
    let first = bench.forgot(&address(&bench)).await;
    let second = bench.forgot(&address(&bench)).await;
    let worker = bench.mailing();
    bench.carrier.says(later(true));
    worker.deliver(first).await.unwrap();
    for _ in 0..20 {
        assert!(matches!(worker.deliver(second).await.unwrap(), Verdict::Later(_)));
    }
    assert_eq!(bench.carrier.offered().len(), 1);
    assert_eq!(bench.mail(second).await.attempts, 0, "it was not tried");
    bench.pass(MINUTE);
    assert_eq!(worker.deliver(second).await.unwrap(), Verdict::Done);
    assert_eq!(bench.mail(second).await.state, MailState::Delivered);
    bench.close().await;
}

#[tokio::test]
async fn a_slow_carrier_holds_four_workers_and_no_more() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(bench.forgot(&address(&bench)).await);
    }
    let gate = bench.carrier.is_slow();
    let worker = std::sync::Arc::new(bench.mailing());
    let jobs: Vec<_> = ids
        .iter()
        .map(|id| {
            let (worker, id) = (worker.clone(), *id);
            tokio::spawn(async move { worker.deliver(id).await.unwrap() })
        })
        .collect();
    let mut away = 0;
    while away < 6 {
        away = jobs.iter().filter(|job| job.is_finished()).count();
        tokio::task::yield_now().await;
    }
    gate.add_permits(10);
    let mut done = 0;
    for job in jobs {
        done += usize::from(job.await.unwrap() == Verdict::Done);
    }
    assert_eq!((done, bench.carrier.offered().len()), (4, 4));
    bench.close().await;
}

#[tokio::test]
async fn a_mail_without_words_costs_itself_only() {
    let bench = Bench::new().await;
    let mut tx = bench.store.begin().await.unwrap();
    let poison = domain::identity::User {
        name: testkit::fixtures::name("Poison"),
        ..user(77)
    };
    tx.identity().insert_user(&poison).await.unwrap();
    tx.commit().await.unwrap();
    let bad = bench.forgot(poison.email.as_str()).await;
    let good = bench.forgot(&address(&bench)).await;
    bench.work().await;
    assert_eq!(bench.mail(bad).await.state, MailState::GivenUp);
    assert_eq!(bench.mail(good).await.state, MailState::Delivered);
    assert_eq!(bench.jobs().await, [""; 0]);
    bench.close().await;
}

#[tokio::test]
async fn a_mail_waits_for_the_key_that_opens_it() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    bench.envelope.loses_its_key(true);
    assert_eq!(bench.deliver(id).await, Verdict::Later(MINUTE));
    let mail = bench.mail(id).await;
    assert_eq!((mail.state, mail.attempts), (MailState::Waiting, 0));
    assert!(mail.reason.is_some());
    bench.envelope.loses_its_key(false);
    assert_eq!(bench.deliver(id).await, Verdict::Done);
    assert_eq!(bench.mail(id).await.state, MailState::Delivered);
    bench.close().await;
}

#[tokio::test]
async fn a_mail_whose_job_was_lost_gets_a_new_one() {
    let bench = Bench::new().await;
    let id = bench.forgot(&address(&bench)).await;
    bench.database.execute("DELETE FROM outbox").await.unwrap();
    bench.pass(MINUTE * 2);
    assert_eq!(bench.sweep(Schedule::Mails).await, 1);
    bench.pass(MINUTE * 2);
    assert_eq!(bench.sweep(Schedule::Mails).await, 0, "it has a job now");
    bench.work().await;
    assert_eq!(bench.mail(id).await.state, MailState::Delivered);
    bench.close().await;
}

#[tokio::test]
async fn mails_are_forgotten_after_thirty_days() {
    let bench = Bench::new().await;
    bench.forgot(&address(&bench)).await;
    bench.work().await;
    bench.pass(MINUTE * 60 * 24 * 29);
    bench.sweep(Schedule::Mails).await;
    assert_eq!(bench.number("SELECT COUNT(*) FROM mails").await, 1);
    bench.pass(MINUTE * 60 * 24 * 2);
    bench.sweep(Schedule::Mails).await;
    assert_eq!(bench.number("SELECT COUNT(*) FROM mails").await, 0);
    assert_eq!(bench.number("SELECT COUNT(*) FROM verifications").await, 0);
    bench.close().await;
}

#[tokio::test]
async fn a_proof_of_an_address_is_not_sent_when_there_is_nothing_to_prove_any_more() {
    let bench = Bench::new().await;
    let customer = bench.shop.user.clone();
    let office = bench.office();
    let note = |cause: &str, to: &str| -> NewMail {
        let to = Email::parse(to).unwrap();
        let note = application::mail::Note::notice(
            MailKind::VerifyAddress,
            cause.to_owned(),
            &customer.id,
            to,
            bench.now(),
        );
        office.prepare(note).unwrap()
    };
    let elsewhere = bench.write(&note("a", "formerly@example.com")).await;
    assert_eq!(bench.deliver(elsewhere).await, Verdict::Done);
    assert_eq!(bench.mail(elsewhere).await.state, MailState::Dropped);
    bench
        .database
        .execute("UPDATE users SET email_verified = TRUE")
        .await
        .unwrap();
    let proven = bench.write(&note("b", customer.email.as_str())).await;
    assert_eq!(bench.deliver(proven).await, Verdict::Done);
    assert_eq!(bench.mail(proven).await.state, MailState::Dropped);
    assert!(bench.carrier.offered().is_empty());
    bench.close().await;
}

#[tokio::test]
async fn what_was_sealed_for_another_mail_is_not_sent() {
    let bench = Bench::new().await;
    let stolen = NewMail {
        to: bench.shop.user.email.clone(),
        at: bench.now(),
        ..new_mail(1)
    };
    let id = bench.write(&stolen).await;
    assert_eq!(bench.deliver(id).await, Verdict::Later(MINUTE));
    assert!(bench.carrier.offered().is_empty());
    bench.close().await;
}
