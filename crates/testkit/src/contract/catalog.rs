//! Categories and services inside transactions. What screens read of them is in [`super::listing`].

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::catalog::{Availability, QuantityRange, Service, ServiceType};
use domain::{CategoryId, Money, ServiceId};
use ports::StoreError;
use ports::catalog::{NewService, Unique};

use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, after, name, new_provider, new_service, rate, saved, sealed_key};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! catalog_contract {
    ($with:ident) => {
        $with! { catalog:
            a_category_name_is_taken_until_its_category_is_archived,
            of_racers_for_one_category_name_one_wins,
            a_category_is_renamed_unless_the_name_is_taken,
            of_racers_to_one_new_name_one_wins,
            an_ensured_category_is_created_once,
            racers_that_ensure_a_category_agree_on_it,
            an_archived_category_leaves_its_services_to_another,
            every_field_of_a_service_reads_back_as_written,
            an_upstream_service_is_offered_once_per_provider,
            an_archived_service_frees_its_upstream_id_and_stays_archived,
            a_written_service_keeps_who_added_it_and_when,
            a_service_written_onto_a_taken_upstream_id_is_a_conflict,
            a_locked_service_loses_no_update,
            an_archived_service_cannot_be_locked,
            a_service_of_a_provider_that_is_not_there_is_refused,
        }
    };
}

/// A shop, for its staff, provider and category.
async fn shop(backend: &Backend) -> Result<Shop, StoreError> {
    Shop::open(backend.store.as_ref(), Money::ZERO).await
}

async fn insert_category(
    backend: &Backend,
    shop: &Shop,
    text: &str,
) -> Result<Unique<CategoryId>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let outcome = tx
        .catalog()
        .insert_category(&name(text), &shop.staff.id, NOW)
        .await?;
    tx.commit().await?;
    Ok(outcome)
}

async fn insert_service(backend: &Backend, new: &NewService) -> Result<Unique<ServiceId>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let outcome = tx.catalog().insert_service(new, NOW).await?;
    tx.commit().await?;
    Ok(outcome)
}

async fn category_names(backend: &Backend) -> Result<Vec<String>, StoreError> {
    let categories = backend.catalog.categories().await?;
    Ok(categories
        .iter()
        .map(|view| view.category.name.to_string())
        .collect())
}

async fn read_service(backend: &Backend, id: ServiceId) -> Result<Option<Service>, StoreError> {
    Ok(backend.catalog.service(id).await?.map(|view| view.service))
}

pub async fn a_category_name_is_taken_until_its_category_is_archived(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let first = saved(insert_category(backend, &shop, "TikTok").await?);
    let mut tx = backend.store.begin().await?;
    let catalog = tx.catalog();
    let again = catalog
        .insert_category(&name("TikTok"), &shop.staff.id, after(1))
        .await?;
    assert_eq!(again, Unique::Taken);
    let other = catalog
        .insert_category(&name("YouTube"), &shop.staff.id, after(1))
        .await?;
    assert_ne!(saved(other), first, "the transaction goes on");
    assert!(catalog.archive_category(first, shop.category, after(2)).await?);
    assert!(!catalog.archive_category(first, shop.category, after(3)).await?);
    tx.commit().await?;
    let second = saved(insert_category(backend, &shop, "TikTok").await?);
    assert_ne!(second, first);
    assert_eq!(category_names(backend).await?, ["Instagram", "TikTok", "YouTube"]);
    Ok(())
}

pub async fn of_racers_for_one_category_name_one_wins(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let racers = (0..8).map(|_| insert_category(backend, &shop, "TikTok"));
    let outcomes = futures::future::try_join_all(racers).await?;
    let saved = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Unique::Saved(_)));
    assert_eq!(saved.count(), 1, "{outcomes:?}");
    assert_eq!(category_names(backend).await?, ["Instagram", "TikTok"]);
    Ok(())
}

pub async fn a_category_is_renamed_unless_the_name_is_taken(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let tiktok = saved(insert_category(backend, &shop, "TikTok").await?);
    let youtube = saved(insert_category(backend, &shop, "YouTube").await?);
    let gone = saved(insert_category(backend, &shop, "Gone").await?);
    let mut tx = backend.store.begin().await?;
    let catalog = tx.catalog();
    catalog.archive_category(gone, shop.category, after(1)).await?;
    for (id, text, expected) in [
        (tiktok, "YouTube", Unique::Taken),
        (tiktok, "TikTok", Unique::Saved(())),
        (tiktok, "Gone", Unique::Saved(())),
        (youtube, "TikTok", Unique::Saved(())),
        (gone, "Back", Unique::Missing),
        (gone, "TikTok", Unique::Missing),
        (CategoryId(i64::MAX), "Nobody", Unique::Missing),
    ] {
        let outcome = catalog.rename_category(id, &name(text), after(2)).await?;
        assert_eq!(outcome, expected, "{id} to {text}");
    }
    tx.commit().await?;
    assert_eq!(category_names(backend).await?, ["Gone", "Instagram", "TikTok"]);
    let renamed = backend.catalog.categories().await?;
    let renamed = renamed
        .iter()
        .find(|view| view.category.id == tiktok)
        .expect("the category is there");
    assert_eq!(
        (renamed.category.created_at, renamed.category.updated_at),
        (NOW, after(2))
    );
    Ok(())
}

pub async fn of_racers_to_one_new_name_one_wins(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(saved(insert_category(backend, &shop, &format!("C{n}")).await?));
    }
    let racers = ids.into_iter().map(|id| async move {
        let mut tx = backend.store.begin().await?;
        let outcome = tx.catalog().rename_category(id, &name("Prize"), after(1)).await?;
        tx.commit().await?;
        Ok(outcome)
    });
    let outcomes: Vec<Result<Unique<()>, StoreError>> = futures::future::join_all(racers).await;
    let saved = outcomes
        .iter()
        .filter(|outcome| **outcome == Ok(Unique::Saved(())));
    assert_eq!(saved.count(), 1, "{outcomes:?}");
    let named = category_names(backend).await?;
    assert_eq!(named.iter().filter(|text| *text == "Prize").count(), 1);
    // Whoever saw the winner's name only through the constraint may be told so by an error, and by no other one.
    assert!(outcomes.iter().all(|outcome| matches!(
        outcome,
        Ok(Unique::Saved(()) | Unique::Taken) | Err(StoreError::Conflict { .. })
    )));
    Ok(())
}

pub async fn an_ensured_category_is_created_once(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let mut tx = backend.store.begin().await?;
    let catalog = tx.catalog();
    let by = &shop.staff.id;
    let first = catalog.ensure_category(&name("TikTok"), by, NOW).await?;
    assert_eq!(
        catalog.ensure_category(&name("TikTok"), by, after(1)).await?,
        first
    );
    let known = catalog.ensure_category(&name("Instagram"), by, after(1)).await?;
    assert_eq!(known, shop.category);
    catalog.archive_category(first, shop.category, after(2)).await?;
    let second = catalog.ensure_category(&name("TikTok"), by, after(3)).await?;
    assert_ne!(second, first);
    tx.commit().await?;
    assert_eq!(category_names(backend).await?, ["Instagram", "TikTok"]);
    Ok(())
}

pub async fn racers_that_ensure_a_category_agree_on_it(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let racers = (0..8).map(|_| async {
        let mut tx = backend.store.begin().await?;
        let id = tx
            .catalog()
            .ensure_category(&name("TikTok"), &shop.staff.id, NOW)
            .await?;
        tx.commit().await?;
        Ok::<_, StoreError>(id)
    });
    let mut ids = futures::future::try_join_all(racers).await?;
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(category_names(backend).await?, ["Instagram", "TikTok"]);
    Ok(())
}

pub async fn an_archived_category_leaves_its_services_to_another(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let into = saved(insert_category(backend, &shop, "Uncategorized").await?);
    let elsewhere = saved(insert_category(backend, &shop, "Elsewhere").await?);
    let new = new_service(2, shop.provider.id, elsewhere, &shop.staff.id);
    let untouched = saved(insert_service(backend, &new).await?);
    let mut tx = backend.store.begin().await?;
    assert!(
        tx.catalog()
            .archive_category(shop.category, into, after(1))
            .await?
    );
    assert!(
        !tx.catalog()
            .archive_category(CategoryId(i64::MAX), into, after(1))
            .await?
    );
    tx.commit().await?;
    let moved = read_service(backend, shop.service.id)
        .await?
        .expect("the service is there");
    assert_eq!((moved.category, moved.updated_at), (into, after(1)));
    let untouched = read_service(backend, untouched).await?.expect("it is there");
    assert_eq!((untouched.category, untouched.updated_at), (elsewhere, NOW));
    assert_eq!(category_names(backend).await?, ["Elsewhere", "Uncategorized"]);
    Ok(())
}

pub async fn every_field_of_a_service_reads_back_as_written(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let new = NewService {
        upstream_id: "svc/9 '\"".to_owned(),
        name: name("Žluťoučké \u{1f98a} followers"),
        service_type: ServiceType::Other("custom_comments".to_owned()),
        rate: rate(i64::MAX),
        profit: None,
        quantity: QuantityRange::new(1, QuantityRange::LIMIT).expect("the widest range"),
        dripfeed: true,
        refill: false,
        cancel: false,
        description: Some("two\nlines".to_owned()),
        ..new_service(2, shop.provider.id, shop.category, &shop.staff.id)
    };
    let id = saved(insert_service(backend, &new).await?);
    let view = backend.catalog.service(id).await?.expect("the service is there");
    let expected = Service {
        id,
        provider: new.provider,
        upstream_id: new.upstream_id,
        name: new.name,
        service_type: new.service_type,
        rate: new.rate,
        profit: new.profit,
        quantity: new.quantity,
        dripfeed: new.dripfeed,
        refill: new.refill,
        cancel: new.cancel,
        category: new.category,
        availability: Availability::Active,
        description: new.description,
        created_at: NOW,
        updated_at: NOW,
    };
    assert_eq!(view.service, expected);
    assert_eq!(view.category_name, "Instagram");
    assert_eq!(view.created_by, shop.staff.id);
    assert_eq!(
        read_service(backend, shop.service.id).await?,
        Some(shop.service.clone())
    );
    assert_eq!(read_service(backend, ServiceId(i64::MAX)).await?, None);
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.catalog().lock_service(id).await?, Some(expected));
    Ok(())
}

pub async fn an_upstream_service_is_offered_once_per_provider(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let by = &shop.staff.id;
    let mut tx = backend.store.begin().await?;
    let second = saved(tx.providers().insert(&new_provider(2, by), NOW).await?);
    tx.providers().set_key(second, &sealed_key(2), NOW).await?;
    let twin = new_service(1, shop.provider.id, shop.category, by);
    assert_eq!(tx.catalog().insert_service(&twin, NOW).await?, Unique::Taken);
    let elsewhere = NewService {
        provider: second,
        ..twin
    };
    saved(tx.catalog().insert_service(&elsewhere, NOW).await?);
    tx.commit().await?;
    let racers = (0..8).map(|_| {
        let new = new_service(3, shop.provider.id, shop.category, by);
        async move { insert_service(backend, &new).await }
    });
    let outcomes = futures::future::try_join_all(racers).await?;
    let won = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Unique::Saved(_)));
    assert_eq!(won.count(), 1, "{outcomes:?}");
    assert_eq!(backend.catalog.services_of(shop.provider.id).await?.len(), 2);
    Ok(())
}

pub async fn an_archived_service_frees_its_upstream_id_and_stays_archived(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.service.id;
    let mut tx = backend.store.begin().await?;
    let catalog = tx.catalog();
    for availability in [
        Availability::Disabled,
        Availability::Active,
        Availability::Archived,
    ] {
        assert!(
            catalog
                .set_service_availability(id, availability, after(1))
                .await?
        );
    }
    assert!(
        !catalog
            .set_service_availability(id, Availability::Active, after(2))
            .await?
    );
    let nobody = ServiceId(i64::MAX);
    assert!(
        !catalog
            .set_service_availability(nobody, Availability::Active, after(2))
            .await?
    );
    let again = new_service(1, shop.provider.id, shop.category, &shop.staff.id);
    let second = saved(catalog.insert_service(&again, after(3)).await?);
    tx.commit().await?;
    assert_eq!(read_service(backend, id).await?, None);
    assert!(read_service(backend, second).await?.is_some());
    Ok(())
}

pub async fn a_written_service_keeps_who_added_it_and_when(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let category = saved(insert_category(backend, &shop, "TikTok").await?);
    let mut tx = backend.store.begin().await?;
    let mut service = tx
        .catalog()
        .lock_service(shop.service.id)
        .await?
        .expect("the service is there");
    service.name = name("Renamed");
    service.upstream_id = "77".to_owned();
    service.service_type = ServiceType::Other("poll".to_owned());
    service.rate = rate(1);
    service.profit = None;
    service.quantity = QuantityRange::new(5, 5).expect("a range of one");
    service.dripfeed = true;
    service.refill = false;
    service.cancel = false;
    service.category = category;
    service.availability = Availability::Disabled;
    service.description = Some("why".to_owned());
    service.updated_at = after(9);
    tx.catalog().update_service(&service).await?;
    tx.commit().await?;
    let view = backend
        .catalog
        .service(service.id)
        .await?
        .expect("the service is there");
    assert_eq!(view.service, service);
    assert_eq!(view.service.created_at, NOW);
    assert_eq!(
        (view.category_name.as_str(), &view.created_by),
        ("TikTok", &shop.staff.id)
    );
    Ok(())
}

pub async fn a_service_written_onto_a_taken_upstream_id_is_a_conflict(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let new = new_service(2, shop.provider.id, shop.category, &shop.staff.id);
    saved(insert_service(backend, &new).await?);
    let taken = Service {
        upstream_id: new.upstream_id,
        ..shop.service.clone()
    };
    let mut tx = backend.store.begin().await?;
    let refused = tx.catalog().update_service(&taken).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
    assert_eq!(read_service(backend, shop.service.id).await?, Some(shop.service));
    Ok(())
}

pub async fn a_locked_service_loses_no_update(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.service.id;
    let writers = (0..8).map(|_| async move {
        let mut tx = backend.store.begin().await?;
        let mut service = tx
            .catalog()
            .lock_service(id)
            .await?
            .expect("the service is there");
        service.rate = rate(service.rate.nanos() + 1);
        tx.catalog().update_service(&service).await?;
        tx.commit().await
    });
    futures::future::try_join_all(writers).await?;
    let service = read_service(backend, id).await?.expect("the service is there");
    assert_eq!(service.rate, rate(shop.service.rate.nanos() + 8));
    Ok(())
}

pub async fn an_archived_service_cannot_be_locked(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.service.id;
    let mut tx = backend.store.begin().await?;
    let catalog = tx.catalog();
    catalog
        .set_service_availability(id, Availability::Disabled, NOW)
        .await?;
    assert!(catalog.lock_service(id).await?.is_some());
    catalog
        .set_service_availability(id, Availability::Archived, NOW)
        .await?;
    assert_eq!(catalog.lock_service(id).await?, None);
    assert_eq!(catalog.lock_service(ServiceId(i64::MAX)).await?, None);
    Ok(())
}

pub async fn a_service_of_a_provider_that_is_not_there_is_refused(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let orphan = new_service(2, domain::ProviderId(i64::MAX), shop.category, &shop.staff.id);
    let refused = insert_service(backend, &orphan).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    Ok(())
}
