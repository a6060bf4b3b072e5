//! Users, passwords and sessions.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::identity::{Ban, Currency, Language, Notifications, Rights, Role, TimeZone, User, UserSettings};
use domain::text::Email;
use domain::{SessionId, UserId};
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::orders::Inserted;

use super::{Backend, Case};
use crate::fixtures::{NOW, after, name, session, token, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! identity_contract {
    ($with:ident) => {
        $with! { identity:
            every_field_of_a_user_reads_back_as_written,
            an_address_belongs_to_one_user_and_the_transaction_goes_on,
            of_racers_for_one_address_one_wins,
            a_user_without_a_password_has_credentials_without_one,
            a_password_is_created_and_then_replaced,
            a_rehash_never_overwrites_a_newer_password,
            a_ban_is_lifted_only_once_its_time_is_over,
            a_changed_role_shows_at_once,
            a_session_is_found_with_its_user_until_it_ends,
            a_renewed_session_lives_on_and_a_lost_one_is_not_renewed,
            an_ended_session_is_gone_and_the_others_stay,
            a_session_of_nobody_is_refused_and_poisons_the_transaction,
            what_was_not_committed_never_happened,
            settings_are_none_then_as_written_then_replaced,
        }
    };
}

async fn insert(backend: &Backend, users: &[&User]) -> Case {
    let mut tx = backend.store.begin().await?;
    for user in users {
        assert_eq!(tx.identity().insert_user(user).await?, Inserted::New);
    }
    tx.commit().await
}

pub async fn every_field_of_a_user_reads_back_as_written(backend: &Backend) -> Case {
    let plain = user(1);
    let adorned = User {
        name: name("Žofie O'Hara \u{1f98a}"),
        email_verified: true,
        image: Some("https://example.com/a.png".to_owned()),
        role: Role::Admin,
        ban: Some(Ban {
            reason: Some("spam; DROP TABLE users".to_owned()),
            until: Some(after(60)),
        }),
        updated_at: after(1),
        ..user(2)
    };
    let banned_for_good = User {
        ban: Some(Ban {
            reason: None,
            until: None,
        }),
        ..user(3)
    };
    insert(backend, &[&plain, &adorned, &banned_for_good]).await?;
    for written in [plain, adorned, banned_for_good] {
        assert_eq!(backend.identity.user(&written.id).await?, Some(written));
    }
    assert_eq!(backend.identity.user(&user_id(4)).await?, None);
    Ok(())
}

pub async fn an_address_belongs_to_one_user_and_the_transaction_goes_on(backend: &Backend) -> Case {
    let first = user(1);
    insert(backend, &[&first]).await?;
    let second = User {
        email: first.email.clone(),
        ..user(2)
    };
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.identity().insert_user(&second).await?, Inserted::AlreadyThere);
    assert_eq!(tx.identity().insert_user(&user(3)).await?, Inserted::New);
    tx.commit().await?;
    assert_eq!(backend.identity.user(&first.id).await?, Some(first));
    assert_eq!(backend.identity.user(&second.id).await?, None);
    assert_eq!(backend.identity.user(&user_id(3)).await?, Some(user(3)));
    Ok(())
}

pub async fn of_racers_for_one_address_one_wins(backend: &Backend) -> Case {
    let racers = (1..=8).map(|n| async move {
        let racer = User {
            email: Email::from_stored("prize@example.com"),
            ..user(n)
        };
        let mut tx = backend.store.begin().await?;
        let inserted = tx.identity().insert_user(&racer).await?;
        tx.commit().await?;
        Ok::<_, StoreError>((inserted, racer))
    });
    let outcomes = futures::future::try_join_all(racers).await?;
    let winners: Vec<&User> = outcomes
        .iter()
        .filter_map(|(inserted, racer)| (*inserted == Inserted::New).then_some(racer))
        .collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let prize = Email::from_stored("prize@example.com");
    let found = backend
        .identity
        .credentials(&prize)
        .await?
        .map(|found| found.user);
    assert_eq!(found.as_ref(), winners.first().copied());
    Ok(())
}

pub async fn a_user_without_a_password_has_credentials_without_one(backend: &Backend) -> Case {
    let ann = user(1);
    insert(backend, &[&ann, &user(2)]).await?;
    let found = backend
        .identity
        .credentials(&ann.email)
        .await?
        .expect("the user is there");
    assert_eq!((found.user, found.password_hash), (ann, None));
    let nobody = Email::from_stored("nobody@example.com");
    assert_eq!(backend.identity.credentials(&nobody).await?, None);
    Ok(())
}

async fn stored_hash(backend: &Backend, email: &Email) -> Result<Option<String>, StoreError> {
    let found = backend.identity.credentials(email).await?;
    Ok(found.and_then(|found| found.password_hash))
}

pub async fn a_password_is_created_and_then_replaced(backend: &Backend) -> Case {
    let (ann, bob) = (user(1), user(2));
    insert(backend, &[&ann, &bob]).await?;
    let mut tx = backend.store.begin().await?;
    tx.identity()
        .set_password("account-1", &ann.id, "first", NOW)
        .await?;
    tx.identity()
        .set_password("account-2", &bob.id, "of bob", NOW)
        .await?;
    tx.commit().await?;
    assert_eq!(stored_hash(backend, &ann.email).await?.as_deref(), Some("first"));
    let mut tx = backend.store.begin().await?;
    tx.identity()
        .set_password("account-3", &ann.id, "second", after(1))
        .await?;
    tx.commit().await?;
    assert_eq!(stored_hash(backend, &ann.email).await?.as_deref(), Some("second"));
    assert_eq!(stored_hash(backend, &bob.email).await?.as_deref(), Some("of bob"));
    Ok(())
}

pub async fn a_rehash_never_overwrites_a_newer_password(backend: &Backend) -> Case {
    let ann = user(1);
    insert(backend, &[&ann]).await?;
    let mut tx = backend.store.begin().await?;
    let identity = tx.identity();
    assert!(!identity.upgrade_password(&ann.id, "old", "better", NOW).await?);
    identity.set_password("account-1", &ann.id, "old", NOW).await?;
    assert!(
        identity
            .upgrade_password(&ann.id, "old", "old, better", after(1))
            .await?
    );
    identity
        .set_password("account-1", &ann.id, "new", after(2))
        .await?;
    assert!(
        !identity
            .upgrade_password(&ann.id, "old, better", "stale", after(3))
            .await?
    );
    tx.commit().await?;
    assert_eq!(stored_hash(backend, &ann.email).await?.as_deref(), Some("new"));
    Ok(())
}

pub async fn a_ban_is_lifted_only_once_its_time_is_over(backend: &Backend) -> Case {
    let banned = |n, until| User {
        ban: Some(Ban {
            reason: Some("spam".to_owned()),
            until,
        }),
        ..user(n)
    };
    let (for_a_while, for_good, free) = (banned(1, Some(after(60))), banned(2, None), user(3));
    insert(backend, &[&for_a_while, &for_good, &free]).await?;
    let mut tx = backend.store.begin().await?;
    let identity = tx.identity();
    assert!(!identity.lift_expired_ban(&for_a_while.id, after(59)).await?);
    assert!(!identity.lift_expired_ban(&for_good.id, after(59)).await?);
    assert!(!identity.lift_expired_ban(&free.id, after(59)).await?);
    assert!(!identity.lift_expired_ban(&user_id(4), after(59)).await?);
    assert!(
        identity.lift_expired_ban(&for_a_while.id, after(60)).await?,
        "a ban does not count at its end"
    );
    assert!(!identity.lift_expired_ban(&for_a_while.id, after(61)).await?);
    tx.commit().await?;
    let lifted = User {
        ban: None,
        updated_at: after(60),
        ..for_a_while
    };
    assert_eq!(backend.identity.user(&lifted.id).await?, Some(lifted));
    assert_eq!(backend.identity.user(&for_good.id).await?, Some(for_good));
    Ok(())
}

pub async fn a_changed_role_shows_at_once(backend: &Backend) -> Case {
    let ann = user(1);
    insert(backend, &[&ann, &user(2)]).await?;
    let mut tx = backend.store.begin().await?;
    assert!(tx.identity().set_role(&ann.id, Role::Admin, after(1)).await?);
    assert!(
        !tx.identity()
            .set_role(&UserId::new("nobody"), Role::Admin, after(1))
            .await?
    );
    tx.commit().await?;
    let promoted = User {
        role: Role::Admin,
        updated_at: after(1),
        ..ann
    };
    assert_eq!(backend.identity.user(&promoted.id).await?, Some(promoted));
    assert_eq!(backend.identity.user(&user_id(2)).await?, Some(user(2)));
    Ok(())
}

pub async fn a_session_is_found_with_its_user_until_it_ends(backend: &Backend) -> Case {
    let (ann, bob) = (user(1), user(2));
    insert(backend, &[&ann, &bob]).await?;
    let of_ann = session(1, &ann.id);
    let mut of_bob = session(2, &bob.id);
    of_bob.ip_address = None;
    of_bob.user_agent = None;
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&of_ann, &token(1)).await?;
    tx.identity().insert_session(&of_bob, &token(2)).await?;
    tx.commit().await?;
    let found = backend.identity.session(&token(1), NOW).await?;
    assert_eq!(found, Some((of_ann.clone(), ann, Rights::default())));
    assert_eq!(
        backend.identity.session(&token(2), NOW).await?,
        Some((of_bob, bob, Rights::default()))
    );
    assert_eq!(
        backend.identity.session(&token(1), of_ann.expires_at).await?,
        None
    );
    assert_eq!(backend.identity.session(&token(3), NOW).await?, None);
    let upper_case = TokenDigest(format!("{:064X}", 0xab));
    assert_eq!(backend.identity.session(&upper_case, NOW).await?, None);
    Ok(())
}

pub async fn a_renewed_session_lives_on_and_a_lost_one_is_not_renewed(backend: &Backend) -> Case {
    let ann = user(1);
    insert(backend, &[&ann]).await?;
    let opened = session(1, &ann.id);
    let later = opened.expires_at.plus(std::time::Duration::from_hours(24));
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&opened, &token(1)).await?;
    assert!(tx.identity().renew_session(&opened.id, later, after(5)).await?);
    let lost = SessionId::new("lost");
    assert!(!tx.identity().renew_session(&lost, later, after(5)).await?);
    tx.commit().await?;
    let found = backend.identity.session(&token(1), opened.expires_at).await?;
    let renewed = domain::identity::Session {
        expires_at: later,
        updated_at: after(5),
        ..opened
    };
    assert_eq!(found, Some((renewed, ann, Rights::default())));
    Ok(())
}

pub async fn an_ended_session_is_gone_and_the_others_stay(backend: &Backend) -> Case {
    let ann = user(1);
    insert(backend, &[&ann]).await?;
    let mut tx = backend.store.begin().await?;
    for n in [1, 2] {
        tx.identity()
            .insert_session(&session(n, &ann.id), &token(n))
            .await?;
    }
    assert!(tx.identity().delete_session(&token(1)).await?);
    assert!(!tx.identity().delete_session(&token(1)).await?);
    tx.commit().await?;
    assert_eq!(backend.identity.session(&token(1), NOW).await?, None);
    assert!(backend.identity.session(&token(2), NOW).await?.is_some());
    Ok(())
}

pub async fn a_session_of_nobody_is_refused_and_poisons_the_transaction(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&user(1)).await?;
    let refused = tx
        .identity()
        .insert_session(&session(1, &user_id(9)), &token(1))
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    let later = tx.identity().insert_user(&user(2)).await;
    assert_eq!(later, Err(StoreError::Poisoned));
    assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
    assert_eq!(backend.identity.user(&user_id(1)).await?, None);
    Ok(())
}

pub async fn what_was_not_committed_never_happened(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.identity().insert_user(&user(1)).await?, Inserted::New);
    drop(tx);
    assert_eq!(backend.identity.user(&user_id(1)).await?, None);
    insert(backend, &[&user(1)]).await
}

pub async fn settings_are_none_then_as_written_then_replaced(backend: &Backend) -> Case {
    insert(backend, &[&user(1), &user(2)]).await?;
    let ann = user_id(1);
    assert_eq!(backend.identity.settings(&ann).await?, None);
    let first = UserSettings::default();
    let second = UserSettings {
        time_zone: TimeZone::from_stored("Asia/Kolkata"),
        language: Language::from_stored("zh-Hant-TW"),
        currency: Currency::from_stored("INR"),
        notifications: Notifications {
            orders: false,
            balance: false,
            news: true,
        },
    };
    for written in [first, second] {
        let mut tx = backend.store.begin().await?;
        tx.identity().save_settings(&ann, &written, NOW).await?;
        assert_eq!(tx.identity().settings(&ann).await?.as_ref(), Some(&written));
        tx.commit().await?;
        assert_eq!(backend.identity.settings(&ann).await?, Some(written));
    }
    assert_eq!(backend.identity.settings(&user_id(2)).await?, None);
    Ok(())
}
