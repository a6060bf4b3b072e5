//! The rights of moderators, and sessions whose user proved again who they are.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::identity::{Right, Rights, Role, User};
use domain::{SessionId, UserId};
use ports::StoreError;

use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, admin, after, session, token, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! rights_contract {
    ($with:ident) => {
        $with! { rights:
            a_moderators_rights_come_with_the_session_and_nobody_elses_do,
            rights_are_replaced_as_a_whole,
            rights_are_lost_with_the_role,
            nobody_who_is_not_there_has_or_gets_rights,
            a_refreshed_session_goes_on_under_another_token,
        }
    };
}

fn rights(rights: &[Right]) -> Rights {
    rights.iter().copied().collect()
}

/// An administrator, and a moderator with a session and these rights.
async fn moderator(backend: &Backend, given: &Rights) -> Result<User, StoreError> {
    let moderator = User {
        role: Role::Moderator,
        ..user(1)
    };
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&moderator).await?;
    tx.identity().insert_user(&admin(2)).await?;
    let opened = session(1, &moderator.id);
    tx.identity().insert_session(&opened, &token(1)).await?;
    tx.identity()
        .set_rights(&moderator.id, given, &user_id(2), NOW)
        .await?;
    tx.commit().await?;
    Ok(moderator)
}

async fn with_the_session(backend: &Backend) -> Result<Rights, StoreError> {
    let found = backend.identity.session(&token(1), NOW).await?;
    Ok(found.map(|(_, _, rights)| rights).expect("the session is open"))
}

pub async fn a_moderators_rights_come_with_the_session_and_nobody_elses_do(backend: &Backend) -> Case {
    let given = rights(&[Right::OrdersRead, Right::WalletsAdjust, Right::AuditRead]);
    let moderator = moderator(backend, &given).await?;
    assert_eq!(with_the_session(backend).await?, given);
    let of = backend.identity.rights_of(&moderator.id).await?;
    assert_eq!(of, Some((Role::Moderator, given.clone())));
    // Not even if there are any.
    let mut tx = backend.store.begin().await?;
    let boss = user_id(2);
    tx.identity().set_rights(&boss, &given, &boss, NOW).await?;
    tx.commit().await?;
    let of = backend.identity.rights_of(&boss).await?;
    assert_eq!(of, Some((Role::Admin, Rights::default())));
    Ok(())
}

pub async fn rights_are_replaced_as_a_whole(backend: &Backend) -> Case {
    let moderator = moderator(backend, &rights(&[Right::OrdersRead, Right::UsersRead])).await?;
    for next in [
        rights(&[Right::UsersRead, Right::ServicesWrite]),
        Rights::default(),
        rights(Right::ALL),
    ] {
        let mut tx = backend.store.begin().await?;
        let (role, _) = tx
            .identity()
            .lock_rights(&moderator.id)
            .await?
            .expect("they are there");
        assert_eq!(role, Role::Moderator);
        tx.identity()
            .set_rights(&moderator.id, &next, &user_id(2), after(1))
            .await?;
        let locked = tx.identity().lock_rights(&moderator.id).await?;
        assert_eq!(locked, Some((Role::Moderator, next.clone())));
        tx.commit().await?;
        assert_eq!(with_the_session(backend).await?, next);
    }
    Ok(())
}

pub async fn rights_are_lost_with_the_role(backend: &Backend) -> Case {
    let given = rights(&[Right::OrdersRead]);
    let moderator = moderator(backend, &given).await?;
    let mut tx = backend.store.begin().await?;
    tx.identity()
        .set_role(&moderator.id, Role::Moderator, after(1))
        .await?;
    tx.commit().await?;
    assert_eq!(with_the_session(backend).await?, given, "it is the same role");
    let mut tx = backend.store.begin().await?;
    tx.identity()
        .set_role(&moderator.id, Role::User, after(1))
        .await?;
    tx.identity()
        .set_role(&moderator.id, Role::Moderator, after(2))
        .await?;
    tx.commit().await?;
    assert_eq!(with_the_session(backend).await?, Rights::default());
    Ok(())
}

pub async fn nobody_who_is_not_there_has_or_gets_rights(backend: &Backend) -> Case {
    let nobody = UserId::new("nobody");
    assert_eq!(backend.identity.rights_of(&nobody).await?, None);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.identity().lock_rights(&nobody).await?, None);
    let given = rights(&[Right::OrdersRead]);
    let refused = tx.identity().set_rights(&nobody, &given, &nobody, NOW).await;
    // SQLite does not say which key of which table.
    conflicts(refused, "");
    Ok(())
}

pub async fn a_refreshed_session_goes_on_under_another_token(backend: &Backend) -> Case {
    let moderator = moderator(backend, &Rights::default()).await?;
    let opened = session(1, &moderator.id);
    let mut tx = backend.store.begin().await?;
    assert!(
        tx.identity()
            .refresh_session(&opened.id, &token(2), after(9))
            .await?
    );
    let lost = SessionId::new("lost");
    assert!(!tx.identity().refresh_session(&lost, &token(3), after(9)).await?);
    tx.commit().await?;
    assert_eq!(backend.identity.session(&token(1), NOW).await?, None);
    let found = backend.identity.session(&token(2), NOW).await?;
    let refreshed = domain::identity::Session {
        authenticated_at: after(9),
        ..opened
    };
    assert_eq!(found, Some((refreshed, moderator, Rights::default())));
    Ok(())
}
