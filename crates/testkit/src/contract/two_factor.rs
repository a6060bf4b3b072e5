//! Second factors, sign-ins that wait for a code, and devices that are trusted.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::identity::{SecondFactor, SessionKind, User};
use ports::identity::TokenDigest;
use ports::two_factor::{HalfSignIn, MailedCode, MailedTry};
use ports::{Store, StoreError};

use super::{Backend, Case};
use crate::fixtures::{NOW, after, sealed_key, session, token, user};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! two_factor_contract {
    ($with:ident) => {
        $with! { two_factor:
            a_secret_reads_back_as_it_was_sealed_and_another_one_replaces_it,
            a_factor_comes_with_the_user_and_the_session_until_it_is_removed,
            of_many_who_show_the_code_of_one_step_one_is_first,
            a_code_of_an_earlier_step_is_not_used_after_a_later_one,
            a_recovery_code_is_used_once_and_by_its_user_only,
            of_many_who_show_one_recovery_code_one_is_first,
            other_recovery_codes_replace_all_of_them,
            a_mailed_code_can_be_tried_so_often_and_no_more,
            a_mailed_code_is_used_once_and_replaced_by_the_next,
            a_sign_in_waits_until_it_is_taken_or_ends,
            a_new_password_and_the_end_of_all_sessions_end_the_sign_ins_that_wait,
            a_trusted_device_is_renewed_once_and_known_for_its_user_only,
            no_device_is_trusted_when_the_sessions_have_ended,
            nothing_is_left_of_the_factors_of_somebody_who_is_removed,
            what_has_ended_is_forgotten_in_time,
        }
    };
}

fn code(n: u32) -> TokenDigest {
    TokenDigest(format!("code-{n}"))
}

/// Two users, each with a secret and three recovery codes.
async fn enrolled(backend: &Backend) -> Result<[User; 2], StoreError> {
    let users = [user(1), user(2)];
    let mut tx = backend.store.begin().await?;
    for (n, one) in (1..).zip(&users) {
        tx.identity().insert_user(one).await?;
        let codes = [code(1), code(2), code(3)];
        tx.two_factor()
            .enrol(&one.id, &sealed_key(n), &codes, NOW)
            .await?;
        tx.two_factor()
            .set_factor(&one.id, SecondFactor::App, NOW)
            .await?;
    }
    tx.commit().await?;
    Ok(users)
}

fn half(user: &User) -> HalfSignIn {
    HalfSignIn {
        user: user.id.clone(),
        kind: SessionKind::Browser,
        remember: true,
        expires_at: after(600),
    }
}

fn mailed(user: &User, n: u32) -> MailedCode {
    MailedCode {
        subject: "session:1".to_owned(),
        user: user.id.clone(),
        digest: code(n),
        tries: 2,
        expires_at: after(600),
    }
}

pub async fn a_secret_reads_back_as_it_was_sealed_and_another_one_replaces_it(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let of = async |user: &User| backend.two_factor.secret_of(&user.id).await;
    assert_eq!(of(&ann).await?, Some(sealed_key(1)));
    assert_eq!(of(&bob).await?, Some(sealed_key(2)));
    assert_eq!(of(&user(3)).await?, None);
    let mut tx = backend.store.begin().await?;
    assert!(tx.two_factor().use_step(&ann.id, 7).await?);
    tx.two_factor()
        .enrol(&ann.id, &sealed_key(9), &[code(9)], NOW)
        .await?;
    assert_eq!(tx.two_factor().secret(&ann.id).await?, Some(sealed_key(9)));
    // Nothing of the old one is left: its steps and its codes are not those of the new one.
    assert!(tx.two_factor().use_step(&ann.id, 7).await?);
    assert!(!tx.two_factor().use_recovery_code(&ann.id, &code(1)).await?);
    tx.commit().await?;
    assert_eq!(backend.two_factor.recovery_codes_left(&ann.id).await?, 1);
    assert_eq!(backend.two_factor.recovery_codes_left(&bob.id).await?, 3);
    Ok(())
}

pub async fn a_factor_comes_with_the_user_and_the_session_until_it_is_removed(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    tx.identity()
        .insert_session(&session(1, &ann.id), &token(1))
        .await?;
    // Whoever writes a user's row does not write this.
    tx.identity().save_user(&ann).await?;
    tx.commit().await?;
    let factor = async || {
        let by_token = backend.identity.session(&token(1), NOW).await?;
        let by_id = backend.identity.user(&ann.id).await?.expect("a user");
        let by_token = by_token
            .map(|(_, user, _)| user.second_factor)
            .expect("a session");
        assert_eq!(by_token, by_id.second_factor);
        Ok::<_, StoreError>(by_token)
    };
    assert_eq!(factor().await?, Some(SecondFactor::App));
    let mut tx = backend.store.begin().await?;
    tx.two_factor()
        .set_factor(&ann.id, SecondFactor::Mail, after(1))
        .await?;
    let locked = tx.identity().lock_user(&ann.id).await?.expect("a user");
    assert_eq!(locked.user.second_factor, Some(SecondFactor::Mail));
    tx.commit().await?;
    assert_eq!(factor().await?, Some(SecondFactor::Mail));
    let mut tx = backend.store.begin().await?;
    assert!(tx.two_factor().remove(&ann.id, after(2)).await?);
    assert!(!tx.two_factor().remove(&ann.id, after(3)).await?);
    tx.commit().await?;
    assert_eq!(factor().await?, None);
    assert_eq!(backend.two_factor.secret_of(&ann.id).await?, None);
    assert_eq!(backend.two_factor.secret_of(&bob.id).await?, Some(sealed_key(2)));
    Ok(())
}

/// How many of eight at once succeed with `attempt`.
async fn winners(attempt: impl AsyncFn() -> Result<bool, StoreError>) -> Result<usize, StoreError> {
    let attempts = (0..8).map(|_| attempt());
    let mut won = 0;
    for outcome in futures::future::join_all(attempts).await {
        match outcome {
            Ok(true) => won += 1,
            Ok(false) | Err(StoreError::Contended) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(won)
}

pub async fn of_many_who_show_the_code_of_one_step_one_is_first(backend: &Backend) -> Case {
    let [ann, _] = enrolled(backend).await?;
    let won = winners(async || {
        let mut tx = backend.store.begin().await?;
        let used = tx.two_factor().use_step(&ann.id, 7).await?;
        tx.commit().await?;
        Ok(used)
    });
    assert_eq!(won.await?, 1);
    Ok(())
}

pub async fn a_code_of_an_earlier_step_is_not_used_after_a_later_one(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    assert!(tx.two_factor().use_step(&ann.id, 7).await?);
    assert!(!tx.two_factor().use_step(&ann.id, 7).await?);
    assert!(!tx.two_factor().use_step(&ann.id, 6).await?);
    assert!(tx.two_factor().use_step(&ann.id, 8).await?);
    assert!(
        tx.two_factor().use_step(&bob.id, 6).await?,
        "each user has their own"
    );
    assert!(!tx.two_factor().use_step(&user(3).id, 6).await?);
    drop(tx);
    // What was not committed was not used.
    let mut tx = backend.store.begin().await?;
    assert!(tx.two_factor().use_step(&ann.id, 7).await?);
    tx.commit().await
}

pub async fn a_recovery_code_is_used_once_and_by_its_user_only(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    assert!(tx.two_factor().use_recovery_code(&ann.id, &code(1)).await?);
    assert!(!tx.two_factor().use_recovery_code(&ann.id, &code(1)).await?);
    assert!(!tx.two_factor().use_recovery_code(&ann.id, &code(4)).await?);
    tx.commit().await?;
    assert_eq!(backend.two_factor.recovery_codes_left(&ann.id).await?, 2);
    assert_eq!(backend.two_factor.recovery_codes_left(&bob.id).await?, 3);
    Ok(())
}

pub async fn of_many_who_show_one_recovery_code_one_is_first(backend: &Backend) -> Case {
    let [ann, _] = enrolled(backend).await?;
    let won = winners(async || {
        let mut tx = backend.store.begin().await?;
        let used = tx.two_factor().use_recovery_code(&ann.id, &code(2)).await?;
        tx.commit().await?;
        Ok(used)
    });
    assert_eq!(won.await?, 1);
    assert_eq!(backend.two_factor.recovery_codes_left(&ann.id).await?, 2);
    Ok(())
}

pub async fn other_recovery_codes_replace_all_of_them(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    let codes = [code(3), code(4)];
    tx.two_factor().replace_recovery_codes(&ann.id, &codes).await?;
    assert!(!tx.two_factor().use_recovery_code(&ann.id, &code(1)).await?);
    assert!(tx.two_factor().use_recovery_code(&ann.id, &code(3)).await?);
    tx.commit().await?;
    assert_eq!(backend.two_factor.recovery_codes_left(&ann.id).await?, 1);
    assert_eq!(backend.two_factor.recovery_codes_left(&bob.id).await?, 3);
    Ok(())
}

pub async fn a_mailed_code_can_be_tried_so_often_and_no_more(backend: &Backend) -> Case {
    let [ann, _] = enrolled(backend).await?;
    let begin = async |store: &dyn Store| store.begin().await;
    let mut tx = begin(&*backend.store).await?;
    assert_eq!(
        tx.two_factor().try_mailed_code("session:1", NOW).await?,
        MailedTry::Gone
    );
    tx.two_factor().mail_code(&mailed(&ann, 1)).await?;
    tx.commit().await?;
    let granted = winners(async || {
        let mut tx = backend.store.begin().await?;
        let tried = tx.two_factor().try_mailed_code("session:1", after(599)).await?;
        tx.commit().await?;
        Ok(tried == MailedTry::Granted)
    });
    assert_eq!(granted.await?, 2);
    let mut tx = begin(&*backend.store).await?;
    for (now, outcome) in [(after(599), MailedTry::Exhausted), (after(600), MailedTry::Gone)] {
        assert_eq!(tx.two_factor().try_mailed_code("session:1", now).await?, outcome);
    }
    tx.commit().await
}

pub async fn a_mailed_code_is_used_once_and_replaced_by_the_next(backend: &Backend) -> Case {
    let [ann, _] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    tx.two_factor().mail_code(&mailed(&ann, 1)).await?;
    tx.two_factor().mail_code(&mailed(&ann, 2)).await?;
    assert!(!tx.two_factor().use_mailed_code("session:1", &code(1)).await?);
    assert!(!tx.two_factor().use_mailed_code("session:2", &code(2)).await?);
    assert!(tx.two_factor().use_mailed_code("session:1", &code(2)).await?);
    assert!(!tx.two_factor().use_mailed_code("session:1", &code(2)).await?);
    let tried = tx.two_factor().try_mailed_code("session:1", NOW).await?;
    assert_eq!(tried, MailedTry::Gone);
    tx.commit().await
}

pub async fn a_sign_in_waits_until_it_is_taken_or_ends(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let forgetful = HalfSignIn {
        kind: SessionKind::Program,
        remember: false,
        ..half(&bob)
    };
    let mut tx = backend.store.begin().await?;
    tx.two_factor().begin_sign_in(&token(1), &half(&ann), NOW).await?;
    tx.two_factor().begin_sign_in(&token(2), &forgetful, NOW).await?;
    tx.commit().await?;
    let waits = async |n, now| backend.two_factor.half_sign_in(&token(n), now).await;
    assert_eq!(waits(1, after(599)).await?, Some(half(&ann)));
    assert_eq!(waits(1, after(600)).await?, None);
    assert_eq!(waits(2, NOW).await?, Some(forgetful.clone()));
    assert_eq!(waits(3, NOW).await?, None);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.two_factor().end_sign_in(&token(1), after(600)).await?, None);
    drop(tx);
    let won = winners(async || {
        let mut tx = backend.store.begin().await?;
        let taken = tx.two_factor().end_sign_in(&token(1), NOW).await?;
        tx.commit().await?;
        Ok(taken.is_some())
    });
    assert_eq!(won.await?, 1);
    assert_eq!(waits(1, NOW).await?, None);
    assert_eq!(waits(2, NOW).await?, Some(forgetful));
    Ok(())
}

pub async fn a_new_password_and_the_end_of_all_sessions_end_the_sign_ins_that_wait(
    backend: &Backend,
) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    for (n, user) in [(1, &ann), (2, &bob)] {
        tx.two_factor().begin_sign_in(&token(n), &half(user), NOW).await?;
    }
    tx.identity().set_password("a", &ann.id, "hash", NOW).await?;
    tx.commit().await?;
    let waits = async |n| backend.two_factor.half_sign_in(&token(n), NOW).await;
    assert_eq!(waits(1).await?, None);
    assert_eq!(waits(2).await?, Some(half(&bob)));
    let mut tx = backend.store.begin().await?;
    tx.identity().delete_sessions_of(&bob.id, None).await?;
    tx.commit().await?;
    assert_eq!(waits(2).await?, None);
    Ok(())
}

pub async fn a_trusted_device_is_renewed_once_and_known_for_its_user_only(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    tx.two_factor().trust(&token(1), &ann.id, after(600), NOW).await?;
    let renew = async |tx: &mut dyn ports::Tx, user: &User, old, new, now| {
        let (old, new, until) = (token(old), token(new), after(1_200));
        tx.two_factor()
            .renew_trust(&old, &user.id, &new, until, now)
            .await
    };
    assert!(!renew(&mut *tx, &bob, 1, 9, NOW).await?);
    assert!(!renew(&mut *tx, &ann, 1, 9, after(600)).await?);
    assert!(renew(&mut *tx, &ann, 1, 2, after(599)).await?);
    assert!(!renew(&mut *tx, &ann, 1, 3, after(599)).await?);
    assert!(renew(&mut *tx, &ann, 2, 3, after(1_199)).await?, "its end moves");
    tx.commit().await
}

pub async fn no_device_is_trusted_when_the_sessions_have_ended(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let open = session(1, &ann.id);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&open, &token(7)).await?;
    tx.two_factor().trust(&token(1), &ann.id, after(600), NOW).await?;
    tx.two_factor().trust(&token(2), &bob.id, after(600), NOW).await?;
    let ended = tx.identity().delete_sessions_of(&ann.id, Some(&open.id)).await?;
    assert_eq!(ended, 0, "devices are no sessions");
    let mut renew = async |user: &User, old| {
        let (old, new, until) = (token(old), token(9), after(600));
        tx.two_factor()
            .renew_trust(&old, &user.id, &new, until, NOW)
            .await
    };
    assert!(!renew(&ann, 1).await?);
    assert!(renew(&bob, 2).await?);
    tx.commit().await
}

pub async fn nothing_is_left_of_the_factors_of_somebody_who_is_removed(backend: &Backend) -> Case {
    let [ann, _] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    tx.two_factor().begin_sign_in(&token(1), &half(&ann), NOW).await?;
    tx.two_factor().mail_code(&mailed(&ann, 1)).await?;
    tx.two_factor().trust(&token(1), &ann.id, after(600), NOW).await?;
    tx.identity().retire_user(&ann.anonymised(after(1))).await?;
    tx.commit().await?;
    assert_eq!(backend.two_factor.secret_of(&ann.id).await?, None);
    assert_eq!(backend.two_factor.recovery_codes_left(&ann.id).await?, 0);
    assert_eq!(backend.two_factor.half_sign_in(&token(1), NOW).await?, None);
    let mut tx = backend.store.begin().await?;
    assert!(
        !tx.two_factor().remove(&ann.id, after(2)).await?,
        "also in the row"
    );
    let tried = tx.two_factor().try_mailed_code("session:1", NOW).await?;
    assert_eq!(tried, MailedTry::Gone);
    tx.commit().await
}

pub async fn what_has_ended_is_forgotten_in_time(backend: &Backend) -> Case {
    let [ann, bob] = enrolled(backend).await?;
    let mut tx = backend.store.begin().await?;
    tx.two_factor().begin_sign_in(&token(1), &half(&ann), NOW).await?;
    tx.two_factor().mail_code(&mailed(&ann, 1)).await?;
    tx.two_factor().trust(&token(1), &ann.id, after(600), NOW).await?;
    tx.two_factor().trust(&token(2), &bob.id, after(601), NOW).await?;
    tx.commit().await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.mails().prune(after(600), 100).await?, 0);
    assert_eq!(tx.mails().prune(after(601), 100).await?, 3);
    assert_eq!(tx.mails().prune(after(602), 100).await?, 1);
    tx.commit().await?;
    assert_eq!(backend.two_factor.recovery_codes_left(&ann.id).await?, 3);
    Ok(())
}
