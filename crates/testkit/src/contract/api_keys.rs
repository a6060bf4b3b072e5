//! API keys: found by a secret, counted, rotated, stopped.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use domain::api_keys::{ApiKey, CapPeriod, ErrorWords, Networks, Scope, Scopes, SpendCap};
use domain::identity::{Ban, Role, User};
use domain::{ApiKeyId, Money, Timestamp, UserId};
use futures::future::join_all;
use ports::StoreError;
use ports::api_keys::{FoundKey, KeySecret, Spent};
use ports::identity::TokenDigest;

use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, after, sealed_key, user};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! api_keys_contract {
    ($with:ident) => {
        $with! { api_keys:
            a_key_reads_back_as_written_and_is_found_with_its_owner,
            keys_are_listed_newest_first_and_only_to_their_owner,
            a_rotated_key_has_two_secrets_at_most,
            without_an_overlap_every_earlier_secret_is_gone,
            of_orders_that_race_exactly_those_are_counted_that_fit,
            a_day_begins_anew_and_a_late_order_of_yesterday_forgets_nothing,
            what_is_not_capped_or_not_enabled_is_not_counted,
            uses_add_up,
            another_role_stops_keys_and_a_removed_owner_takes_them_along,
            every_key_of_one_user_can_be_disabled,
            a_cap_is_whole_or_not_there,
        }
    };
}

fn key(n: u32, owner: &User) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(format!("key{n}")),
        user: owner.id.clone(),
        name: format!("Key {n}"),
        scopes: Scopes::every(),
        networks: Networks::default(),
        expires_at: None,
        cap: None,
        spent: Money::ZERO,
        spent_from: Timestamp::EPOCH,
        requests_per_minute: 60,
        enabled: true,
        words: ErrorWords::English,
        orders_by_get: false,
        uses: 0,
        last_used_at: None,
        created_at: after(u64::from(n)),
        updated_at: after(u64::from(n)),
    }
}

fn capped(n: u32, owner: &User, micros: i64, period: CapPeriod) -> ApiKey {
    let amount = Money::from_micros(micros);
    key(n, owner).capped(Some(SpendCap { amount, period }), NOW)
}

fn secret(n: u32) -> KeySecret {
    KeySecret {
        public_id: format!("public{n}"),
        digest: TokenDigest(format!("{n:064x}")),
        sealed: sealed_key(n),
        created_at: NOW,
        ends_at: None,
    }
}

async fn with(backend: &Backend, keys: &[ApiKey]) -> Result<User, StoreError> {
    let owner = user(1);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&owner).await?;
    for (n, key) in (1..).zip(keys) {
        tx.api_keys().insert(key, &secret(n)).await?;
    }
    tx.commit().await?;
    Ok(owner)
}

async fn found(backend: &Backend, n: u32) -> Result<Option<FoundKey>, StoreError> {
    backend.api_keys.by_public_id(&format!("public{n}")).await
}

/// Counts in a transaction of its own; made again if another one was in the way.
async fn spend(backend: &Backend, key: &ApiKey, micros: i64, now: Timestamp) -> Result<Spent, StoreError> {
    loop {
        let attempt = async {
            let mut tx = backend.store.begin().await?;
            let spent = tx
                .api_keys()
                .spend(&key.id, Money::from_micros(micros), now)
                .await?;
            tx.commit().await?;
            Ok(spent)
        };
        match attempt.await {
            Err(StoreError::Contended) => {}
            outcome => return outcome,
        }
    }
}

pub async fn a_key_reads_back_as_written_and_is_found_with_its_owner(backend: &Backend) -> Case {
    let whole = ApiKey {
        scopes: Scopes::of([Scope::Balance, Scope::OrdersRead]).expect("there are two"),
        networks: Networks::parse(["192.0.2.0/24", "2001:db8::/32"]).expect("they are networks"),
        expires_at: Some(after(60)),
        words: ErrorWords::Codes,
        orders_by_get: true,
        ..capped(2, &user(1), 7, CapPeriod::Day)
    };
    let owner = with(backend, &[key(1, &user(1)), whole.clone()]).await?;
    let expected = FoundKey {
        key: whole.clone(),
        owner: owner.clone(),
        digest: secret(2).digest,
        ends_at: None,
    };
    assert_eq!(found(backend, 2).await?, Some(expected));
    assert_eq!(found(backend, 3).await?, None);
    // What stops its owner is for the use case to see.
    let banned = User {
        ban: Some(Ban {
            reason: None,
            until: None,
        }),
        ..owner.clone()
    };
    let edited = ApiKey {
        name: "Another".to_owned(),
        enabled: false,
        ..whole.clone().capped(None, NOW)
    };
    let mut tx = backend.store.begin().await?;
    tx.identity().save_user(&banned).await?;
    let locked = tx.api_keys().lock(&owner.id, &whole.id).await?;
    assert_eq!(locked, Some(whole.clone()));
    let stranger = UserId::new("stranger");
    assert_eq!(tx.api_keys().lock(&stranger, &whole.id).await?, None);
    tx.api_keys().save(&edited).await?;
    tx.commit().await?;
    let found = found(backend, 2).await?.expect("it is there");
    assert_eq!((found.key, found.owner), (edited, banned));
    Ok(())
}

pub async fn keys_are_listed_newest_first_and_only_to_their_owner(backend: &Backend) -> Case {
    let (one, two) = (key(1, &user(1)), key(2, &user(1)));
    let owner = with(backend, &[one.clone(), two.clone()]).await?;
    let listed = backend.api_keys.keys_of(&owner.id).await?;
    assert_eq!(listed, [(two, secret(2)), (one.clone(), secret(1))]);
    let stranger = UserId::new("stranger");
    assert_eq!(backend.api_keys.keys_of(&stranger).await?, []);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.api_keys().count(&owner.id).await?, 2);
    assert!(!tx.api_keys().delete(&stranger, &one.id).await?);
    assert!(tx.api_keys().delete(&owner.id, &one.id).await?);
    assert!(!tx.api_keys().delete(&owner.id, &one.id).await?);
    assert_eq!(tx.api_keys().count(&owner.id).await?, 1);
    tx.commit().await?;
    assert_eq!(found(backend, 1).await?, None, "its secret went with it");
    Ok(())
}

pub async fn a_rotated_key_has_two_secrets_at_most(backend: &Backend) -> Case {
    let key = key(1, &user(1));
    let owner = with(backend, std::slice::from_ref(&key)).await?;
    let rotate = async |n, ends: Timestamp, now| {
        let mut tx = backend.store.begin().await?;
        let rotated = tx.api_keys().rotate(&key.id, &secret(n), ends, now).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(rotated)
    };
    assert!(rotate(2, after(60), NOW).await?);
    assert_eq!(
        found(backend, 1).await?.expect("it is there").ends_at,
        Some(after(60))
    );
    assert_eq!(found(backend, 2).await?.expect("it is there").ends_at, None);
    let listed = backend.api_keys.keys_of(&owner.id).await?;
    assert_eq!(listed, [(key.clone(), secret(2))], "the latest one is shown");
    assert!(!rotate(3, after(120), after(59)).await?, "there are two");
    assert!(found(backend, 1).await?.is_some() && found(backend, 3).await?.is_none());
    assert!(rotate(3, after(120), after(60)).await?, "the first one has ended");
    assert!(found(backend, 1).await?.is_none());
    assert_eq!(
        found(backend, 2).await?.expect("it is there").ends_at,
        Some(after(120))
    );
    Ok(())
}

pub async fn without_an_overlap_every_earlier_secret_is_gone(backend: &Backend) -> Case {
    let key = key(1, &user(1));
    with(backend, std::slice::from_ref(&key)).await?;
    let mut tx = backend.store.begin().await?;
    assert!(tx.api_keys().rotate(&key.id, &secret(2), after(60), NOW).await?);
    assert!(tx.api_keys().rotate(&key.id, &secret(3), NOW, NOW).await?);
    tx.commit().await?;
    assert!(found(backend, 1).await?.is_none() && found(backend, 2).await?.is_none());
    assert!(found(backend, 3).await?.is_some());
    Ok(())
}

pub async fn of_orders_that_race_exactly_those_are_counted_that_fit(backend: &Backend) -> Case {
    // Seven of 15 fit into 110.
    let key = capped(1, &user(1), 110, CapPeriod::Total);
    with(backend, std::slice::from_ref(&key)).await?;
    let outcomes = join_all((0..20).map(|_| spend(backend, &key, 15, NOW))).await;
    let (mut counted, mut too_much) = (0, 0);
    for outcome in outcomes {
        match outcome? {
            Spent::Counted => counted += 1,
            Spent::TooMuch { left } => {
                assert!(left < Money::from_micros(15), "{left}");
                too_much += 1;
            }
            Spent::Stopped => panic!("the key is enabled"),
        }
    }
    assert_eq!((counted, too_much), (7, 13));
    let key = found(backend, 1).await?.expect("it is there").key;
    assert_eq!(key.spent, Money::from_micros(105));
    assert_eq!(spend(backend, &key, 5, NOW).await?, Spent::Counted);
    let left = Money::ZERO;
    assert_eq!(spend(backend, &key, 1, NOW).await?, Spent::TooMuch { left });
    Ok(())
}

pub async fn a_day_begins_anew_and_a_late_order_of_yesterday_forgets_nothing(backend: &Backend) -> Case {
    let key = capped(1, &user(1), 100, CapPeriod::Day);
    with(backend, std::slice::from_ref(&key)).await?;
    let tomorrow = CapPeriod::Day.began(NOW.plus(Duration::from_hours(24)));
    let tonight = tomorrow.minus(Duration::from_micros(1));
    let left = |micros| Spent::TooMuch {
        left: Money::from_micros(micros),
    };
    assert_eq!(spend(backend, &key, 100, NOW).await?, Spent::Counted);
    assert_eq!(spend(backend, &key, 1, tonight).await?, left(0));
    assert_eq!(spend(backend, &key, 60, tomorrow).await?, Spent::Counted);
    assert_eq!(spend(backend, &key, 60, tonight).await?, left(40));
    assert_eq!(spend(backend, &key, 40, tonight).await?, Spent::Counted);
    assert_eq!(spend(backend, &key, 1, tomorrow).await?, left(0));
    Ok(())
}

pub async fn what_is_not_capped_or_not_enabled_is_not_counted(backend: &Backend) -> Case {
    let owner = user(1);
    let disabled = ApiKey {
        enabled: false,
        ..capped(2, &owner, 100, CapPeriod::Total)
    };
    let free = key(1, &owner);
    with(backend, &[free.clone(), disabled.clone()]).await?;
    let most = 1_000_000_000_000_000_000;
    assert_eq!(spend(backend, &free, most, NOW).await?, Spent::Counted);
    assert_eq!(found(backend, 1).await?.expect("it is there").key, free);
    assert_eq!(spend(backend, &disabled, 1, NOW).await?, Spent::Stopped);
    let gone = key(3, &owner);
    assert_eq!(spend(backend, &gone, 1, NOW).await?, Spent::Stopped);
    Ok(())
}

pub async fn uses_add_up(backend: &Backend) -> Case {
    let key = key(1, &user(1));
    with(backend, std::slice::from_ref(&key)).await?;
    for (uses, at) in [(3, after(70)), (2, after(60))] {
        let mut tx = backend.store.begin().await?;
        tx.api_keys().note_uses(&key.id, uses, at).await?;
        tx.commit().await?;
    }
    let used = ApiKey {
        uses: 5,
        last_used_at: Some(after(70)),
        ..key
    };
    assert_eq!(found(backend, 1).await?.expect("it is there").key, used);
    Ok(())
}

pub async fn another_role_stops_keys_and_a_removed_owner_takes_them_along(backend: &Backend) -> Case {
    let key = key(1, &user(1));
    let owner = with(backend, std::slice::from_ref(&key)).await?;
    let mut tx = backend.store.begin().await?;
    tx.identity().save_user(&owner).await?;
    tx.commit().await?;
    assert_eq!(found(backend, 1).await?.expect("it is there").key, key);
    let mut tx = backend.store.begin().await?;
    let staff = User {
        role: Role::Moderator,
        ..owner.clone()
    };
    tx.identity().save_user(&staff).await?;
    tx.commit().await?;
    assert!(!found(backend, 1).await?.expect("it is there").key.enabled);
    let mut tx = backend.store.begin().await?;
    tx.identity().retire_user(&staff.anonymised(after(1))).await?;
    assert_eq!(tx.api_keys().count(&owner.id).await?, 0);
    tx.commit().await?;
    assert_eq!(found(backend, 1).await?, None);
    Ok(())
}

pub async fn every_key_of_one_user_can_be_disabled(backend: &Backend) -> Case {
    let keys = [key(1, &user(1)), key(2, &user(1))];
    let owner = with(backend, &keys).await?;
    let mut tx = backend.store.begin().await?;
    let nobody = UserId::new("nobody");
    assert_eq!(tx.api_keys().disable_all(&nobody, after(9)).await?, 0);
    assert_eq!(tx.api_keys().disable_all(&owner.id, after(9)).await?, 2);
    assert_eq!(tx.api_keys().disable_all(&owner.id, after(9)).await?, 0);
    tx.commit().await?;
    for (key, _) in backend.api_keys.keys_of(&owner.id).await? {
        assert_eq!((key.enabled, key.updated_at), (false, after(9)));
    }
    Ok(())
}

pub async fn a_cap_is_whole_or_not_there(backend: &Backend) -> Case {
    let owner = user(1);
    with(backend, &[]).await?;
    let nothing = capped(1, &owner, 0, CapPeriod::Total);
    let mut tx = backend.store.begin().await?;
    let refused = tx.api_keys().insert(&nothing, &secret(1)).await;
    conflicts(refused, "api_keys_cap");
    Ok(())
}
