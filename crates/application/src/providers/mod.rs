//! Providers: administered by staff, called by workers.

pub mod panels;

pub use panels::{Admitted, CallClass, Panels, PanelsError};
