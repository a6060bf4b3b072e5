//! Categories and services.

use async_trait::async_trait;
use domain::catalog::{Availability, CatalogChange, Category, Offer, QuantityRange, Service, ServiceType};
use domain::orders::NewOrder;
use domain::providers::PackageRate;
use domain::text::Name;
use domain::{CategoryId, PageSize, ProviderId, Rate, ServiceId, Timestamp, UserId};

use crate::store::StoreError;

/// A service to be added, bound to a provider's service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewService {
    /// Who delivers it.
    pub provider: ProviderId,
    /// The provider's id of it.
    pub upstream_id: String,
    /// Display name.
    pub name: Name,
    /// What kind of order it takes.
    pub service_type: ServiceType,
    /// The provider's price.
    pub rate: Rate,
    /// What we add to it.
    pub profit: Option<Rate>,
    /// How much one order may ask for.
    pub quantity: QuantityRange,
    /// Whether the provider spreads deliveries on request.
    pub dripfeed: bool,
    /// Whether the provider refills what drops.
    pub refill: bool,
    /// Whether the provider cancels on request.
    pub cancel: bool,
    /// Where it is listed.
    pub category: CategoryId,
    /// Text for customers.
    pub description: Option<String>,
    /// Who added it.
    pub created_by: UserId,
}

/// What became of a row whose name or upstream id must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique<T> {
    /// Recorded.
    Saved(T),
    /// Another row has the name or id; nothing changed.
    Taken,
    /// There is no such row to change.
    Missing,
}

/// The catalogue inside a transaction. Whatever changes what the world sees of a service is told by the feed of changes in
/// the same transaction, without being asked to.
#[async_trait]
pub trait CatalogRepository: Send {
    /// Adds a category. Names are unique among categories that are not archived.
    async fn insert_category(
        &mut self,
        name: &Name,
        by: &UserId,
        now: Timestamp,
    ) -> Result<Unique<CategoryId>, StoreError>;

    /// The category with this name that is not archived, created if there is none.
    async fn ensure_category(
        &mut self,
        name: &Name,
        by: &UserId,
        now: Timestamp,
    ) -> Result<CategoryId, StoreError>;

    /// Renames a category.
    async fn rename_category(
        &mut self,
        id: CategoryId,
        name: &Name,
        now: Timestamp,
    ) -> Result<Unique<()>, StoreError>;

    /// Archives a category and moves its services to `into`. `false` if there is none.
    async fn archive_category(
        &mut self,
        id: CategoryId,
        into: CategoryId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Adds a service. `upstream_id` is unique per provider among services that are not archived.
    async fn insert_service(
        &mut self,
        service: &NewService,
        now: Timestamp,
    ) -> Result<Unique<ServiceId>, StoreError>;

    /// Reads a service that is not archived and locks its row until the transaction ends.
    async fn lock_service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// Writes a service over its row.
    async fn update_service(&mut self, service: &Service) -> Result<(), StoreError>;

    /// Hides, shows or archives a service, whatever the synchronisation said of it before. `false` if there is none.
    async fn set_service_availability(
        &mut self,
        id: ServiceId,
        availability: Availability,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Reads a provider's services with these upstream ids that are not archived, by id, and locks their rows until the
    /// transaction ends.
    async fn lock_services_of(
        &mut self,
        provider: ProviderId,
        upstream_ids: &[String],
    ) -> Result<Vec<Service>, StoreError>;

    /// Writes the rates of a provider's packages anew, as they are if what it lists is the price of this from now on and was
    /// that of the other before. Rounded up; a rate that would not fit becomes the largest that does.
    async fn reprice_packages(
        &mut self,
        provider: ProviderId,
        listed: PackageRate,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Puts categories in this order, before all others, which are ordered by name. `false` if one of them is not there;
    /// then nothing must be committed.
    async fn arrange_categories(&mut self, order: &[CategoryId], now: Timestamp) -> Result<bool, StoreError>;

    /// Whether the services and their providers are still what each of these new orders was decided on: everything that
    /// its price, cost and words come from, and whether it may be ordered at all.
    async fn still_offers(&mut self, orders: &[NewOrder]) -> Result<bool, StoreError>;
}

/// A service with the names around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceView {
    /// The service.
    pub service: Service,
    /// Its category's name.
    pub category_name: String,
    /// Who added it.
    pub created_by: UserId,
}

/// A category with what staff pages show of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryView {
    /// The category.
    pub category: Category,
    /// Who added it.
    pub created_by: UserId,
}

/// A category with its services, as customers see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryListing {
    /// The category.
    pub category: Category,
    /// Its services that can be ordered.
    pub services: Vec<Service>,
}

/// The catalogue for reading. Archived rows never appear.
#[async_trait]
pub trait CatalogQueries: Send + Sync {
    /// A service by id.
    async fn service(&self, id: ServiceId) -> Result<Option<ServiceView>, StoreError>;

    /// What orders of these services are decided on, in no order, without the texts for customers.
    async fn offers(&self, ids: &[ServiceId]) -> Result<Vec<Offer>, StoreError>;

    /// Every service of a provider that is not archived, newest first, at most 10,000.
    async fn services(&self) -> Result<Vec<ServiceView>, StoreError>;

    /// A provider's services by upstream id, at most 20,000.
    async fn services_of(&self, provider: ProviderId) -> Result<Vec<Service>, StoreError>;

    /// Which of these upstream ids staff have removed from our services of the provider.
    async fn removed_of(
        &self,
        provider: ProviderId,
        upstream_ids: &[String],
    ) -> Result<Vec<String>, StoreError>;

    /// Every category, those that staff put in an order first and the others by name, at most 1,000.
    async fn categories(&self) -> Result<Vec<CategoryView>, StoreError>;

    /// What customers can order: active services of active providers in active categories other than
    /// `Uncategorized` that are not sold at a loss, with empty categories; categories as in [`CatalogQueries::categories`],
    /// services by id; at most 10,000 services.
    async fn listing(&self) -> Result<Vec<CategoryListing>, StoreError>;

    /// What [`CatalogQueries::version`] found a moment ago, if nothing was changed through this process since. What another
    /// process changed is known a quarter of a second later at most.
    fn known_version(&self) -> Option<i64> {
        None
    }

    /// A number that grows with every change of what the world sees of the catalogue.
    async fn version(&self) -> Result<i64, StoreError>;

    /// Lines of the feed above number `since`, in their order. A line that was committed later never has a smaller
    /// number.
    async fn changes(&self, since: i64, size: PageSize) -> Result<Vec<CatalogChange>, StoreError>;
}
