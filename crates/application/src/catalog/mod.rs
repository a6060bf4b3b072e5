//! The catalogue: what customers browse and what staff arrange.

mod browse;
mod categories;
mod edit_service;
mod import;
mod offer;
mod profit;
mod services;
mod use_cases;
mod wanted;

pub use browse::BrowseCatalog;
pub use categories::{AddCategoryError, ArchiveCategoryError, Categories, RenameCategoryError};
pub use edit_service::{CategoryChoice, EditService, EditServiceError, ServiceEdit};
pub use import::{ImportServices, ImportServicesError};
pub use profit::ProfitRule;
pub use services::{AddServiceError, ArchiveServiceError, Services};
pub use use_cases::UseCases;
pub use wanted::{CategoryRule, ImportOutcome, ImportReport, ImportRequest, ImportedRow, Selection};
