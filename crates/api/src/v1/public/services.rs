//! The public catalogue.

use actix_web::{HttpResponse, get, web};
use domain::catalog::Service;
use ports::catalog::CategoryListing;
use serde::Serialize;
use utoipa::ToSchema;

use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::state::ApiState;
use crate::v1::dashboard::{CURRENCY, CurrencyQuery};
use crate::wire::rate_text;

/// The catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing {
    /// Categories by name, empty ones too.
    services: Vec<ListedCategory>,
    /// The currency of the prices.
    #[schema(example = "USD")]
    currency: &'static str,
}

/// A category and what can be ordered in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedCategory {
    id: i64,
    #[schema(example = "Instagram Followers")]
    name: String,
    services: Vec<ListedService>,
}

/// A service that can be ordered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedService {
    id: i64,
    name: String,
    /// Only `Default` can be ordered here.
    #[serde(rename = "type")]
    #[schema(example = "Default")]
    kind: String,
    /// The price of 1000, exact.
    #[schema(example = "1.40")]
    price: String,
    /// The smallest quantity of one order.
    min: u64,
    /// The largest quantity of one order.
    max: u64,
    dripfeed: bool,
    refill: bool,
    cancel: bool,
    description: Option<String>,
}

/// Lists what can be ordered
#[utoipa::path(
    tag = "Catalogue",
    params(CurrencyQuery),
    responses((status = 200, description = "Categories with their services", body = Envelope<Listing>))
)]
#[get("/services")]
pub async fn list_services(state: web::Data<ApiState>) -> Result<HttpResponse, ApiError> {
    let listing = state.catalog.browse.listing().await?;
    Ok(
        Said("SERVICES_FETCHED", "Services fetched successfully").ok(Listing {
            services: listing.into_iter().map(category).collect(),
            currency: CURRENCY,
        }),
    )
}

fn category(listing: CategoryListing) -> ListedCategory {
    ListedCategory {
        id: listing.category.id.0,
        name: listing.category.name.to_string(),
        services: listing.services.into_iter().filter_map(service).collect(),
    }
}

/// A service without a price that fits cannot be ordered, so it is not listed.
fn service(service: Service) -> Option<ListedService> {
    Some(ListedService {
        price: rate_text(service.selling_rate()?),
        id: service.id.0,
        name: service.name.to_string(),
        kind: service.service_type.as_str().to_owned(),
        min: service.quantity.min(),
        max: service.quantity.max(),
        dripfeed: service.dripfeed,
        refill: service.refill,
        cancel: service.cancel,
        description: service.description,
    })
}
