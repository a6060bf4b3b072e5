//! Staff arrange categories.

use std::sync::Arc;

use domain::CategoryId;
use domain::catalog::{Category, UNCATEGORIZED};
use domain::identity::right::{ServicesRead, ServicesWrite};
use domain::text::Name;
use ports::audit::AuditEntry;
use ports::catalog::{CatalogQueries, CategoryView, Unique};
use ports::{Clock, Store, StoreError};

use crate::caller::{Member, Staff};
use crate::retry::retry_contended;

/// Why no category was added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddCategoryError {
    /// Another category has the name.
    #[error("a category with this name exists already")]
    NameTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a category was not renamed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameCategoryError {
    /// There is no such category.
    #[error("there is no such category")]
    Missing,
    /// It is, or would become, the category of services that have none.
    #[error("the name Uncategorized is reserved")]
    Reserved,
    /// Another category has the name.
    #[error("a category with this name exists already")]
    NameTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a category was not archived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveCategoryError {
    /// There is no such category.
    #[error("there is no such category")]
    Missing,
    /// It is the category of services that have none.
    #[error("the category Uncategorized cannot be removed")]
    Reserved,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why categories were not put in an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArrangeCategoriesError {
    /// One of them is not there, or was named twice.
    #[error("one of the categories is not there, or was named twice")]
    Missing,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lists, adds, renames, arranges and archives categories.
pub struct Categories {
    store: Arc<dyn Store>,
    queries: Arc<dyn CatalogQueries>,
    clock: Arc<dyn Clock>,
}

impl Categories {
    /// Wires the use cases.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn CatalogQueries>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            queries,
            clock,
        }
    }

    /// Every category, those that were put in an order first and the others by name.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn list(&self, _: &Staff<ServicesRead>) -> Result<Vec<CategoryView>, StoreError> {
        self.queries.categories().await
    }

    /// Adds a category.
    ///
    /// # Errors
    /// [`AddCategoryError`] if it was not added, or nobody knows.
    pub async fn add(
        &self,
        staff: &Staff<ServicesWrite>,
        name: &Name,
    ) -> Result<CategoryId, AddCategoryError> {
        match retry_contended(|| self.record_added(staff, name)).await? {
            Unique::Saved(id) => Ok(id),
            Unique::Taken | Unique::Missing => Err(AddCategoryError::NameTaken),
        }
    }

    /// Renames a category.
    ///
    /// # Errors
    /// [`RenameCategoryError`] if it was not renamed, or nobody knows.
    pub async fn rename(
        &self,
        staff: &Staff<ServicesWrite>,
        id: CategoryId,
        name: &Name,
    ) -> Result<(), RenameCategoryError> {
        let category = self.find(id).await?.ok_or(RenameCategoryError::Missing)?;
        if is_reserved(&category.name) || is_reserved(name) {
            return Err(RenameCategoryError::Reserved);
        }
        match retry_contended(|| self.record_renamed(staff, &category, name)).await? {
            Unique::Saved(()) => Ok(()),
            Unique::Taken => Err(RenameCategoryError::NameTaken),
            Unique::Missing => Err(RenameCategoryError::Missing),
        }
    }

    /// Archives a category; its services become uncategorized.
    ///
    /// # Errors
    /// [`ArchiveCategoryError`] if it was not archived, or nobody knows.
    pub async fn archive(
        &self,
        staff: &Staff<ServicesWrite>,
        id: CategoryId,
    ) -> Result<(), ArchiveCategoryError> {
        let category = self.find(id).await?.ok_or(ArchiveCategoryError::Missing)?;
        if is_reserved(&category.name) {
            return Err(ArchiveCategoryError::Reserved);
        }
        if retry_contended(|| self.record_archived(staff, &category)).await? {
            Ok(())
        } else {
            Err(ArchiveCategoryError::Missing)
        }
    }

    /// Puts categories in this order, before all others.
    ///
    /// # Errors
    /// [`ArrangeCategoriesError`] if they were not arranged, or nobody knows.
    pub async fn arrange(
        &self,
        staff: &Staff<ServicesWrite>,
        order: &[CategoryId],
    ) -> Result<(), ArrangeCategoriesError> {
        if retry_contended(|| self.record_arranged(staff, order)).await? {
            Ok(())
        } else {
            Err(ArrangeCategoriesError::Missing)
        }
    }

    async fn record_arranged(&self, staff: &Member, order: &[CategoryId]) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.catalog().arrange_categories(order, now).await? {
            return Ok(false);
        }
        let ids: Vec<String> = order.iter().map(CategoryId::to_string).collect();
        let entry = staff
            .entry("categories.arrange", "categories", now)
            .with("order", ids.join(","));
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn find(&self, id: CategoryId) -> Result<Option<Category>, StoreError> {
        let categories = self.queries.categories().await?;
        Ok(categories
            .into_iter()
            .map(|view| view.category)
            .find(|category| category.id == id))
    }

    async fn record_added(&self, staff: &Member, name: &Name) -> Result<Unique<CategoryId>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let added = tx.catalog().insert_category(name, staff.id(), now).await?;
        if let Unique::Saved(id) = added {
            let details = vec![("name", name.to_string())];
            tx.audit()
                .append(&self.entry(staff, "category.add", id, details))
                .await?;
            tx.commit().await?;
        }
        Ok(added)
    }

    async fn record_renamed(
        &self,
        staff: &Member,
        category: &Category,
        name: &Name,
    ) -> Result<Unique<()>, StoreError> {
        let mut tx = self.store.begin().await?;
        let renamed = tx
            .catalog()
            .rename_category(category.id, name, self.clock.now())
            .await?;
        if renamed == Unique::Saved(()) {
            let details = vec![
                ("name_before", category.name.to_string()),
                ("name", name.to_string()),
            ];
            tx.audit()
                .append(&self.entry(staff, "category.rename", category.id, details))
                .await?;
            tx.commit().await?;
        }
        Ok(renamed)
    }

    async fn record_archived(&self, staff: &Member, category: &Category) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let into = tx
            .catalog()
            .ensure_category(&uncategorized(), staff.id(), now)
            .await?;
        if !tx.catalog().archive_category(category.id, into, now).await? {
            return Ok(false);
        }
        let details = vec![("name", category.name.to_string())];
        tx.audit()
            .append(&self.entry(staff, "category.archive", category.id, details))
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    fn entry(
        &self,
        staff: &Member,
        action: &'static str,
        id: CategoryId,
        details: Vec<(&'static str, String)>,
    ) -> AuditEntry {
        staff
            .entry(action, format!("category:{id}"), self.clock.now())
            .with_all(details)
    }
}

/// The name of the category of services that have none.
pub(super) fn uncategorized() -> Name {
    Name::from_stored(UNCATEGORIZED)
}

fn is_reserved(name: &Name) -> bool {
    name.as_str() == UNCATEGORIZED
}
