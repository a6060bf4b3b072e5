//! Providers and their sealed keys.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::catalog::Availability;
use domain::currency::Currency;
use domain::providers::{LookupCapability, PackageRate, Provider, ProviderBalance, ProviderSettings};
use domain::{Money, ProviderId};
use ports::StoreError;
use ports::catalog::Unique;
use ports::orders::Inserted;
use ports::providers::NewProvider;

use super::{Backend, Case};
use crate::fixtures::{NOW, admin, after, name, new_provider, provider, saved, sealed_key, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! providers_contract {
    ($with:ident) => {
        $with! { providers:
            every_field_of_a_provider_reads_back_as_written,
            a_provider_name_is_taken_until_its_provider_is_archived,
            of_racers_for_one_provider_name_one_wins,
            a_replaced_key_is_the_one_that_is_found,
            an_update_changes_what_staff_may_turn_and_nothing_else,
            an_update_tells_a_taken_name_from_a_missing_provider,
            an_archived_provider_is_found_but_neither_listed_nor_locked,
            a_balance_is_kept_beside_the_settings,
            a_locked_provider_loses_no_update,
            providers_are_listed_newest_first,
        }
    };
}

const STAFF: u32 = 1;

async fn staff(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.identity().insert_user(&admin(STAFF)).await?, Inserted::New);
    tx.commit().await
}

/// Adds the `n`th provider with its key.
async fn added(backend: &Backend, n: u32) -> Result<Provider, StoreError> {
    let by = user_id(STAFF);
    let mut tx = backend.store.begin().await?;
    let id = saved(tx.providers().insert(&new_provider(n, &by), NOW).await?);
    assert!(tx.providers().set_key(id, &sealed_key(n), NOW).await?);
    tx.commit().await?;
    Ok(provider(n, id, &by))
}

async fn update(backend: &Backend, provider: &Provider) -> Result<Unique<()>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let outcome = tx.providers().update(provider).await?;
    tx.commit().await?;
    Ok(outcome)
}

pub async fn every_field_of_a_provider_reads_back_as_written(backend: &Backend) -> Case {
    staff(backend).await?;
    let plain = added(backend, 1).await?;
    let new = NewProvider {
        name: name("O'Hara \u{1f98a}"),
        settings: ProviderSettings {
            lookup: LookupCapability::LinkAndTime,
            requests_per_second: u32::from(u16::MAX),
            exposure_cap: Money::from_micros(i64::MAX),
            package_rate: PackageRate::Thousand,
            currency: Currency::from_stored("INR"),
        },
        ..new_provider(2, &user_id(STAFF))
    };
    let mut tx = backend.store.begin().await?;
    let id = saved(tx.providers().insert(&new, after(1)).await?);
    tx.providers().set_key(id, &sealed_key(2), after(2)).await?;
    tx.commit().await?;
    let expected = Provider {
        name: new.name,
        settings: new.settings,
        created_at: after(1),
        updated_at: after(2),
        ..provider(2, id, &user_id(STAFF))
    };
    assert_eq!(
        backend.providers.find(id).await?,
        Some((expected.clone(), sealed_key(2)))
    );
    assert_eq!(
        backend.providers.find(plain.id).await?,
        Some((plain, sealed_key(1)))
    );
    assert_eq!(backend.providers.find(ProviderId(i64::MAX)).await?, None);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.providers().lock(id).await?, Some(expected));
    Ok(())
}

pub async fn a_provider_name_is_taken_until_its_provider_is_archived(backend: &Backend) -> Case {
    staff(backend).await?;
    let first = added(backend, 1).await?;
    let mut tx = backend.store.begin().await?;
    let twin = new_provider(1, &user_id(STAFF));
    assert_eq!(tx.providers().insert(&twin, NOW).await?, Unique::Taken);
    let archived = Provider {
        availability: Availability::Archived,
        ..first.clone()
    };
    assert_eq!(tx.providers().update(&archived).await?, Unique::Saved(()));
    tx.commit().await?;
    assert_ne!(added(backend, 1).await?.id, first.id);
    Ok(())
}

pub async fn of_racers_for_one_provider_name_one_wins(backend: &Backend) -> Case {
    staff(backend).await?;
    let racers = (0..8).map(|_| async {
        let mut tx = backend.store.begin().await?;
        let new = new_provider(1, &user_id(STAFF));
        let outcome = tx.providers().insert(&new, NOW).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(outcome)
    });
    let outcomes = futures::future::try_join_all(racers).await?;
    let won = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Unique::Saved(_)));
    assert_eq!(won.count(), 1, "{outcomes:?}");
    Ok(())
}

pub async fn a_replaced_key_is_the_one_that_is_found(backend: &Backend) -> Case {
    staff(backend).await?;
    let (rotated, other) = (added(backend, 1).await?, added(backend, 2).await?);
    let mut tx = backend.store.begin().await?;
    let mut key = sealed_key(7);
    key.key_version = 2;
    assert!(tx.providers().set_key(rotated.id, &key, after(1)).await?);
    assert!(
        !tx.providers()
            .set_key(ProviderId(i64::MAX), &key, after(1))
            .await?
    );
    tx.commit().await?;
    let expected = Provider {
        updated_at: after(1),
        ..rotated
    };
    assert_eq!(backend.providers.find(expected.id).await?, Some((expected, key)));
    assert_eq!(
        backend.providers.find(other.id).await?,
        Some((other, sealed_key(2)))
    );
    Ok(())
}

pub async fn an_update_changes_what_staff_may_turn_and_nothing_else(backend: &Backend) -> Case {
    staff(backend).await?;
    let before = added(backend, 1).await?;
    let turned = Provider {
        name: name("Renamed"),
        api_url: "https://elsewhere.example.com/".to_owned(),
        availability: Availability::Disabled,
        settings: ProviderSettings {
            lookup: LookupCapability::Reference,
            requests_per_second: 1,
            exposure_cap: Money::ZERO,
            package_rate: PackageRate::Thousand,
            currency: Currency::from_stored("INR"),
        },
        updated_at: after(5),
        ..before
    };
    // None of these is written by an update.
    let claimed = Provider {
        balance: Some(ProviderBalance {
            amount: "9".to_owned(),
            currency: "EUR".to_owned(),
            at: NOW,
        }),
        created_by: user_id(99),
        created_at: after(99),
        ..turned.clone()
    };
    assert_eq!(update(backend, &claimed).await?, Unique::Saved(()));
    assert_eq!(
        backend.providers.find(turned.id).await?,
        Some((turned, sealed_key(1)))
    );
    Ok(())
}

pub async fn an_update_tells_a_taken_name_from_a_missing_provider(backend: &Backend) -> Case {
    staff(backend).await?;
    let (first, second) = (added(backend, 1).await?, added(backend, 2).await?);
    let taken = Provider {
        name: second.name.clone(),
        ..first.clone()
    };
    let mut tx = backend.store.begin().await?;
    let providers = tx.providers();
    assert_eq!(providers.update(&taken).await?, Unique::Taken);
    let missing = Provider {
        id: ProviderId(i64::MAX),
        ..first.clone()
    };
    assert_eq!(providers.update(&missing).await?, Unique::Missing);
    let unchanged = Provider {
        updated_at: after(1),
        ..first.clone()
    };
    assert_eq!(providers.update(&unchanged).await?, Unique::Saved(()));
    // What leaves the list needs no name of its own.
    let leaving = Provider {
        availability: Availability::Archived,
        ..taken
    };
    assert_eq!(providers.update(&leaving).await?, Unique::Saved(()));
    assert_eq!(
        providers.update(&first).await?,
        Unique::Missing,
        "an archived provider is changed by nobody"
    );
    tx.commit().await?;
    assert_eq!(backend.providers.list().await?, [second]);
    Ok(())
}

pub async fn an_archived_provider_is_found_but_neither_listed_nor_locked(backend: &Backend) -> Case {
    staff(backend).await?;
    let archived = Provider {
        availability: Availability::Archived,
        ..added(backend, 1).await?
    };
    assert_eq!(update(backend, &archived).await?, Unique::Saved(()));
    assert_eq!(backend.providers.list().await?, []);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.providers().lock(archived.id).await?, None);
    drop(tx);
    assert_eq!(
        backend.providers.find(archived.id).await?,
        Some((archived, sealed_key(1)))
    );
    Ok(())
}

pub async fn a_balance_is_kept_beside_the_settings(backend: &Backend) -> Case {
    staff(backend).await?;
    let before = added(backend, 1).await?;
    let balance = ProviderBalance {
        amount: "100.84292".to_owned(),
        currency: "USD".to_owned(),
        at: after(3),
    };
    let mut tx = backend.store.begin().await?;
    let providers = tx.providers();
    assert!(providers.set_balance(before.id, &balance).await?);
    assert!(!providers.set_balance(ProviderId(i64::MAX), &balance).await?);
    assert_eq!(providers.update(&before).await?, Unique::Saved(()));
    tx.commit().await?;
    let expected = Provider {
        balance: Some(balance),
        ..before
    };
    assert_eq!(backend.providers.list().await?, [expected]);
    Ok(())
}

pub async fn a_locked_provider_loses_no_update(backend: &Backend) -> Case {
    staff(backend).await?;
    let before = added(backend, 1).await?;
    let id = before.id;
    let writers = (0..8).map(|_| async move {
        let mut tx = backend.store.begin().await?;
        let mut provider = tx.providers().lock(id).await?.expect("the provider is there");
        provider.settings.requests_per_second += 1;
        assert_eq!(tx.providers().update(&provider).await?, Unique::Saved(()));
        tx.commit().await
    });
    futures::future::try_join_all(writers).await?;
    let (after, _) = backend.providers.find(id).await?.expect("the provider is there");
    let expected = before.settings.requests_per_second + 8;
    assert_eq!(after.settings.requests_per_second, expected);
    Ok(())
}

pub async fn providers_are_listed_newest_first(backend: &Backend) -> Case {
    staff(backend).await?;
    let first = added(backend, 1).await?;
    let second = added(backend, 2).await?;
    let third = added(backend, 3).await?;
    assert_eq!(backend.providers.list().await?, [third, second, first]);
    Ok(())
}
