//! Accounts elsewhere, and sign-ins that are under way.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::mail::TokenPurpose;
use domain::text::Email;
use ports::identity::TokenDigest;
use ports::orders::Inserted;
use ports::social::PendingSignIn;
use ports::tokens::Grant;

use super::{Backend, Case};
use crate::fixtures::{NOW, after, token, user};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! social_contract {
    ($with:ident) => {
        $with! { social:
            a_sign_in_is_taken_once_as_it_was_begun,
            a_sign_in_that_has_ended_is_not_taken,
            sign_ins_that_ended_are_forgotten_and_nothing_else_is,
            an_account_elsewhere_signs_one_user_in,
            dropped_accounts_sign_nobody_in_and_others_stay,
            a_user_is_found_by_address_until_they_are_removed,
        }
    };
}

fn pending() -> PendingSignIn {
    PendingSignIn {
        provider: "github".to_owned(),
        browser: TokenDigest("b".repeat(64)),
        page: Some("/a?b=\"c\"".to_owned()),
        error_page: None,
        new_user_page: Some("/welcome".to_owned()),
        expires_at: after(600),
    }
}

pub async fn a_sign_in_is_taken_once_as_it_was_begun(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.social().begin(&token(1), &pending(), NOW).await?;
    tx.commit().await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.social().take(&token(2), NOW).await?, None);
    assert_eq!(tx.social().take(&token(1), NOW).await?, Some(pending()));
    assert_eq!(tx.social().take(&token(1), NOW).await?, None);
    tx.commit().await
}

pub async fn a_sign_in_that_has_ended_is_not_taken(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.social().begin(&token(1), &pending(), NOW).await?;
    assert_eq!(tx.social().take(&token(1), after(600)).await?, None);
    assert_eq!(tx.social().take(&token(1), after(599)).await?, Some(pending()));
    tx.commit().await
}

pub async fn sign_ins_that_ended_are_forgotten_and_nothing_else_is(backend: &Backend) -> Case {
    let ann = user(1);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&ann).await?;
    for n in 1..=3 {
        tx.social().begin(&token(n), &pending(), NOW).await?;
    }
    let later = PendingSignIn {
        expires_at: after(900),
        ..pending()
    };
    tx.social().begin(&token(4), &later, NOW).await?;
    let mailed = Grant {
        purpose: TokenPurpose::ResetPassword,
        user: ann.id,
        address: None,
        expires_at: after(600),
    };
    tx.tokens().issue(&token(5), &mailed, NOW).await?;
    assert_eq!(tx.social().forget_ended(after(600), 10).await?, 0);
    assert_eq!(tx.social().forget_ended(after(601), 2).await?, 2);
    assert_eq!(tx.social().forget_ended(after(601), 10).await?, 1);
    assert_eq!(tx.social().take(&token(4), after(601)).await?, Some(later));
    tx.commit().await?;
    let mail = token(5);
    let expired = backend
        .tokens
        .has_expired(TokenPurpose::ResetPassword, &mail, after(601));
    assert!(
        expired.await?,
        "whoever follows an old link is told that it is old"
    );
    Ok(())
}

pub async fn an_account_elsewhere_signs_one_user_in(backend: &Backend) -> Case {
    let (ann, bob) = (user(1), user(2));
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&ann).await?;
    tx.identity().insert_user(&bob).await?;
    assert_eq!(tx.social().linked("github", "7").await?, None);
    assert_eq!(
        tx.social().link("a", "github", "7", &ann.id, NOW).await?,
        Inserted::New
    );
    assert_eq!(
        tx.social().link("b", "github", "7", &bob.id, NOW).await?,
        Inserted::AlreadyThere
    );
    assert_eq!(
        tx.social().link("c", "gitlab", "7", &bob.id, NOW).await?,
        Inserted::New
    );
    tx.commit().await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.social().linked("github", "7").await?, Some(ann.id));
    assert_eq!(tx.social().linked("gitlab", "7").await?, Some(bob.id));
    assert_eq!(tx.social().linked("github", "8").await?, None);
    tx.commit().await
}

pub async fn dropped_accounts_sign_nobody_in_and_others_stay(backend: &Backend) -> Case {
    let (ann, bob) = (user(1), user(2));
    let mut tx = backend.store.begin().await?;
    for (one, account) in [(&ann, "7"), (&bob, "8")] {
        tx.identity().insert_user(one).await?;
        tx.identity().set_password(account, &one.id, "hash", NOW).await?;
        let id = format!("link-{account}");
        tx.social().link(&id, "github", account, &one.id, NOW).await?;
    }
    assert_eq!(tx.social().drop_accounts(&ann.id).await?, 2);
    tx.commit().await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.social().linked("github", "7").await?, None);
    assert_eq!(tx.social().linked("github", "8").await?, Some(bob.id.clone()));
    tx.commit().await?;
    let hash = async |email: &Email| {
        let found = backend.identity.credentials(email).await?;
        Ok::<_, ports::StoreError>(found.and_then(|found| found.password_hash))
    };
    assert_eq!(hash(&ann.email).await?, None);
    assert_eq!(hash(&bob.email).await?.as_deref(), Some("hash"));
    Ok(())
}

pub async fn a_user_is_found_by_address_until_they_are_removed(backend: &Backend) -> Case {
    let ann = user(1);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&ann).await?;
    assert_eq!(tx.social().user_with(&ann.email).await?, Some(ann.id.clone()));
    assert_eq!(tx.social().user_with(&user(2).email).await?, None);
    let anonymised = ann.anonymised(after(1));
    tx.identity().retire_user(&anonymised).await?;
    assert_eq!(tx.social().user_with(&ann.email).await?, None);
    assert_eq!(tx.social().user_with(&anonymised.email).await?, None);
    tx.commit().await
}
