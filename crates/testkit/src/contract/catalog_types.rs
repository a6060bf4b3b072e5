//! The feed of changes and the types of services: what is told of is what is listed.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::collections::BTreeSet;

use domain::ServiceId;
use domain::catalog::{Availability, ChangeKind, Service, ServiceType};
use ports::StoreError;
use ports::catalog::NewService;

use super::catalog::{insert_service, shop};
use super::catalog_feed::{kinds, last, told, write, write_provider};
use super::{Backend, Case};
use crate::fixtures::{new_service, saved};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! catalog_types_contract {
    ($with:ident) => {
        $with! { catalog_types:
            the_feed_tells_of_what_is_listed_whatever_its_type,
            another_type_is_told_and_so_is_what_it_shows_or_hides,
        }
    };
}

/// Whoever follows the feed from its beginning knows what the list shows.
async fn followed(backend: &Backend) -> Result<Vec<ServiceId>, StoreError> {
    let mut shown = BTreeSet::new();
    for change in told(backend, 0).await? {
        match change.kind {
            ChangeKind::Disabled => shown.remove(&change.service),
            ChangeKind::New | ChangeKind::Enabled => shown.insert(change.service),
            _ => continue,
        };
    }
    Ok(shown.into_iter().collect())
}

async fn listed(backend: &Backend) -> Result<Vec<ServiceId>, StoreError> {
    let listing = backend.catalog.listing().await?;
    let services = listing.into_iter().flat_map(|listed| listed.services);
    let mut ids: Vec<_> = services.map(|service| service.id).collect();
    ids.sort_unstable();
    Ok(ids)
}

const TYPES: [ServiceType; 4] = ServiceType::ORDERABLE;

pub async fn the_feed_tells_of_what_is_listed_whatever_its_type(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let poll = ServiceType::Other("Poll".to_owned());
    let mut ids = Vec::new();
    for (n, service_type) in (2..).zip(TYPES.into_iter().chain([poll])) {
        let new = NewService {
            service_type,
            ..new_service(n, shop.provider.id, shop.category, &shop.staff.id)
        };
        ids.push(saved(insert_service(backend, &new).await?));
        assert_eq!(followed(backend).await?, listed(backend).await?);
    }
    assert_eq!(
        followed(backend).await?.len(),
        1 + TYPES.len(),
        "all but the poll"
    );
    let package = ids.get(1).copied().expect("a package");
    let told = told(backend, 0).await?;
    let told = told.iter().find(|change| change.service == package);
    let became = &told.expect("the package is told of").became;
    for (fact, is) in [("type", "Package"), ("min", "1"), ("max", "1"), ("price", "1")] {
        assert!(became.contains(&(fact.to_owned(), is.to_owned())), "{became:?}");
    }
    for availability in [Availability::Disabled, Availability::Active] {
        write_provider(backend, &shop, availability).await?;
        assert_eq!(
            followed(backend).await?,
            listed(backend).await?,
            "{availability:?}"
        );
    }
    Ok(())
}

pub async fn another_type_is_told_and_so_is_what_it_shows_or_hides(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.service.id;
    let since = last(backend).await?;
    for service_type in [
        ServiceType::CustomComments,
        ServiceType::Other("Poll".to_owned()),
        ServiceType::Package,
        ServiceType::Default,
    ] {
        let service = Service {
            service_type,
            ..shop.service.clone()
        };
        write(backend, &service).await?;
        assert_eq!(followed(backend).await?, listed(backend).await?);
    }
    let expected = [
        (id, ChangeKind::Type),
        (id, ChangeKind::Disabled),
        (id, ChangeKind::Enabled),
        (id, ChangeKind::Type),
        // A package is ordered one by one.
        (id, ChangeKind::Limits),
    ];
    assert_eq!(kinds(backend, since).await?, expected);
    let told = told(backend, since).await?;
    let first = told.first().expect("the type was told first");
    assert_eq!(first.was, [("type".to_owned(), "Default".to_owned())]);
    assert_eq!(first.became, [("type".to_owned(), "Custom Comments".to_owned())]);
    Ok(())
}
