//! Who delivers.

use std::sync::Arc;

use super::{Panels, ProviderConnection, Providers};

/// Who delivers. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Staff administer providers.
    pub admin: Arc<Providers>,
    /// Staff ask providers directly.
    pub connection: Arc<ProviderConnection>,
    /// Circuits, limits and keys of providers.
    pub panels: Arc<Panels>,
}
