//! The sessions of many, asked for at once.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::collections::HashMap;
use std::time::Duration;

use domain::identity::{Ban, Right, Rights, Role, Session, SessionKind, User};
use domain::{SessionId, Timestamp};
use ports::StoreError;
use ports::identity::{OpenedSession, SessionKey, TokenDigest};

use super::{Backend, Case};
use crate::fixtures::{NOW, after, session, token, user};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! sessions_contract {
    ($with:ident) => {
        $with! { sessions:
            each_is_found_as_it_is_when_it_is_asked_for_alone,
            what_has_ended_or_never_was_is_not_found,
            a_key_of_one_kind_finds_no_session_of_the_other,
            more_can_be_asked_for_than_a_statement_has_parameters,
        }
    };
}

fn browser(n: u32) -> SessionKey {
    SessionKey::Browser(token(n))
}

fn program(session: &Session) -> SessionKey {
    SessionKey::Program(session.id.clone())
}

/// A session of the `n`th user, of this kind; a browser's has the `n`th token.
async fn open(backend: &Backend, n: u32, kind: SessionKind) -> Result<Session, StoreError> {
    open_for(backend, user(n), n, kind).await
}

async fn open_for(backend: &Backend, user: User, n: u32, kind: SessionKind) -> Result<Session, StoreError> {
    let opened = Session {
        kind,
        ..session(n, &user.id)
    };
    let digest = match kind {
        SessionKind::Browser => token(n),
        SessionKind::Program => TokenDigest(format!("program:{}", opened.id)),
    };
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&user).await?;
    tx.identity().insert_session(&opened, &digest).await?;
    tx.commit().await?;
    Ok(opened)
}

async fn ask(
    backend: &Backend,
    keys: &[SessionKey],
    now: Timestamp,
) -> Result<HashMap<SessionKey, OpenedSession>, StoreError> {
    let keys: Vec<_> = keys.iter().collect();
    backend.sessions.sessions(&keys, now).await
}

pub async fn each_is_found_as_it_is_when_it_is_asked_for_alone(backend: &Backend) -> Case {
    open(backend, 1, SessionKind::Browser).await?;
    let banned = User {
        ban: Some(Ban {
            reason: Some("spam".to_owned()),
            until: Some(after(60)),
        }),
        ..user(2)
    };
    open_for(backend, banned, 2, SessionKind::Browser).await?;
    let moderator = User {
        role: Role::Moderator,
        ..user(3)
    };
    open_for(backend, moderator.clone(), 3, SessionKind::Browser).await?;
    let given: Rights = [Right::OrdersRead, Right::WalletsRead].into_iter().collect();
    let mut tx = backend.store.begin().await?;
    tx.identity()
        .set_rights(&moderator.id, &given, &moderator.id, NOW)
        .await?;
    tx.commit().await?;
    let of_program = open(backend, 4, SessionKind::Program).await?;
    // One user's second session is another one.
    let second = session(5, &moderator.id);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&second, &token(5)).await?;
    tx.commit().await?;

    let mut alone = HashMap::new();
    for n in [1, 2, 3, 5] {
        let found = backend.identity.session(&token(n), NOW).await?;
        alone.insert(browser(n), found.expect("it is open"));
    }
    let found = backend.identity.session_of_program(&of_program.id, NOW).await?;
    alone.insert(program(&of_program), found.expect("it is open"));
    assert_eq!(alone.get(&browser(3)).map(|(_, _, rights)| rights), Some(&given));
    assert!(
        alone
            .get(&browser(2))
            .is_some_and(|(_, user, _)| user.ban.is_some())
    );

    let keys: Vec<_> = alone.keys().cloned().collect();
    assert_eq!(ask(backend, &keys, NOW).await?, alone);
    let twice = [browser(1), browser(1)];
    assert_eq!(ask(backend, &twice, NOW).await?.len(), 1);
    assert_eq!(ask(backend, &[], NOW).await?, HashMap::new());
    Ok(())
}

pub async fn what_has_ended_or_never_was_is_not_found(backend: &Backend) -> Case {
    for n in 1..=4 {
        open(backend, n, SessionKind::Browser).await?;
    }
    let of_program = open(backend, 5, SessionKind::Program).await?;
    let removed = open(backend, 6, SessionKind::Browser).await?;
    let unknown = [
        browser(9),
        SessionKey::Program(SessionId::new("nobody's")),
        SessionKey::Browser(TokenDigest("\"}],[{'\\ --".to_owned())),
        SessionKey::Browser(TokenDigest(String::new())),
    ];
    let mut keys: Vec<_> = [1, 2, 3, 4, 6].map(browser).to_vec();
    keys.push(program(&of_program));
    assert_eq!(ask(backend, &keys, NOW).await?.len(), 6);
    keys.extend(unknown);

    let mut tx = backend.store.begin().await?;
    let identity = tx.identity();
    // Signed out.
    assert!(identity.delete_session(&token(1)).await?);
    // Ended by somebody else.
    assert_eq!(identity.delete_sessions_of(&user(2).id, None).await?, 1);
    // It goes on under another token.
    let third = session(3, &user(3).id).id;
    assert!(identity.refresh_session(&third, &token(33), NOW).await?);
    identity.lock_user(&removed.user).await?;
    identity.retire_user(&user(6)).await?;
    assert_eq!(tx.refresh_tokens().end_sessions(&of_program.user).await?, 1);
    tx.commit().await?;
    let left = ask(backend, &keys, NOW).await?;
    assert_eq!(left.keys().collect::<Vec<_>>(), [&browser(4)]);

    let ends = session(4, &user(4).id).expires_at;
    let last = Timestamp::from_micros(ends.micros() - 1);
    assert_eq!(ask(backend, &keys, last).await?.len(), 1);
    assert_eq!(ask(backend, &keys, ends).await?, HashMap::new());
    assert_eq!(
        ask(backend, &keys, ends.plus(Duration::from_mins(1))).await?,
        HashMap::new()
    );
    Ok(())
}

pub async fn a_key_of_one_kind_finds_no_session_of_the_other(backend: &Backend) -> Case {
    let of_browser = open(backend, 1, SessionKind::Browser).await?;
    let of_program = open(backend, 2, SessionKind::Program).await?;
    let stored = TokenDigest(format!("program:{}", of_program.id));
    let wrong = [
        program(&of_browser),
        SessionKey::Browser(stored),
        SessionKey::Browser(TokenDigest(of_program.id.as_str().to_owned())),
        SessionKey::Program(SessionId::new(token(1).0)),
    ];
    assert_eq!(ask(backend, &wrong, NOW).await?, HashMap::new());
    Ok(())
}

pub async fn more_can_be_asked_for_than_a_statement_has_parameters(backend: &Backend) -> Case {
    open(backend, 1, SessionKind::Browser).await?;
    let of_program = open(backend, 2, SessionKind::Program).await?;
    // PostgreSQL counts parameters with 16 bits, SQLite allows half of that.
    let mut keys: Vec<_> = (10..35_010).map(browser).collect();
    keys.extend((0..35_000).map(|n| SessionKey::Program(SessionId::new(format!("nobody{n}")))));
    keys.extend([browser(1), program(&of_program)]);
    let found = ask(backend, &keys, NOW).await?;
    assert_eq!(found.len(), 2);
    assert!(found.contains_key(&browser(1)) && found.contains_key(&program(&of_program)));
    Ok(())
}
