//! What screens read of the catalogue.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::catalog::{Availability, ServiceType, UNCATEGORIZED};
use domain::providers::Provider;
use domain::{CategoryId, Money, ServiceId};
use ports::StoreError;
use ports::catalog::NewService;

use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, after, name, new_provider, new_service, provider, saved, sealed_key};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! listing_contract {
    ($with:ident) => {
        $with! { listing:
            customers_see_what_can_be_ordered_and_nothing_else,
            an_empty_catalogue_lists_nothing,
            staff_see_every_service_newest_first_but_no_archived_one,
            staff_see_no_service_of_an_archived_provider,
            a_providers_services_come_by_upstream_id,
            categories_come_by_name_ignoring_case,
        }
    };
}

/// Adds to the shop's catalogue in one transaction.
struct Stock<'a> {
    shop: &'a Shop,
    tx: Box<dyn ports::Tx>,
}

impl<'a> Stock<'a> {
    async fn open(backend: &Backend, shop: &'a Shop) -> Result<Self, StoreError> {
        let tx = backend.store.begin().await?;
        Ok(Self { shop, tx })
    }

    async fn category(&mut self, text: &str) -> Result<CategoryId, StoreError> {
        let by = &self.shop.staff.id;
        let outcome = self.tx.catalog().insert_category(&name(text), by, NOW).await?;
        Ok(saved(outcome))
    }

    async fn service(&mut self, new: &NewService) -> Result<ServiceId, StoreError> {
        Ok(saved(self.tx.catalog().insert_service(new, NOW).await?))
    }

    async fn set(&mut self, id: ServiceId, availability: Availability) -> Case {
        let catalog = self.tx.catalog();
        assert!(catalog.set_service_availability(id, availability, NOW).await?);
        Ok(())
    }

    /// A provider that is not used.
    async fn idle_provider(&mut self, n: u32, availability: Availability) -> Result<Provider, StoreError> {
        let by = &self.shop.staff.id;
        let id = saved(self.tx.providers().insert(&new_provider(n, by), NOW).await?);
        self.tx.providers().set_key(id, &sealed_key(n), NOW).await?;
        let idle = Provider {
            availability,
            ..provider(n, id, by)
        };
        saved(self.tx.providers().update(&idle).await?);
        Ok(idle)
    }
}

pub async fn customers_see_what_can_be_ordered_and_nothing_else(backend: &Backend) -> Case {
    let shop = Shop::open(backend.store.as_ref(), Money::ZERO).await?;
    let by = &shop.staff.id;
    let mut stock = Stock::open(backend, &shop).await?;
    let hidden = stock.category(UNCATEGORIZED).await?;
    stock.category("Empty").await?;
    let archived = stock.category("Archived").await?;
    let new = |n, category| new_service(n, shop.provider.id, category, by);
    let later = stock.service(&new(2, shop.category)).await?;
    stock.service(&new(3, hidden)).await?;
    let disabled = stock.service(&new(4, shop.category)).await?;
    stock.set(disabled, Availability::Disabled).await?;
    let gone = stock.service(&new(5, shop.category)).await?;
    stock.set(gone, Availability::Archived).await?;
    let other_type = NewService {
        service_type: ServiceType::Other("poll".to_owned()),
        ..new(6, shop.category)
    };
    stock.service(&other_type).await?;
    for (n, availability) in [(2, Availability::Disabled), (3, Availability::Archived)] {
        let idle = stock.idle_provider(n, availability).await?;
        let new = new_service(n + 5, idle.id, shop.category, by);
        stock.service(&new).await?;
    }
    stock
        .tx
        .catalog()
        .archive_category(archived, hidden, after(1))
        .await?;
    stock.tx.commit().await?;
    let listing = backend.catalog.listing().await?;
    let seen: Vec<(&str, Vec<ServiceId>)> = listing
        .iter()
        .map(|listed| {
            let services = listed.services.iter().map(|service| service.id).collect();
            (listed.category.name.as_str(), services)
        })
        .collect();
    assert_eq!(
        seen,
        [("Empty", vec![]), ("Instagram", vec![shop.service.id, later])]
    );
    let first = listing.iter().flat_map(|listed| &listed.services).next();
    assert_eq!(first, Some(&shop.service));
    Ok(())
}

pub async fn an_empty_catalogue_lists_nothing(backend: &Backend) -> Case {
    assert_eq!(backend.catalog.listing().await?, []);
    assert_eq!(backend.catalog.services().await?, []);
    assert_eq!(backend.catalog.categories().await?, []);
    Ok(())
}

pub async fn staff_see_every_service_newest_first_but_no_archived_one(backend: &Backend) -> Case {
    let shop = Shop::open(backend.store.as_ref(), Money::ZERO).await?;
    let by = &shop.staff.id;
    let mut stock = Stock::open(backend, &shop).await?;
    let hidden = stock.category(UNCATEGORIZED).await?;
    let idle = stock.idle_provider(2, Availability::Disabled).await?;
    let disabled = stock
        .service(&new_service(2, shop.provider.id, shop.category, by))
        .await?;
    stock.set(disabled, Availability::Disabled).await?;
    let gone = stock
        .service(&new_service(3, shop.provider.id, shop.category, by))
        .await?;
    stock.set(gone, Availability::Archived).await?;
    let uncategorized = stock.service(&new_service(4, idle.id, hidden, by)).await?;
    stock.tx.commit().await?;
    let seen: Vec<(ServiceId, String)> = backend
        .catalog
        .services()
        .await?
        .into_iter()
        .map(|view| (view.service.id, view.category_name))
        .collect();
    assert_eq!(
        seen,
        [
            (uncategorized, UNCATEGORIZED.to_owned()),
            (disabled, "Instagram".to_owned()),
            (shop.service.id, "Instagram".to_owned()),
        ]
    );
    Ok(())
}

pub async fn staff_see_no_service_of_an_archived_provider(backend: &Backend) -> Case {
    let shop = Shop::open(backend.store.as_ref(), Money::ZERO).await?;
    let by = &shop.staff.id;
    let mut stock = Stock::open(backend, &shop).await?;
    let gone = stock.idle_provider(2, Availability::Archived).await?;
    let id = stock.service(&new_service(2, gone.id, shop.category, by)).await?;
    stock.tx.commit().await?;
    let listed = backend.catalog.services().await?;
    let seen: Vec<ServiceId> = listed.iter().map(|view| view.service.id).collect();
    assert_eq!(seen, [shop.service.id]);
    let kept = backend.catalog.services_of(gone.id).await?;
    let kept: Vec<ServiceId> = kept.iter().map(|service| service.id).collect();
    assert_eq!(kept, [id], "the row stays where it is");
    Ok(())
}

pub async fn a_providers_services_come_by_upstream_id(backend: &Backend) -> Case {
    let shop = Shop::open(backend.store.as_ref(), Money::ZERO).await?;
    let by = &shop.staff.id;
    let mut stock = Stock::open(backend, &shop).await?;
    for (n, upstream_id) in [(2, "b"), (3, "B"), (4, "99"), (5, "gone")] {
        let new = NewService {
            upstream_id: upstream_id.to_owned(),
            ..new_service(n, shop.provider.id, shop.category, by)
        };
        let id = stock.service(&new).await?;
        if upstream_id == "gone" {
            stock.set(id, Availability::Archived).await?;
        }
    }
    let idle = stock.idle_provider(2, Availability::Disabled).await?;
    stock.service(&new_service(6, idle.id, shop.category, by)).await?;
    stock.tx.commit().await?;
    let services = backend.catalog.services_of(shop.provider.id).await?;
    let ids: Vec<&str> = services
        .iter()
        .map(|service| service.upstream_id.as_str())
        .collect();
    assert_eq!(ids, ["1001", "99", "B", "b"]);
    Ok(())
}

pub async fn categories_come_by_name_ignoring_case(backend: &Backend) -> Case {
    let shop = Shop::open(backend.store.as_ref(), Money::ZERO).await?;
    let mut stock = Stock::open(backend, &shop).await?;
    for text in ["tiktok", "YouTube", "Émile", "Facebook", UNCATEGORIZED] {
        stock.category(text).await?;
    }
    stock.tx.commit().await?;
    let categories = backend.catalog.categories().await?;
    let names: Vec<&str> = categories
        .iter()
        .map(|view| view.category.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Facebook",
            "Instagram",
            "tiktok",
            UNCATEGORIZED,
            "YouTube",
            "Émile"
        ]
    );
    assert!(categories.iter().all(|view| view.created_by == shop.staff.id));
    Ok(())
}
