//! In which currencies amounts are shown.

use std::sync::Arc;

use super::{ManageRates, Rates};

/// In which currencies amounts are shown. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// The rates in force.
    pub rates: Arc<Rates>,
    /// Staff look after them.
    pub manage: Arc<ManageRates>,
}
