//! Providers: administered by staff, called by workers.

mod add;
mod admin;
mod connection;
mod edit;
pub mod panels;
mod use_cases;

pub use add::{AddProvider, AddProviderError};
pub use admin::{ArchiveProviderError, Providers, RevealKeyError, RevealedKey};
pub(crate) use connection::ProviderList;
pub use connection::{AskProviderError, ConnectionReport, ProviderConnection};
pub use edit::{EditProvider, EditProviderError, ProviderEdit};
pub use panels::{Admitted, CallClass, Panels, PanelsError};
pub use use_cases::UseCases;
