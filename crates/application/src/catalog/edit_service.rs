//! Staff rename a service, set its profit and move it between categories.

use std::sync::Arc;

use domain::catalog::{Category, Service};
use domain::identity::right::ServicesWrite;
use domain::text::Name;
use domain::{CategoryId, Rate, ServiceId};
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
        let details = vec![
            ("name_before", before.name.to_string()),
            ("name", edit.name.to_string()),
            ("profit_before", before.profit.unwrap_or_default().to_string()),
            ("profit", edit.profit.to_string()),
            ("category_before", before.category.to_string()),
            ("category", category.id.to_string()),
        ];
        let after = Service {
            name: edit.name.clone(),
            profit: Some(edit.profit),
            category: category.id,
            updated_at: now,
            ..before
        };
        if after.selling_rate().is_none() {
            return Err(EditServiceError::PriceTooLarge);
        }
        tx.catalog().update_service(&after).await?;
        let entry = staff
            .entry("service.edit", format!("service:{id}"), now)
            .with_all(details);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
