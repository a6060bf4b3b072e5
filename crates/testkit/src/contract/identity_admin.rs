//! Users in the hands of staff: locks, lists, sessions, and what is left of whoever was removed.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::PageSize;
use domain::identity::{Ban, Role, Session, User};
use domain::text::Email;
use ports::StoreError;
use ports::orders::Inserted;
use ports::users::{Comparison, Direction, Place, UserField, UserFilter, UserList, UserSearch, UserValue};

use super::{Backend, Case};
use crate::fixtures::{NOW, admin, after, name, session, token, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! identity_admin_contract {
    ($with:ident) => {
        $with! { identity_admin:
            a_locked_user_comes_with_the_hash_and_is_written_back_whole,
            administrators_who_can_act_are_locked_and_no_others,
            of_two_who_take_the_office_from_each_other_one_keeps_it,
            a_removed_user_is_found_nowhere_and_the_address_is_free,
            a_users_sessions_are_listed_newest_first_and_end_together,
            a_session_ends_by_its_id_for_its_user_only,
            users_are_listed_newest_first_and_page_by_page,
            users_are_found_by_a_part_of_a_name_or_an_address,
            users_are_filtered_by_every_kind_of_field,
        }
    };
}

async fn insert(backend: &Backend, users: &[User]) -> Case {
    let mut tx = backend.store.begin().await?;
    for user in users {
        assert_eq!(tx.identity().insert_user(user).await?, Inserted::New);
    }
    tx.commit().await
}

/// The newest hundred.
const EVERYBODY: UserList = UserList {
    search: None,
    filter: None,
    sort: (UserField::CreatedAt, Direction::Descending),
    limit: PageSize::DEFAULT,
    offset: 0,
};

async fn ids(backend: &Backend, list: &UserList) -> Result<Vec<String>, StoreError> {
    let page = backend.identity.users(list).await?;
    Ok(page.users.into_iter().map(|user| user.id.to_string()).collect())
}

fn expected(numbers: &[u32]) -> Vec<String> {
    numbers.iter().map(|n| user_id(*n).to_string()).collect()
}

pub async fn a_locked_user_comes_with_the_hash_and_is_written_back_whole(backend: &Backend) -> Case {
    let ann = user(1);
    insert(backend, &[ann.clone(), user(2)]).await?;
    let mut tx = backend.store.begin().await?;
    let locked = tx
        .identity()
        .lock_user(&ann.id)
        .await?
        .expect("the user is there");
    assert_eq!((locked.user, locked.password_hash), (ann.clone(), None));
    tx.identity()
        .set_password("account", &ann.id, "hash", NOW)
        .await?;
    let locked = tx
        .identity()
        .lock_user(&ann.id)
        .await?
        .expect("the user is there");
    assert_eq!(locked.password_hash.as_deref(), Some("hash"));
    assert_eq!(tx.identity().lock_user(&user_id(9)).await?, None);
    let changed = User {
        name: name("Ann the second"),
        email: Email::from_stored("second@example.com"),
        email_verified: true,
        image: Some("https://example.com/a.png".to_owned()),
        role: Role::Moderator,
        ban: Some(Ban {
            reason: Some("spam".to_owned()),
            until: Some(after(60)),
        }),
        updated_at: after(1),
        ..ann
    };
    tx.identity().save_user(&changed).await?;
    tx.commit().await?;
    assert_eq!(backend.identity.user(&changed.id).await?, Some(changed));
    assert_eq!(backend.identity.user(&user_id(2)).await?, Some(user(2)));
    Ok(())
}

pub async fn administrators_who_can_act_are_locked_and_no_others(backend: &Backend) -> Case {
    let banned = |n, until| User {
        ban: Some(Ban { reason: None, until }),
        ..admin(n)
    };
    let moderator = User {
        role: Role::Moderator,
        ..user(5)
    };
    let people = [
        admin(2),
        admin(1),
        banned(3, None),
        banned(4, Some(after(60))),
        moderator,
        user(6),
        admin(7),
    ];
    insert(backend, &people).await?;
    let mut tx = backend.store.begin().await?;
    tx.identity().retire_user(&admin(7).anonymised(NOW)).await?;
    assert_eq!(
        tx.identity().lock_admins(after(59)).await?,
        [user_id(1), user_id(2)]
    );
    assert_eq!(
        tx.identity().lock_admins(after(60)).await?,
        [user_id(1), user_id(2), user_id(4)]
    );
    tx.commit().await
}

pub async fn of_two_who_take_the_office_from_each_other_one_keeps_it(backend: &Backend) -> Case {
    insert(backend, &[admin(1), admin(2)]).await?;
    let depose = |n: u32| async move {
        let mut tx = backend.store.begin().await?;
        if tx.identity().lock_admins(NOW).await?.len() == 1 {
            return Ok::<_, StoreError>(false);
        }
        let locked = tx
            .identity()
            .lock_user(&user_id(n))
            .await?
            .expect("the user is there");
        let customer = User {
            role: Role::User,
            ..locked.user
        };
        tx.identity().save_user(&customer).await?;
        tx.commit().await?;
        Ok(true)
    };
    let (first, second) = futures::future::try_join(depose(1), depose(2)).await?;
    assert!(first != second, "both were deposed, or none");
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.identity().lock_admins(NOW).await?.len(), 1);
    tx.commit().await
}

pub async fn a_removed_user_is_found_nowhere_and_the_address_is_free(backend: &Backend) -> Case {
    let (ann, bob) = (user(1), user(2));
    insert(backend, &[ann.clone(), bob.clone()]).await?;
    let mut tx = backend.store.begin().await?;
    for (n, owner) in [(1, &ann), (2, &bob)] {
        let account = format!("account-{n}");
        tx.identity()
            .set_password(&account, &owner.id, "hash", NOW)
            .await?;
        tx.identity()
            .insert_session(&session(n, &owner.id), &token(n))
            .await?;
    }
    tx.wallets().create(&ann.id, NOW).await?;
    let removed = ann.anonymised(after(1));
    tx.identity().retire_user(&removed).await?;
    tx.commit().await?;
    assert_eq!(backend.identity.user(&ann.id).await?, None);
    for email in [&ann.email, &removed.email] {
        assert_eq!(backend.identity.credentials(email).await?, None);
    }
    assert_eq!(backend.identity.session(&token(1), NOW).await?, None);
    assert_eq!(ids(backend, &EVERYBODY).await?, expected(&[2]));
    assert!(
        backend.wallets.wallet(&ann.id).await?.is_some(),
        "the money stays where it was"
    );
    assert!(backend.identity.session(&token(2), NOW).await?.is_some());
    let found = backend
        .identity
        .credentials(&bob.email)
        .await?
        .expect("the other one");
    assert_eq!(found.password_hash.as_deref(), Some("hash"));
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.identity().lock_user(&ann.id).await?, None);
    let newcomer = User {
        email: ann.email.clone(),
        ..user(3)
    };
    assert_eq!(tx.identity().insert_user(&newcomer).await?, Inserted::New);
    tx.commit().await
}

pub async fn a_users_sessions_are_listed_newest_first_and_end_together(backend: &Backend) -> Case {
    let (ann, bob, staff) = (user(1), user(2), admin(3));
    insert(backend, &[ann.clone(), bob.clone(), staff.clone()]).await?;
    let older = session(1, &ann.id);
    let newer = Session {
        created_at: after(5),
        ..session(2, &ann.id)
    };
    let acting = Session {
        impersonated_by: Some(staff.id.clone()),
        ..session(3, &bob.id)
    };
    let of_bob = session(4, &bob.id);
    let mut tx = backend.store.begin().await?;
    for (n, session) in [&older, &newer, &acting, &of_bob].into_iter().enumerate() {
        let digest = token(u32::try_from(n).expect("a few"));
        tx.identity().insert_session(session, &digest).await?;
    }
    tx.commit().await?;
    let listed = backend.identity.sessions_of(&ann.id, NOW).await?;
    assert_eq!(listed, [newer.clone(), older.clone()]);
    assert_eq!(backend.identity.sessions_of(&ann.id, older.expires_at).await?, []);
    let found = backend
        .identity
        .session(&token(2), NOW)
        .await?
        .map(|(found, ..)| found);
    assert_eq!(found, Some(acting));
    let mut tx = backend.store.begin().await?;
    assert_eq!(
        tx.identity().delete_sessions_of(&ann.id, Some(&newer.id)).await?,
        1
    );
    assert_eq!(tx.identity().delete_sessions_of(&staff.id, None).await?, 1);
    tx.commit().await?;
    assert_eq!(backend.identity.sessions_of(&ann.id, NOW).await?, [newer]);
    assert_eq!(backend.identity.sessions_of(&bob.id, NOW).await?, [of_bob]);
    Ok(())
}

pub async fn a_session_ends_by_its_id_for_its_user_only(backend: &Backend) -> Case {
    let (ann, bob) = (user(1), user(2));
    insert(backend, &[ann.clone(), bob.clone()]).await?;
    let (first, second) = (session(1, &ann.id), session(2, &ann.id));
    let mut tx = backend.store.begin().await?;
    let identity = tx.identity();
    identity.insert_session(&first, &token(1)).await?;
    identity.insert_session(&second, &token(2)).await?;
    // Both of what a session is known by name its owner, and one that is not there has none.
    let (unknown, elsewhere) = (session(9, &ann.id).id, token(9));
    let owners = [
        (
            identity.owner_of_session(&first.id, &elsewhere).await?,
            Some(&ann.id),
        ),
        (
            identity.owner_of_session(&unknown, &token(2)).await?,
            Some(&ann.id),
        ),
        (identity.owner_of_session(&unknown, &elsewhere).await?, None),
    ];
    for (owner, expected) in &owners {
        assert_eq!(owner.as_ref(), *expected);
    }
    assert!(!identity.delete_session_by_id(&first.id, Some(&bob.id)).await?);
    assert!(identity.delete_session_by_id(&first.id, Some(&ann.id)).await?);
    assert!(!identity.delete_session_by_id(&first.id, Some(&ann.id)).await?);
    assert!(identity.delete_session_by_id(&second.id, None).await?);
    tx.commit().await?;
    assert_eq!(backend.identity.sessions_of(&ann.id, NOW).await?, []);
    Ok(())
}

pub async fn users_are_listed_newest_first_and_page_by_page(backend: &Backend) -> Case {
    let people: Vec<User> = (1..=5)
        .map(|n| User {
            created_at: after(u64::from(n / 2)),
            ..user(n)
        })
        .collect();
    insert(backend, &people).await?;
    assert_eq!(ids(backend, &EVERYBODY).await?, expected(&[5, 4, 3, 2, 1]));
    let page = |offset| UserList {
        limit: PageSize::new(2).expect("a page"),
        offset,
        ..EVERYBODY
    };
    assert_eq!(ids(backend, &page(0)).await?, expected(&[5, 4]));
    assert_eq!(ids(backend, &page(2)).await?, expected(&[3, 2]));
    assert_eq!(ids(backend, &page(4)).await?, expected(&[1]));
    assert_eq!(backend.identity.users(&page(9)).await?.total, 5);
    let by_name = UserList {
        sort: (UserField::Name, Direction::Ascending),
        ..EVERYBODY
    };
    assert_eq!(ids(backend, &by_name).await?, expected(&[1, 2, 3, 4, 5]));
    Ok(())
}

pub async fn users_are_found_by_a_part_of_a_name_or_an_address(backend: &Backend) -> Case {
    let people = [
        User {
            name: name("100% Ann_Lee"),
            email: Email::from_stored("ann@shop.example"),
            ..user(1)
        },
        User {
            name: name("Bob ann"),
            email: Email::from_stored("bob@example.com"),
            ..user(2)
        },
        User {
            name: name("100x AnnxLee!"),
            email: Email::from_stored("xann@example.com"),
            ..user(3)
        },
    ];
    insert(backend, &people).await?;
    let found = async |field, place, text: &str| {
        let search = UserSearch {
            field,
            place,
            text: text.to_owned(),
        };
        let list = UserList {
            search: Some(search),
            ..EVERYBODY
        };
        ids(backend, &list).await
    };
    use Place::{Anywhere, Beginning, End};
    assert_eq!(found(UserField::Email, Anywhere, "ANN").await?, expected(&[3, 1]));
    assert_eq!(found(UserField::Email, Beginning, "ann").await?, expected(&[1]));
    assert_eq!(
        found(UserField::Email, End, "@example.com").await?,
        expected(&[3, 2])
    );
    assert_eq!(
        found(UserField::Name, Anywhere, "ann").await?,
        expected(&[3, 2, 1])
    );
    assert_eq!(found(UserField::Name, Anywhere, "100%").await?, expected(&[1]));
    assert_eq!(found(UserField::Name, Anywhere, "ann_lee").await?, expected(&[1]));
    assert_eq!(found(UserField::Name, End, "!").await?, expected(&[3]));
    assert_eq!(
        found(UserField::Name, Anywhere, "'; DROP TABLE users; --").await?,
        expected(&[])
    );
    Ok(())
}

pub async fn users_are_filtered_by_every_kind_of_field(backend: &Backend) -> Case {
    let banned = User {
        ban: Some(Ban {
            reason: None,
            until: Some(after(60)),
        }),
        created_at: after(10),
        ..user(3)
    };
    insert(backend, &[user(1), admin(2), banned]).await?;
    let found = async |field, comparison, value| {
        let filter = UserFilter {
            field,
            comparison,
            value,
        };
        let list = UserList {
            filter: Some(filter),
            ..EVERYBODY
        };
        ids(backend, &list).await
    };
    use Comparison::{Above, AtLeast, AtMost, Below, Equal, NotEqual};
    use UserField::{BanExpires, Banned, CreatedAt, EmailVerified, Id};
    use UserValue::{Flag, Text, Time};
    let text = |text: &str| Text(text.to_owned());
    assert_eq!(
        found(UserField::Role, Equal, text("admin")).await?,
        expected(&[2])
    );
    assert_eq!(
        found(UserField::Role, NotEqual, text("admin")).await?,
        expected(&[3, 1])
    );
    assert_eq!(found(Banned, Equal, Flag(true)).await?, expected(&[3]));
    assert_eq!(
        found(EmailVerified, NotEqual, Flag(true)).await?,
        expected(&[3, 2, 1])
    );
    assert_eq!(found(CreatedAt, Above, Time(NOW)).await?, expected(&[3]));
    assert_eq!(found(CreatedAt, AtMost, Time(NOW)).await?, expected(&[2, 1]));
    assert_eq!(found(BanExpires, AtLeast, Time(after(60))).await?, expected(&[3]));
    assert_eq!(found(BanExpires, Below, Time(after(60))).await?, expected(&[]));
    assert_eq!(found(Id, Equal, text(user_id(1).as_str())).await?, expected(&[1]));
    Ok(())
}
