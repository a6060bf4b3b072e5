//! What people and programs do with API keys.

use std::sync::Arc;

use super::{AdmitKeys, ManageKeys};

/// What people and programs do with API keys. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Owners look after their keys.
    pub manage: Arc<ManageKeys>,
    /// Programs show a key.
    pub admit: Arc<AdmitKeys>,
}
