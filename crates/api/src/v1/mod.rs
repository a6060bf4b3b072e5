//! `/api/v1`: the surface of the web application.

pub mod admin;
pub mod dashboard;
pub mod public;
