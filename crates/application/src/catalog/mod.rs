//! The catalogue: what customers browse and what staff arrange.

mod browse;
mod categories;
mod edit_service;
mod import;
mod manage_sync;
mod offer;
mod plan;
mod services;
mod sync;
mod use_cases;
mod wanted;

pub use browse::BrowseCatalog;
pub use categories::{
    AddCategoryError, ArchiveCategoryError, ArrangeCategoriesError, Categories, RenameCategoryError,
};
pub use edit_service::{CategoryChoice, EditService, EditServiceError, ServiceEdit};
pub use import::{IMPORT_MAX, ImportServices, ImportServicesError};
pub use manage_sync::{ManageSync, ManageSyncError};
pub use services::{AddServiceError, ArchiveServiceError, Services};
pub use sync::{SyncCatalog, SyncPorts};
pub use use_cases::UseCases;
pub use wanted::{CategoryRule, ImportOutcome, ImportReport, ImportRequest, ImportedRow, Planned, Selection};
