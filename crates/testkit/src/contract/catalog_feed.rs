//! The feed that tells what changed in the catalogue, and the order of categories.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::catalog::{Availability, CatalogChange, ChangeKind, Service, UNCATEGORIZED};
use domain::providers::Provider;
use domain::{CategoryId, PageSize, ServiceId};
use ports::StoreError;

use super::catalog::{insert_category, insert_service, shop};
use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, after, name, new_service, rate, saved};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! catalog_feed_contract {
    ($with:ident) => {
        $with! { catalog_feed:
            a_service_that_can_be_ordered_is_told_with_all_that_is_seen_of_it,
            each_thing_that_changed_is_told_once,
            what_hides_a_service_is_told_whatever_it_was,
            what_is_rolled_back_is_not_told,
            numbers_are_committed_in_their_order,
            the_version_grows_with_every_change_of_what_is_seen,
            the_version_is_known_until_something_is_changed_here,
            the_feed_comes_in_pages_and_cannot_be_changed,
            categories_are_put_in_an_order,
        }
    };
}

pub(super) async fn told(backend: &Backend, since: i64) -> Result<Vec<CatalogChange>, StoreError> {
    backend.catalog.changes(since, PageSize::WHOLE).await
}

pub(super) async fn last(backend: &Backend) -> Result<i64, StoreError> {
    Ok(told(backend, 0).await?.last().map_or(0, |change| change.sequence))
}

pub(super) async fn kinds(backend: &Backend, since: i64) -> Result<Vec<(ServiceId, ChangeKind)>, StoreError> {
    let told = told(backend, since).await?;
    Ok(told.iter().map(|change| (change.service, change.kind)).collect())
}

pub(super) async fn write(backend: &Backend, service: &Service) -> Result<(), StoreError> {
    let mut tx = backend.store.begin().await?;
    tx.catalog().update_service(service).await?;
    tx.commit().await
}

pub(super) async fn write_provider(backend: &Backend, shop: &Shop, availability: Availability) -> Case {
    let provider = Provider {
        availability,
        ..shop.provider.clone()
    };
    let mut tx = backend.store.begin().await?;
    saved(tx.providers().update(&provider).await?);
    tx.commit().await
}

pub async fn a_service_that_can_be_ordered_is_told_with_all_that_is_seen_of_it(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let told = told(backend, 0).await?;
    let [change] = told.as_slice() else {
        panic!("one service was added: {told:?}")
    };
    assert_eq!(
        (change.service, change.kind, change.at),
        (shop.service.id, ChangeKind::New, NOW)
    );
    assert_eq!(change.was, []);
    let became = [
        ("name", "Service 1"),
        ("category", "Instagram"),
        ("type", "Default"),
        ("price", "1"),
        ("min", "10"),
        ("max", "100000"),
        ("dripfeed", "false"),
        ("refill", "true"),
        ("cancel", "true"),
    ];
    assert_eq!(
        change.became,
        became.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    Ok(())
}

pub async fn each_thing_that_changed_is_told_once(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.service.id;
    let mut service = shop.service.clone();
    let since = last(backend).await?;
    service.rate = rate(1_000_000_000);
    service.updated_at = after(1);
    write(backend, &service).await?;
    write(backend, &service).await?;
    service.name = name("Other");
    service.refill = false;
    service.description = Some("not in the feed".to_owned());
    write(backend, &service).await?;
    let expected = [
        (id, ChangeKind::Price),
        (id, ChangeKind::Name),
        (id, ChangeKind::Terms),
    ];
    assert_eq!(kinds(backend, since).await?, expected);
    let told = told(backend, since).await?;
    let price = told.first().expect("the price was told first");
    assert_eq!(price.was, [("price".to_owned(), "1".to_owned())]);
    assert_eq!(price.became, [("price".to_owned(), "1.1".to_owned())]);
    assert_eq!(price.at, after(1));
    Ok(())
}

pub async fn what_hides_a_service_is_told_whatever_it_was(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.service.id;
    let gone_and_back = [(id, ChangeKind::Disabled), (id, ChangeKind::Enabled)];
    let since = last(backend).await?;
    write_provider(backend, &shop, Availability::Disabled).await?;
    write_provider(backend, &shop, Availability::Active).await?;
    assert_eq!(kinds(backend, since).await?, gone_and_back, "the provider");

    let since = last(backend).await?;
    for availability in [Availability::Disabled, Availability::Active] {
        let mut tx = backend.store.begin().await?;
        let set = tx
            .catalog()
            .set_service_availability(id, availability, NOW)
            .await?;
        assert!(set);
        tx.commit().await?;
    }
    assert_eq!(kinds(backend, since).await?, gone_and_back, "the service");

    let since = last(backend).await?;
    let losing = Service {
        fixed_price: Some(rate(1)),
        ..shop.service.clone()
    };
    write(backend, &losing).await?;
    write(
        backend,
        &Service {
            sell_at_loss: true,
            ..losing
        },
    )
    .await?;
    assert_eq!(kinds(backend, since).await?, gone_and_back, "its price");
    write(backend, &shop.service).await?;

    let since = last(backend).await?;
    let mut tx = backend.store.begin().await?;
    let catalog = tx.catalog();
    let hidden = catalog
        .ensure_category(&name(UNCATEGORIZED), &shop.staff.id, NOW)
        .await?;
    assert!(catalog.archive_category(shop.category, hidden, after(2)).await?);
    tx.commit().await?;
    let archived = [(id, ChangeKind::Disabled)];
    assert_eq!(kinds(backend, since).await?, archived, "the category");
    Ok(())
}

pub async fn what_is_rolled_back_is_not_told(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let (since, version) = (last(backend).await?, backend.catalog.version().await?);
    let mut tx = backend.store.begin().await?;
    let service = Service {
        rate: rate(7),
        ..shop.service
    };
    tx.catalog().update_service(&service).await?;
    drop(tx);
    assert_eq!(last(backend).await?, since);
    assert_eq!(backend.catalog.version().await?, version);
    Ok(())
}

/// A reader that follows the feed while many write sees every number once, without a gap.
pub async fn numbers_are_committed_in_their_order(backend: &Backend) -> Case {
    const WRITERS: u32 = 6;
    const EACH: u32 = 5;
    let shop = shop(backend).await?;
    let start = last(backend).await?;
    let writers = futures::future::try_join_all((0..WRITERS).map(|writer| {
        let (by, provider, category) = (&shop.staff.id, shop.provider.id, shop.category);
        async move {
            for n in 0..EACH {
                let new = new_service(100 + writer * EACH + n, provider, category, by);
                saved(insert_service(backend, &new).await?);
            }
            Ok::<_, StoreError>(())
        }
    }));
    let reader = async {
        let mut seen = start;
        while seen < start + i64::from(WRITERS * EACH) {
            for change in told(backend, seen).await? {
                assert_eq!(change.sequence, seen + 1, "a number below it was not there yet");
                seen = change.sequence;
            }
            tokio::task::yield_now().await;
        }
        Ok::<_, StoreError>(())
    };
    futures::future::try_join(writers, reader).await?;
    Ok(())
}

pub async fn the_version_grows_with_every_change_of_what_is_seen(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let mut version = backend.catalog.version().await?;
    let mut grew = async |what: &str| -> Case {
        let now = backend.catalog.version().await?;
        assert!(now > version, "{what}");
        version = now;
        Ok(())
    };
    let category = saved(insert_category(backend, &shop, "TikTok").await?);
    grew("a category").await?;
    let mut tx = backend.store.begin().await?;
    saved(
        tx.catalog()
            .rename_category(category, &name("YouTube"), NOW)
            .await?,
    );
    tx.commit().await?;
    grew("its name").await?;
    let mut tx = backend.store.begin().await?;
    assert!(tx.catalog().arrange_categories(&[category], NOW).await?);
    tx.commit().await?;
    grew("its place").await?;
    let service = Service {
        description: Some("Fast".to_owned()),
        ..shop.service.clone()
    };
    write(backend, &service).await?;
    grew("a description").await?;
    let mut tx = backend.store.begin().await?;
    let there = tx
        .catalog()
        .ensure_category(&name("YouTube"), &shop.staff.id, after(9))
        .await?;
    tx.commit().await?;
    assert_eq!(there, category);
    assert_eq!(backend.catalog.version().await?, version, "it was there");
    Ok(())
}

pub async fn the_version_is_known_until_something_is_changed_here(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    assert_eq!(backend.catalog.known_version(), None, "nobody has looked");
    let version = backend.catalog.version().await?;
    // It counts for a moment only, which a busy machine may take between two lines.
    let known = backend.catalog.known_version();
    assert!(known.is_none_or(|known| known == version), "{known:?}");

    let mut tx = backend.store.begin().await?;
    let new = Service {
        description: Some("Slow".to_owned()),
        ..shop.service.clone()
    };
    tx.catalog().update_service(&new).await?;
    tx.commit().await?;
    assert_eq!(backend.catalog.known_version(), None, "it was changed");
    assert!(backend.catalog.version().await? > version);
    Ok(())
}

pub async fn the_feed_comes_in_pages_and_cannot_be_changed(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    for n in 2..5 {
        let new = new_service(n, shop.provider.id, shop.category, &shop.staff.id);
        saved(insert_service(backend, &new).await?);
    }
    let two = PageSize::new(2).expect("a size");
    let page = backend.catalog.changes(1, two).await?;
    let numbers: Vec<i64> = page.iter().map(|change| change.sequence).collect();
    assert_eq!(numbers, [2, 3]);
    assert_eq!(backend.catalog.changes(4, two).await?, []);
    assert_eq!(backend.catalog.changes(i64::MAX, two).await?, []);
    Ok(())
}

pub async fn categories_are_put_in_an_order(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let youtube = saved(insert_category(backend, &shop, "YouTube").await?);
    let tiktok = saved(insert_category(backend, &shop, "TikTok").await?);
    let arrange = async |order: &[CategoryId]| -> Result<bool, StoreError> {
        let mut tx = backend.store.begin().await?;
        let arranged = tx.catalog().arrange_categories(order, NOW).await?;
        if arranged {
            tx.commit().await?;
        }
        Ok(arranged)
    };
    let names = async || -> Result<[Vec<String>; 2], StoreError> {
        let all = backend.catalog.categories().await?;
        let listed = backend.catalog.listing().await?;
        Ok([
            all.iter().map(|view| view.category.name.to_string()).collect(),
            listed
                .iter()
                .map(|listed| listed.category.name.to_string())
                .collect(),
        ])
    };
    assert!(arrange(&[youtube, tiktok]).await?);
    for names in names().await? {
        assert_eq!(names, ["YouTube", "TikTok", "Instagram"]);
    }
    assert!(arrange(&[shop.category]).await?);
    for names in names().await? {
        assert_eq!(names, ["Instagram", "TikTok", "YouTube"]);
    }
    for wrong in [
        vec![CategoryId(i64::MAX)],
        vec![youtube, youtube],
        vec![youtube, CategoryId(0)],
    ] {
        assert!(!arrange(&wrong).await?, "{wrong:?}");
    }
    for names in names().await? {
        assert_eq!(names, ["Instagram", "TikTok", "YouTube"], "nothing was changed");
    }
    Ok(())
}
