//! Sessions of programs, and the tokens that keep them.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::identity::{Session, SessionKind, User};
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::refresh::RefreshToken;

use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, after, session, token, user};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! refresh_contract {
    ($with:ident) => {
        $with! { refresh:
            a_programs_session_is_found_by_its_name_and_a_browsers_is_not,
            a_token_is_used_once_for_its_own_session,
            of_many_who_use_a_token_at_once_one_does,
            a_session_has_one_good_token,
            tokens_go_with_their_session,
            sessions_that_have_ended_are_forgotten_with_their_tokens_the_oldest_first,
            used_tokens_are_forgotten_one_day_and_the_good_one_is_not,
            all_programs_of_one_user_are_signed_out_and_browsers_stay,
        }
    };
}

/// The `n`th user with a session of a program's.
async fn program(backend: &Backend, n: u32) -> Result<(User, Session), StoreError> {
    let user = user(n);
    let opened = Session {
        kind: SessionKind::Program,
        ..session(n, &user.id)
    };
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&user).await?;
    let none = TokenDigest(format!("program:{}", opened.id));
    tx.identity().insert_session(&opened, &none).await?;
    tx.refresh_tokens().issue(&token(n), &opened.id, NOW).await?;
    tx.commit().await?;
    Ok((user, opened))
}

pub async fn a_programs_session_is_found_by_its_name_and_a_browsers_is_not(backend: &Backend) -> Case {
    let (user, opened) = program(backend, 1).await?;
    let found = backend.identity.session_of_program(&opened.id, NOW).await?;
    let (found, of, _) = found.expect("the session is open");
    assert_eq!((&found, &of), (&opened, &user));
    let late = backend
        .identity
        .session_of_program(&opened.id, opened.expires_at)
        .await?;
    assert!(late.is_none());
    let browsers = session(2, &user.id);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&browsers, &token(2)).await?;
    tx.commit().await?;
    let found = backend.identity.session_of_program(&browsers.id, NOW).await?;
    assert!(found.is_none(), "the name of a browser's session opens it");
    let listed = backend.identity.sessions_of(&user.id, NOW).await?;
    assert_eq!(listed.len(), 2);
    // Nothing that is stored about a program's session opens it as a browser's.
    for digest in [token(1), TokenDigest(format!("program:{}", opened.id))] {
        assert!(backend.identity.session(&digest, NOW).await?.is_none());
    }
    Ok(())
}

pub async fn a_token_is_used_once_for_its_own_session(backend: &Backend) -> Case {
    let (_, opened) = program(backend, 1).await?;
    let (_, other) = program(backend, 2).await?;
    let issued = RefreshToken {
        session: opened.id.clone(),
        issued_at: NOW,
        used_at: None,
    };
    assert_eq!(
        backend.identity.refresh_token(&token(1)).await?,
        Some(issued.clone())
    );
    assert_eq!(backend.identity.refresh_token(&token(9)).await?, None);
    let mut tx = backend.store.begin().await?;
    assert!(!tx.refresh_tokens().take(&token(1), &other.id, after(1)).await?);
    assert!(!tx.refresh_tokens().take(&token(9), &opened.id, after(1)).await?);
    assert!(tx.refresh_tokens().take(&token(1), &opened.id, after(1)).await?);
    assert!(!tx.refresh_tokens().take(&token(1), &opened.id, after(2)).await?);
    tx.commit().await?;
    let used = RefreshToken {
        used_at: Some(after(1)),
        ..issued
    };
    assert_eq!(backend.identity.refresh_token(&token(1)).await?, Some(used));
    Ok(())
}

pub async fn of_many_who_use_a_token_at_once_one_does(backend: &Backend) -> Case {
    let (_, opened) = program(backend, 1).await?;
    let attempts = (10..18).map(|n| {
        let opened = &opened;
        async move {
            let mut tx = backend.store.begin().await?;
            let taken = tx.refresh_tokens().take(&token(1), &opened.id, after(1)).await?;
            if taken {
                tx.refresh_tokens().issue(&token(n), &opened.id, after(1)).await?;
            }
            tx.commit().await?;
            Ok::<_, StoreError>(taken)
        }
    });
    let taken = futures::future::try_join_all(attempts).await?;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
    Ok(())
}

pub async fn a_session_has_one_good_token(backend: &Backend) -> Case {
    let (_, opened) = program(backend, 1).await?;
    let mut tx = backend.store.begin().await?;
    let second = tx.refresh_tokens().issue(&token(2), &opened.id, NOW).await;
    conflicts(second, "refresh_tokens");
    drop(tx);
    let mut tx = backend.store.begin().await?;
    tx.refresh_tokens().take(&token(1), &opened.id, NOW).await?;
    tx.refresh_tokens().issue(&token(2), &opened.id, NOW).await?;
    tx.commit().await
}

pub async fn tokens_go_with_their_session(backend: &Backend) -> Case {
    let (user, _) = program(backend, 1).await?;
    program(backend, 2).await?;
    let mut tx = backend.store.begin().await?;
    tx.identity().delete_sessions_of(&user.id, None).await?;
    tx.commit().await?;
    assert_eq!(backend.identity.refresh_token(&token(1)).await?, None);
    assert!(backend.identity.refresh_token(&token(2)).await?.is_some());
    Ok(())
}

pub async fn sessions_that_have_ended_are_forgotten_with_their_tokens_the_oldest_first(
    backend: &Backend,
) -> Case {
    let (_, first) = program(backend, 1).await?;
    let (bob, second) = program(backend, 2).await?;
    let browser = session(3, &bob.id);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&browser, &token(3)).await?;
    for (opened, end) in [(&first, 20), (&second, 10), (&browser, 30)] {
        assert!(
            tx.identity()
                .renew_session(&opened.id, after(end), after(1))
                .await?
        );
    }
    tx.commit().await?;
    let forget = |before, limit| async move {
        let mut tx = backend.store.begin().await?;
        let gone = tx.identity().forget_sessions(after(before), limit).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(gone)
    };
    assert_eq!(forget(10, 9).await?, 0, "it ends at that moment");
    assert_eq!(forget(30, 1).await?, 1);
    assert_eq!(backend.identity.refresh_token(&token(2)).await?, None);
    assert!(
        backend
            .identity
            .session_of_program(&first.id, NOW)
            .await?
            .is_some()
    );
    assert_eq!(forget(30, 9).await?, 1);
    assert_eq!(backend.identity.refresh_token(&token(1)).await?, None);
    let left = backend.identity.session(&token(3), NOW).await?;
    assert_eq!(left.map(|(left, ..)| left.id), Some(browser.id));
    Ok(())
}

pub async fn used_tokens_are_forgotten_one_day_and_the_good_one_is_not(backend: &Backend) -> Case {
    let (_, opened) = program(backend, 1).await?;
    let mut tx = backend.store.begin().await?;
    for (old, new, at) in [(1, 2, 10), (2, 3, 20)] {
        tx.refresh_tokens()
            .take(&token(old), &opened.id, after(at))
            .await?;
        tx.refresh_tokens()
            .issue(&token(new), &opened.id, after(at))
            .await?;
    }
    assert_eq!(tx.refresh_tokens().forget_used(&opened.id, after(20)).await?, 1);
    assert_eq!(tx.refresh_tokens().forget_used(&opened.id, after(999)).await?, 1);
    assert_eq!(tx.refresh_tokens().forget_used(&opened.id, after(999)).await?, 0);
    tx.commit().await?;
    assert!(backend.identity.refresh_token(&token(3)).await?.is_some());
    Ok(())
}

pub async fn all_programs_of_one_user_are_signed_out_and_browsers_stay(backend: &Backend) -> Case {
    let (ann, _) = program(backend, 1).await?;
    let (_, other) = program(backend, 2).await?;
    let browsers = session(3, &ann.id);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&browsers, &token(3)).await?;
    assert_eq!(tx.refresh_tokens().end_sessions(&ann.id).await?, 1);
    tx.commit().await?;
    assert_eq!(backend.identity.sessions_of(&ann.id, NOW).await?, [browsers]);
    assert!(
        backend
            .identity
            .session_of_program(&other.id, NOW)
            .await?
            .is_some()
    );
    Ok(())
}
