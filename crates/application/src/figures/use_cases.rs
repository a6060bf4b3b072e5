//! Figures, for whom they are.

use std::sync::Arc;

use super::{OwnFigures, Reports, ShopFigures};

/// Figures. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Staff see the whole shop at a glance.
    pub shop: Arc<ShopFigures>,
    /// Staff ask for what they want to know.
    pub reports: Arc<Reports>,
    /// Customers see what is their own.
    pub own: Arc<OwnFigures>,
}
