//! Staff rename a service, set its profit and move it between categories.

use std::sync::Arc;

use domain::catalog::{Availability, Category, Service};
use domain::identity::right::ServicesWrite;
use domain::text::Name;
use domain::{CategoryId, Rate, ServiceId, Timestamp};
use ports::catalog::CatalogQueries;
use ports::{Clock, Store, StoreError};

use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// Which category a service is to be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryChoice {
    /// The one with this id.
    Id(CategoryId),
    /// The one with this name.
    Named(Name),
}

/// The service as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEdit {
    /// Display name.
    pub name: Name,
    /// What is added to the provider's price of 1000.
    pub profit: Rate,
    /// Where it is listed.
    pub category: CategoryChoice,
    /// Whether it is sold; `None` leaves that as it is.
    pub availability: Option<Availability>,
    /// The price that it has whatever the provider's is, or that it has none; `None` leaves that as it is. A price that
    /// stays fixed moves with the profit that is set.
    pub fixed_price: Option<Option<Rate>>,
    /// Whether it is sold even below its cost; `None` leaves that as it is.
    pub sell_at_loss: Option<bool>,
    /// Text for customers; `None` leaves it as it is.
    pub description: Option<Option<String>>,
    /// How long a delivery usually takes; `None` leaves it as it is.
    pub average_time: Option<Option<String>>,
}

impl ServiceEdit {
    /// What the service is afterwards; `None` if its price does not fit.
    fn of(&self, before: Service, category: CategoryId, now: Timestamp) -> Option<Service> {
        let own_price = before.rate.checked_add(self.profit);
        let fixed_price = match self.fixed_price {
            Some(fixed) => fixed,
            None if before.fixed_price.is_some() => Some(own_price?),
            None => None,
        };
        let after = Service {
            name: self.name.clone(),
            profit: Some(self.profit),
            category,
            availability: self.availability.unwrap_or(before.availability),
            fixed_price,
            sell_at_loss: self.sell_at_loss.unwrap_or(before.sell_at_loss),
            description: self.description.clone().unwrap_or(before.description),
            average_time: self.average_time.clone().unwrap_or(before.average_time),
            // What staff say counts, whatever the synchronisation said before.
            stopped: before.stopped.filter(|_| self.availability.is_none()),
            updated_at: now,
            ..before
        };
        after.selling_rate().map(|_| after)
    }
}

/// Why a service was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditServiceError {
    /// There is no such service.
    #[error("there is no such service")]
    Missing,
    /// There is no such category.
    #[error("there is no such category")]
    UnknownCategory,
    /// Rate and profit together do not fit into a price.
    #[error("the price is too large")]
    PriceTooLarge,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for EditServiceError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Changes services. Orders that were placed keep what was frozen on them.
pub struct EditService {
    store: Arc<dyn Store>,
    queries: Arc<dyn CatalogQueries>,
    clock: Arc<dyn Clock>,
}

impl EditService {
    /// Wires the use case.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn CatalogQueries>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            queries,
            clock,
        }
    }

    /// Changes a service.
    ///
    /// # Errors
    /// [`EditServiceError`] if it was not changed, or nobody knows.
    pub async fn edit(
        &self,
        staff: &Staff<ServicesWrite>,
        id: ServiceId,
        edit: &ServiceEdit,
    ) -> Result<(), EditServiceError> {
        let category = self.category(&edit.category).await?;
        retry_contended(|| self.record(staff, id, edit, &category)).await
    }

    async fn category(&self, choice: &CategoryChoice) -> Result<Category, EditServiceError> {
        let categories = self.queries.categories().await?;
        categories
            .into_iter()
            .map(|view| view.category)
            .find(|category| match choice {
                CategoryChoice::Id(id) => category.id == *id,
                CategoryChoice::Named(name) => category.name == *name,
            })
            .ok_or(EditServiceError::UnknownCategory)
    }

    async fn record(
        &self,
        staff: &Member,
        id: ServiceId,
        edit: &ServiceEdit,
        category: &Category,
    ) -> Result<(), EditServiceError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let before = tx
            .catalog()
            .lock_service(id)
            .await?
            .ok_or(EditServiceError::Missing)?;
        let after = edit
            .of(before.clone(), category.id, now)
            .ok_or(EditServiceError::PriceTooLarge)?;
        let details = changed(&before, &after);
        tx.catalog().update_service(&after).await?;
        let entry = staff
            .entry("service.edit", format!("service:{id}"), now)
            .with_all(details);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What was and what is, for the audit log.
fn changed(before: &Service, after: &Service) -> Vec<(&'static str, String)> {
    let price = |service: &Service| {
        service
            .fixed_price
            .map(|price| price.to_string())
            .unwrap_or_default()
    };
    let availability = |service: &Service| service.availability.as_str().to_owned();
    vec![
        ("name_before", before.name.to_string()),
        ("name", after.name.to_string()),
        ("profit_before", before.profit.unwrap_or_default().to_string()),
        ("profit", after.profit.unwrap_or_default().to_string()),
        ("category_before", before.category.to_string()),
        ("category", after.category.to_string()),
        ("availability_before", availability(before)),
        ("availability", availability(after)),
        ("fixed_price_before", price(before)),
        ("fixed_price", price(after)),
        ("sell_at_loss_before", before.sell_at_loss.to_string()),
        ("sell_at_loss", after.sell_at_loss.to_string()),
    ]
}
