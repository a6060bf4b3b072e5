//! The public catalogue.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_TYPE, ContentEncoding, ETAG, Encoding, IF_NONE_MATCH, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, web};
use application::currency::ShowError;
use domain::catalog::{Service, ServiceType};
use domain::currency::Display;
use ports::catalog::CategoryListing;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{CurrencyQuery, field_error};
use crate::state::ApiState;
use crate::wire::price_text;

/// The catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing {
    /// Categories in their order, empty ones too.
    services: Vec<ListedCategory>,
    /// The currency of the prices: the one that was asked for, or USD if there is no rate for it that can be trusted.
    #[schema(example = "USD")]
    currency: String,
}

/// A category and what can be ordered in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedCategory {
    id: i64,
    #[schema(example = "Instagram Followers")]
    name: String,
    services: Vec<ListedService>,
}

/// Which services are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TypesQuery {
    /// `all` lists services of every type that can be ordered; else those that need link and quantity alone.
    #[param(example = "all")]
    types: Option<String>,
}

impl TypesQuery {
    fn every_type(&self) -> Result<bool, ApiError> {
        match self.types.as_deref() {
            None | Some("") => Ok(false),
            Some("all") => Ok(true),
            Some(_) => Err(field_error("types", "must be all, or be left out")),
        }
    }
}

/// A service that can be ordered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedService {
    id: i64,
    name: String,
    /// `Default` is ordered with link and quantity, `Package` with a link, `Custom Comments` and `Custom Comments Package` with
    /// a link and comments.
    #[serde(rename = "type")]
    #[schema(example = "Default")]
    kind: String,
    /// The price of 1000, or of one package: exact in USD, else with two decimals, or with three digits if it is below one.
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
    /// How long a delivery usually takes, in words.
    #[serde(rename = "averageTime")]
    #[schema(example = "2 hours")]
    average_time: Option<String>,
}

/// Lists what can be ordered
///
/// The answer has an `ETag`; sent back as `If-None-Match`, it is answered by 304 until something changes. Whoever accepts
/// gzip gets a tenth of the bytes.
#[utoipa::path(
    tag = "Catalogue",
    params(CurrencyQuery, TypesQuery, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer")),
    responses(
        (status = 200, description = "Categories with their services", body = Envelope<Listing>, headers(
            ("ETag" = String, description = "Names this version of the list"))),
        (status = 304, description = "Nothing has changed"),
        (status = 400, description = "`CURRENCY_UNKNOWN` or `VALIDATION_ERROR`"),
    )
)]
#[get("/services")]
pub async fn list_services(
    state: web::Data<ApiState>,
    query: web::Query<CurrencyQuery>,
    types: web::Query<TypesQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let every_type = types.every_type()?;
    let display = match state.currency.rates.display(&query.wanted()?).await {
        // The shop stays open, and says in which currency its prices are.
        Err(ShowError::NoRate(_)) => Display::ledger(),
        display => display?,
    };
    let version = state.catalog.browse.version().await?;
    let shown = shown(&display, every_type);
    // Another release may write the same version otherwise.
    let name = format!("{}-{version}-{shown}", env!("CARGO_PKG_VERSION"));
    let is_seen = has_seen(&request, &name);
    let is_packed = takes_gzip(&request);
    // What has other bytes has another tag.
    let coding = if is_packed { PACKED } else { "" };
    let mut answer = if is_seen {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((ETAG, format!("\"{name}{coding}\"")))
        .insert_header((CACHE_CONTROL, ASK_AGAIN))
        .insert_header((VARY, "Accept-Encoding"));
    if is_seen {
        return Ok(answer.finish());
    }
    answer.insert_header((CONTENT_TYPE, "application/json"));
    let render = || render(&state, &display, every_type);
    let body = state.listing.get(&shown, version, render).await?;
    if !is_packed {
        return Ok(answer.body(body.plain));
    }
    answer.insert_header(ContentEncoding::Gzip);
    Ok(answer.body(body.packed().await.map_err(ApiError::internal)?))
}

/// Whether the client takes gzip as well as anything.
fn takes_gzip(request: &HttpRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    let accepted = request.get_header::<AcceptEncoding>();
    accepted.and_then(|it| it.negotiate(known.iter())) == Some(Encoding::gzip())
}

/// Names what of the catalogue is shown, and how.
fn shown(Display { currency, rate }: &Display, every_type: bool) -> String {
    let types = if every_type { "all" } else { "default" };
    format!("{currency}-{}-{types}", rate.to_decimal())
}

/// Whoever keeps the list asks whether it still is the same.
const ASK_AGAIN: &str = "no-cache";
/// What is appended to the tag of a list in gzip.
const PACKED: &str = "-gzip";

/// Whether the client keeps this version, packed or not.
fn has_seen(request: &HttpRequest, name: &str) -> bool {
    let seen = request.headers().get_all(IF_NONE_MATCH);
    let mut tags = seen
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    tags.any(|seen| {
        let seen = seen.trim();
        seen == "*" || coding_of(seen, name).is_some_and(|coding| matches!(coding, "" | PACKED))
    })
}

/// What stands behind `name` in a tag that begins with it.
fn coding_of<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let quoted = tag.strip_prefix("W/").unwrap_or(tag);
    quoted.strip_prefix('"')?.strip_suffix('"')?.strip_prefix(name)
}

async fn render(state: &ApiState, display: &Display, every_type: bool) -> Result<Bytes, ApiError> {
    let mut listing = state.catalog.browse.listing().await?;
    for category in &mut listing {
        let services = &mut category.services;
        services.retain(|service| every_type || service.service_type == ServiceType::Default);
    }
    let said = Said("SERVICES_FETCHED", "Services fetched successfully");
    said.written(Listing {
        services: listing.into_iter().map(|it| category(it, display)).collect(),
        currency: display.currency.to_string(),
    })
}

fn category(listing: CategoryListing, display: &Display) -> ListedCategory {
    let service = |it| service(it, display);
    ListedCategory {
        id: listing.category.id.0,
        name: listing.category.name.to_string(),
        services: listing.services.into_iter().filter_map(service).collect(),
    }
}

/// A service without a price that fits cannot be ordered, so it is not listed.
fn service(service: Service, display: &Display) -> Option<ListedService> {
    Some(ListedService {
        price: price_text(display, service.selling_rate()?),
        id: service.id.0,
        name: service.name.to_string(),
        kind: service.service_type.as_str().to_owned(),
        min: service.orderable_quantity().min(),
        max: service.orderable_quantity().max(),
        dripfeed: service.dripfeed,
        refill: service.refill,
        cancel: service.cancel,
        description: service.description,
        average_time: service.average_time,
    })
}
