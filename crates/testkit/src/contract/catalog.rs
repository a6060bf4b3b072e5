//! Categories inside transactions. Services are in [`super::catalog_services`], and what screens read of both in
//! [`super::listing`].

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::catalog::Service;
use domain::{CategoryId, Money, ServiceId};
use ports::StoreError;
use ports::catalog::{NewService, Unique};

use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, after, name, new_service, saved};

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
        }
    };
}

/// A shop, for its staff, provider and category.
pub(super) async fn shop(backend: &Backend) -> Result<Shop, StoreError> {
    Shop::open(backend.store.as_ref(), Money::ZERO).await
}

pub(super) async fn insert_category(
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

pub(super) async fn insert_service(
    backend: &Backend,
    new: &NewService,
) -> Result<Unique<ServiceId>, StoreError> {
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

pub(super) async fn read_service(backend: &Backend, id: ServiceId) -> Result<Option<Service>, StoreError> {
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
    // Whoever saw the winner's name only through the constraint is told to try again, and nothing else.
    assert!(
        outcomes.iter().all(|outcome| matches!(
            outcome,
            Ok(Unique::Saved(()) | Unique::Taken) | Err(StoreError::Contended)
        )),
        "{outcomes:?}"
    );
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
