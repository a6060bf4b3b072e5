//! Categories and services.

pub(crate) mod feed;
mod mapping;
pub(crate) mod offers;
mod queries;
mod repository;
mod syncs;
pub(crate) mod version;

use domain::catalog::{Availability, ServiceType, UNCATEGORIZED};

const ACTIVE: &str = Availability::Active.as_str();
const ARCHIVED: &str = Availability::Archived.as_str();

/// Whether a row of `services`, joined with its provider and its category, is in the list of what can be ordered: that list
/// and the feed of its changes mean the same. A price that does not fit is left out of both where it is read.
fn is_listed() -> String {
    let types = ServiceType::ORDERABLE.map(|kind| format!("'{}'", kind.as_str()));
    format!(
        "services.availability = '{ACTIVE}' AND providers.availability = '{ACTIVE}'
            AND categories.availability = '{ACTIVE}' AND categories.name <> '{UNCATEGORIZED}'
            AND services.service_type IN ({})
            AND (services.sell_at_loss OR COALESCE(services.fixed_price, services.rate) >= services.rate)",
        types.join(", ")
    )
}
