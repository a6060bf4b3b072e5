//! Services inside transactions.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::catalog::{Availability, ChangeKind, QuantityRange, Service, ServiceType, Stopped};
use domain::providers::PackageRate;
use domain::{PageSize, ProviderId, ServiceId};
use ports::StoreError;
use ports::catalog::{NewService, Unique};

use super::catalog::{insert_category, insert_service, read_service, shop};
use super::{Backend, Case};
use crate::fixtures::{NOW, after, name, new_provider, new_service, rate, saved, sealed_key};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! catalog_services_contract {
    ($with:ident) => {
        $with! { catalog_services:
            every_field_of_a_service_reads_back_as_written,
            an_upstream_service_is_offered_once_per_provider,
            an_archived_service_frees_its_upstream_id_and_stays_archived,
            a_written_service_keeps_who_added_it_and_when,
            a_service_written_onto_a_taken_upstream_id_is_a_conflict,
            a_locked_service_loses_no_update,
            an_archived_service_cannot_be_locked,
            a_service_of_a_provider_that_is_not_there_is_refused,
            packages_get_the_rates_that_their_provider_means,
        }
    };
}

pub async fn every_field_of_a_service_reads_back_as_written(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let new = NewService {
        upstream_id: "svc/9 '\"".to_owned(),
        name: name("Žluťoučké \u{1f98a} followers"),
        service_type: ServiceType::Other("mentions_hashtag".to_owned()),
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
        upstream_name: Some(new.name.to_string()),
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
        fixed_price: None,
        sell_at_loss: false,
        average_time: None,
        stopped: None,
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
    service.fixed_price = Some(rate(i64::MAX));
    service.sell_at_loss = true;
    service.average_time = Some("2 hours".to_owned());
    service.upstream_name = None;
    service.stopped = Some(Stopped::Loss);
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
    let orphan = new_service(2, ProviderId(i64::MAX), shop.category, &shop.staff.id);
    let refused = insert_service(backend, &orphan).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    Ok(())
}

/// The rates of our services, in the order in which they were added.
async fn rates(backend: &Backend, ids: &[ServiceId]) -> Result<Vec<i64>, StoreError> {
    let mut rates = Vec::new();
    for id in ids {
        let view = backend.catalog.service(*id).await?.expect("the service is there");
        rates.push(view.service.rate.nanos());
    }
    Ok(rates)
}

async fn reprice(backend: &Backend, provider: ProviderId, listed: PackageRate) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.catalog().reprice_packages(provider, listed, after(1)).await?;
    tx.commit().await
}

pub async fn packages_get_the_rates_that_their_provider_means(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let mut tx = backend.store.begin().await?;
    let other = saved(
        tx.providers()
            .insert(&new_provider(2, &shop.staff.id), NOW)
            .await?,
    );
    tx.providers().set_key(other, &sealed_key(2), NOW).await?;
    tx.commit().await?;
    let mut ids = vec![shop.service.id];
    for (n, provider, service_type, listed) in [
        (2, shop.provider.id, ServiceType::Package, 900_000_000),
        (3, shop.provider.id, ServiceType::CustomCommentsPackage, 1_001),
        (4, shop.provider.id, ServiceType::CustomComments, 900_000_000),
        (5, shop.provider.id, ServiceType::Package, i64::MAX),
        (6, other, ServiceType::Package, 900_000_000),
    ] {
        let new = NewService {
            service_type,
            rate: rate(listed),
            profit: None,
            ..new_service(n, provider, shop.category, &shop.staff.id)
        };
        ids.push(saved(insert_service(backend, &new).await?));
    }
    let (pieces, package) = (900_000_000, 900_000_000);
    reprice(backend, shop.provider.id, PackageRate::Thousand).await?;
    let largest = 9_223_372_036_854_776;
    let expected = [pieces, 900_000, 2, pieces, largest, package];
    assert_eq!(rates(backend, &ids).await?, expected);
    for (id, expected) in ids.iter().zip([false, true, true, false, true, false]) {
        let view = backend.catalog.service(*id).await?.expect("the service is there");
        assert_eq!(view.service.updated_at == after(1), expected, "{id}");
    }
    // What was rounded up stays up, and what does not fit is as much as fits: no cost becomes lower than it was.
    reprice(backend, shop.provider.id, PackageRate::One).await?;
    let expected = [pieces, 900_000_000, 2_000, pieces, i64::MAX, package];
    assert_eq!(rates(backend, &ids).await?, expected);
    let told = backend.catalog.changes(0, PageSize::WHOLE).await?;
    let told = told.iter().filter(|it| Some(&it.service) == ids.get(1));
    let kinds: Vec<ChangeKind> = told.map(|it| it.kind).collect();
    assert_eq!(kinds, [ChangeKind::New, ChangeKind::Price, ChangeKind::Price]);
    Ok(())
}
