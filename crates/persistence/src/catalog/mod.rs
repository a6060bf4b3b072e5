//! Categories and services.

pub(crate) mod feed;
mod mapping;
pub(crate) mod offers;
mod queries;
mod repository;
mod syncs;
pub(crate) mod version;

use domain::catalog::Availability;

const ACTIVE: &str = Availability::Active.as_str();
const ARCHIVED: &str = Availability::Archived.as_str();
