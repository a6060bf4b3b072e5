//! What is offered.

use std::sync::Arc;

use super::{BrowseCatalog, Categories, EditService, ImportServices, ManageSync, Services};

/// What is offered. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// What anybody may see.
    pub browse: Arc<BrowseCatalog>,
    /// Staff arrange categories.
    pub categories: Arc<Categories>,
    /// Staff list, add and archive services.
    pub services: Arc<Services>,
    /// Staff edit services.
    pub edit: Arc<EditService>,
    /// Staff import services.
    pub import: Arc<ImportServices>,
    /// Staff say how providers' lists are followed.
    pub syncs: Arc<ManageSync>,
}
