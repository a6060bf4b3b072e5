//! Providers: administered by staff, called by workers.

mod admin;
mod connection;
pub mod panels;

pub use admin::{
    AddProvider, AddProviderError, ArchiveProviderError, EditProvider, EditProviderError, ProviderEdit,
    Providers, RevealKeyError, RevealedKey,
};
pub(crate) use connection::offered_services;
pub use connection::{AskProviderError, ConnectionReport, ProviderConnection};
pub use panels::{Admitted, CallClass, Panels, PanelsError};
