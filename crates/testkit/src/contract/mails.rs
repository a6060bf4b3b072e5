//! Mails, and the tokens in them.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::mail::{MailKind, MailState, TokenPurpose};
use domain::text::Email;
use domain::{MailId, PageSize};
use ports::StoreError;
use ports::jobs::JobTopic;
use ports::mail::{MailCount, MailNews, NewMail, StoredMail};
use ports::outbox::NewJob;
use ports::tokens::Grant;

use super::steps::{placed, rich_shop};
use super::{Backend, Case};
use crate::fixtures::{NOW, after, sealed_key, token, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! mails_contract {
    ($with:ident) => {
        $with! { mails:
            every_field_of_a_mail_reads_back_as_written,
            one_cause_writes_one_mail_and_the_transaction_goes_on,
            of_racers_with_one_cause_one_writes_a_mail,
            attempts_are_counted_while_a_mail_waits_and_no_longer,
            a_mail_that_ended_is_wiped_and_ends_once,
            mails_are_listed_newest_first_page_by_page_and_by_state,
            only_mails_in_trouble_are_counted,
            a_waiting_mail_without_a_job_is_forgotten_and_no_other,
            old_mails_and_tokens_are_pruned_and_waiting_ones_stay,
            mails_to_a_user_who_is_gone_are_forgotten,
            what_is_left_in_an_account_is_seen,
            a_token_is_good_once_for_its_purpose_until_its_time_is_over,
            of_racers_for_one_token_one_takes_it,
            every_token_of_a_user_can_be_made_worthless,
        }
    };
}

#[must_use]
pub fn new_mail(n: u32) -> NewMail {
    NewMail {
        kind: MailKind::ResetPassword,
        cause: format!("reset-password:{n}"),
        user: None,
        to: Email::from_stored(format!("user{n}@example.com")),
        sealed: sealed_key(n),
        at: after(n.into()),
    }
}

fn news(state: MailState, seconds: u64) -> MailNews {
    MailNews {
        state,
        reason: Some(format!("reason {seconds} \u{1f98a}")),
        at: after(seconds),
    }
}

async fn written(backend: &Backend, mail: &NewMail) -> Result<MailId, StoreError> {
    let mut tx = backend.store.begin().await?;
    let id = tx.mails().insert(mail).await?.expect("the cause is new");
    tx.commit().await?;
    Ok(id)
}

async fn settled(backend: &Backend, id: MailId, news: &MailNews) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let settled = tx.mails().settle(id, news).await?;
    tx.commit().await?;
    Ok(settled)
}

async fn read(backend: &Backend, id: MailId) -> Result<StoredMail, StoreError> {
    Ok(backend.mails.mail(id).await?.expect("the mail is there"))
}

pub async fn every_field_of_a_mail_reads_back_as_written(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&user(1)).await?;
    tx.commit().await?;
    let new = NewMail {
        kind: MailKind::Welcome,
        user: Some(user_id(1)),
        ..new_mail(1)
    };
    let id = written(backend, &new).await?;
    let expected = StoredMail {
        id,
        kind: new.kind,
        cause: new.cause.clone(),
        user: new.user.clone(),
        to: new.to.clone(),
        state: MailState::Waiting,
        attempts: 0,
        sealed: Some(new.sealed.clone()),
        reason: None,
        created_at: new.at,
        updated_at: new.at,
    };
    assert_eq!(read(backend, id).await?, expected);
    assert_eq!(backend.mails.mail(MailId(id.0 + 1)).await?, None);
    Ok(())
}

pub async fn one_cause_writes_one_mail_and_the_transaction_goes_on(backend: &Backend) -> Case {
    let first = written(backend, &new_mail(1)).await?;
    let mut tx = backend.store.begin().await?;
    let again = NewMail {
        to: Email::from_stored("other@example.com"),
        ..new_mail(1)
    };
    assert_eq!(tx.mails().insert(&again).await?, None);
    let second = tx.mails().insert(&new_mail(2)).await?;
    tx.commit().await?;
    assert_eq!(read(backend, first).await?.to, new_mail(1).to);
    assert!(second.is_some_and(|second| second > first));
    Ok(())
}

pub async fn of_racers_with_one_cause_one_writes_a_mail(backend: &Backend) -> Case {
    let racers = (0..8).map(|_| async move {
        let mut tx = backend.store.begin().await?;
        let written = tx.mails().insert(&new_mail(1)).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(written)
    });
    let outcomes = futures::future::try_join_all(racers).await?;
    assert_eq!(outcomes.iter().flatten().count(), 1, "{outcomes:?}");
    Ok(())
}

pub async fn attempts_are_counted_while_a_mail_waits_and_no_longer(backend: &Backend) -> Case {
    let id = written(backend, &new_mail(1)).await?;
    let begin = || async {
        let mut tx = backend.store.begin().await?;
        let attempts = tx.mails().begin_attempt(id, after(9)).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(attempts)
    };
    assert_eq!(begin().await?, Some(1));
    assert!(settled(backend, id, &news(MailState::Waiting, 10)).await?);
    assert_eq!(begin().await?, Some(2));
    assert!(settled(backend, id, &news(MailState::Delivered, 11)).await?);
    assert_eq!(begin().await?, None);
    assert_eq!(read(backend, id).await?.attempts, 2);
    Ok(())
}

pub async fn a_mail_that_ended_is_wiped_and_ends_once(backend: &Backend) -> Case {
    for (n, state) in (1..).zip(MailState::ALL) {
        let id = written(backend, &new_mail(n)).await?;
        assert!(settled(backend, id, &news(*state, 60)).await?, "{state:?}");
        let mail = read(backend, id).await?;
        let waits = *state == MailState::Waiting;
        assert_eq!(
            (mail.state, mail.sealed.is_some(), mail.updated_at),
            (*state, waits, after(60))
        );
        assert_eq!(mail.reason, news(*state, 60).reason);
        let again = news(MailState::Refused, 61);
        assert_eq!(settled(backend, id, &again).await?, waits, "{state:?}");
    }
    Ok(())
}

pub async fn mails_are_listed_newest_first_page_by_page_and_by_state(backend: &Backend) -> Case {
    let mut ids = Vec::new();
    for n in 1..=5 {
        ids.push(written(backend, &new_mail(n)).await?);
    }
    for id in ids.iter().skip(3) {
        settled(backend, *id, &news(MailState::GivenUp, 9)).await?;
    }
    ids.reverse();
    let list = |state, before, rows| async move {
        let size = PageSize::new(rows).expect("a size");
        let page = backend.mails.mails(state, before, size).await?;
        assert!(page.iter().all(|mail| mail.sealed.is_none()));
        Ok::<Vec<MailId>, StoreError>(page.iter().map(|mail| mail.id).collect())
    };
    assert_eq!(list(None, None, 100).await?, ids);
    assert_eq!(list(None, None, 2).await?, ids.get(..2).unwrap_or_default());
    let second = ids.get(1).copied();
    assert_eq!(list(None, second, 100).await?, ids.get(2..).unwrap_or_default());
    let given_up = Some(MailState::GivenUp);
    assert_eq!(list(given_up, None, 100).await?, ids.get(..2).unwrap_or_default());
    assert_eq!(list(Some(MailState::Dropped), None, 100).await?, []);
    Ok(())
}

pub async fn only_mails_in_trouble_are_counted(backend: &Backend) -> Case {
    assert_eq!(backend.mails.troubled().await?, []);
    for (n, state) in (1..).zip(MailState::ALL) {
        let id = written(backend, &new_mail(n)).await?;
        settled(backend, id, &news(*state, 60)).await?;
    }
    written(backend, &new_mail(99)).await?;
    let count = |state, mails| MailCount { state, mails };
    assert_eq!(
        backend.mails.troubled().await?,
        [
            count(MailState::GivenUp, 1),
            count(MailState::Refused, 1),
            count(MailState::Waiting, 2)
        ]
    );
    Ok(())
}

pub async fn a_waiting_mail_without_a_job_is_forgotten_and_no_other(backend: &Backend) -> Case {
    let mut ids = Vec::new();
    for n in 1..=4 {
        ids.push(written(backend, &new_mail(n)).await?);
    }
    let [lost, with_job, ended, _young] = ids.as_slice() else {
        panic!("four mails");
    };
    settled(backend, *ended, &news(MailState::Delivered, 2)).await?;
    let mut tx = backend.store.begin().await?;
    for (topic, subject) in [
        (JobTopic::DeliverMail, with_job.0),
        // Another topic's subjects are other things.
        (JobTopic::SubmitOrder, lost.0),
    ] {
        let due_at = NOW;
        tx.outbox()
            .push_new(&[NewJob {
                topic,
                subject,
                due_at,
            }])
            .await?;
    }
    tx.commit().await?;
    assert_eq!(backend.mails.forgotten(after(4), 10).await?, [*lost]);
    assert_eq!(backend.mails.forgotten(after(1), 10).await?, []);
    Ok(())
}

pub async fn old_mails_and_tokens_are_pruned_and_waiting_ones_stay(backend: &Backend) -> Case {
    let mut ids = Vec::new();
    for n in 1..=4 {
        ids.push(written(backend, &new_mail(n)).await?);
    }
    let mut tx = backend.store.begin().await?;
    for (id, seconds) in ids.iter().take(3).zip([10, 20, 99]) {
        tx.mails()
            .settle(*id, &news(MailState::Delivered, seconds))
            .await?;
    }
    tx.identity().insert_user(&user(1)).await?;
    for (n, seconds) in [(1, 30), (2, 60)] {
        tx.tokens().issue(&token(n), &grant(seconds), NOW).await?;
    }
    tx.commit().await?;
    let prune = |limit| async move {
        let mut tx = backend.store.begin().await?;
        let gone = tx.mails().prune(after(50), limit).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(gone)
    };
    assert_eq!(prune(1).await?, 2, "one mail and one token");
    assert_eq!(prune(10).await?, 1);
    let left = backend.mails.mails(None, None, PageSize::DEFAULT).await?;
    let left: Vec<MailId> = left.iter().rev().map(|mail| mail.id).collect();
    assert_eq!(left, ids.get(2..).unwrap_or_default());
    Ok(())
}

pub async fn mails_to_a_user_who_is_gone_are_forgotten(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&user(1)).await?;
    tx.commit().await?;
    let theirs = NewMail {
        user: Some(user_id(1)),
        to: Email::from_stored("formerly@example.com"),
        ..new_mail(1)
    };
    let asked_for = NewMail {
        to: user(1).email,
        ..new_mail(2)
    };
    let mut left = Vec::new();
    for mail in [&theirs, &asked_for, &new_mail(3)] {
        left.push(written(backend, mail).await?);
    }
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.mails().forget(&user_id(1), &user(1).email).await?, 2);
    tx.commit().await?;
    let mails = backend.mails.mails(None, None, PageSize::DEFAULT).await?;
    let mails: Vec<MailId> = mails.iter().map(|mail| mail.id).collect();
    assert_eq!(mails, left.split_off(2));
    Ok(())
}

pub async fn what_is_left_in_an_account_is_seen(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let mut tx = backend.store.begin().await?;
    assert!(!tx.wallets().lock_and_see_empty(&shop.user.id).await?);
    assert!(tx.wallets().lock_and_see_empty(&user_id(99)).await?);
    assert!(!tx.orders().has_open(&shop.user.id).await?);
    tx.commit().await?;
    placed(backend, &shop, 1).await?;
    let mut tx = backend.store.begin().await?;
    assert!(tx.orders().has_open(&shop.user.id).await?);
    assert!(!tx.orders().has_open(&user_id(99)).await?);
    tx.commit().await
}

fn grant(seconds: u64) -> Grant {
    Grant {
        purpose: TokenPurpose::ResetPassword,
        user: user_id(1),
        address: None,
        expires_at: after(seconds),
    }
}

async fn issued(backend: &Backend, n: u32, grant: &Grant) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.tokens().issue(&token(n), grant, NOW).await?;
    tx.commit().await
}

async fn taken(
    backend: &Backend,
    purpose: TokenPurpose,
    n: u32,
    seconds: u64,
) -> Result<Option<Grant>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let taken = tx.tokens().take(purpose, &token(n), after(seconds)).await?;
    tx.commit().await?;
    Ok(taken)
}

pub async fn a_token_is_good_once_for_its_purpose_until_its_time_is_over(backend: &Backend) -> Case {
    let with_address = Grant {
        purpose: TokenPurpose::VerifyAddress,
        address: Some(Email::from_stored("o'hara+x@example.com")),
        ..grant(60)
    };
    issued(backend, 1, &with_address).await?;
    issued(backend, 2, &grant(60)).await?;
    let look = |purpose, n, seconds| async move {
        let token = token(n);
        backend.tokens.grant(purpose, &token, after(seconds)).await
    };
    let (verify, reset) = (TokenPurpose::VerifyAddress, TokenPurpose::ResetPassword);
    assert_eq!(look(verify, 1, 59).await?, Some(with_address.clone()));
    assert_eq!(look(verify, 2, 59).await?, None, "another purpose");
    assert_eq!(look(reset, 2, 60).await?, None, "its time is over");
    assert!(backend.tokens.has_expired(reset, &token(2), after(60)).await?);
    assert!(!backend.tokens.has_expired(reset, &token(2), after(59)).await?);
    assert!(!backend.tokens.has_expired(reset, &token(3), after(60)).await?);
    assert_eq!(taken(backend, reset, 1, 59).await?, None);
    assert_eq!(taken(backend, reset, 2, 60).await?, None);
    assert_eq!(taken(backend, verify, 1, 59).await?, Some(with_address));
    assert_eq!(taken(backend, verify, 1, 59).await?, None, "it was taken");
    assert_eq!(taken(backend, reset, 2, 59).await?, Some(grant(60)));
    Ok(())
}

pub async fn of_racers_for_one_token_one_takes_it(backend: &Backend) -> Case {
    issued(backend, 1, &grant(60)).await?;
    let racers = (0..8).map(|_| taken(backend, TokenPurpose::ResetPassword, 1, 5));
    let outcomes = futures::future::try_join_all(racers).await?;
    assert_eq!(outcomes.iter().flatten().count(), 1, "{outcomes:?}");
    Ok(())
}

pub async fn every_token_of_a_user_can_be_made_worthless(backend: &Backend) -> Case {
    let verify = Grant {
        purpose: TokenPurpose::VerifyAddress,
        address: Some(Email::from_stored("a@example.com")),
        ..grant(60)
    };
    let others = Grant {
        user: user_id(2),
        ..grant(60)
    };
    for (n, grant) in [(1, &grant(60)), (2, &verify), (3, &others)] {
        issued(backend, n, grant).await?;
    }
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.tokens().revoke_all(&user_id(1)).await?, 2);
    tx.commit().await?;
    assert_eq!(taken(backend, TokenPurpose::ResetPassword, 1, 5).await?, None);
    assert_eq!(taken(backend, TokenPurpose::VerifyAddress, 2, 5).await?, None);
    assert_eq!(
        taken(backend, TokenPurpose::ResetPassword, 3, 5).await?,
        Some(others)
    );
    Ok(())
}
