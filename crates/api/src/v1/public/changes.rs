//! The feed of what changed in the catalogue.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::{HttpResponse, get, web};
use domain::catalog::CatalogChange;
use domain::{PageSize, Rate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::codes::Code;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::field_error;
use crate::state::ApiState;
use crate::wire::{WireTime, rate_text};

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// `next` of the page before; without it, the feed from its beginning.
    #[param(example = "0")]
    since: Option<String>,
    /// How many changes, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// A page of the feed, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesBody {
    changes: Vec<ChangeBody>,
    /// Where to go on: the same as was sent if nothing has changed since.
    #[schema(example = "42")]
    next: String,
    /// Whether there is more to read right now.
    has_more: bool,
    /// The currency of the prices.
    #[schema(example = "USD")]
    currency: &'static str,
}

/// Something that changed. `before` and `after` hold what the change is about, or everything where a service comes or goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeBody {
    /// Its number; later changes have greater ones.
    id: i64,
    /// The service.
    service: i64,
    /// `new`, `enabled`, `disabled`, `type`, `price`, `limits`, `name`, `category` or `terms`.
    #[schema(example = "price")]
    change: &'static str,
    #[schema(value_type = Option<Object>, example = json!({ "price": "1.40" }))]
    before: Option<Map<String, Value>>,
    #[schema(value_type = Option<Object>, example = json!({ "price": "1.50" }))]
    after: Option<Map<String, Value>>,
    #[schema(value_type = String, format = DateTime)]
    at: WireTime,
}

/// Tells what changed in the catalogue
///
/// Every change of what can be ordered, of every type that `GET /api/v1/services?types=all` lists, in the order in which it was
/// made. Whoever keeps `next` and asks with it again misses none.
#[utoipa::path(
    tag = "Catalogue",
    params(ChangesQuery),
    responses(
        (status = 200, description = "A page of changes", body = Envelope<ChangesBody>),
        (status = 400, description = "`INVALID_CURSOR` or `VALIDATION_ERROR`"),
    )
)]
#[get("/services/changes")]
pub async fn list_changes(
    state: web::Data<ApiState>,
    query: web::Query<ChangesQuery>,
) -> Result<HttpResponse, ApiError> {
    let since = since(query.since.as_deref())?;
    let size = match query.limit {
        None => PageSize::DEFAULT,
        Some(limit) => {
            PageSize::new(limit).ok_or_else(|| field_error("limit", "must be between 1 and 100"))?
        }
    };
    let changes = state.catalog.browse.changes(since, size).await?;
    let body = ChangesBody {
        next: changes.last().map_or(since, |change| change.sequence).to_string(),
        has_more: changes.len() == usize::from(size.rows()),
        currency: super::CURRENCY,
        changes: changes.into_iter().map(change).collect(),
    };
    Ok(Said("CHANGES_FETCHED", "Changes fetched successfully").ok(body))
}

fn since(text: Option<&str>) -> Result<i64, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    let number = text.parse().ok().filter(|number| *number >= 0);
    number.ok_or_else(|| Code::InvalidCursor.into())
}

fn change(change: CatalogChange) -> ChangeBody {
    ChangeBody {
        id: change.sequence,
        service: change.service.0,
        change: change.kind.as_str(),
        before: facts(change.was),
        after: facts(change.became),
        at: WireTime(change.at),
    }
}

/// With the types that the list of services has.
fn facts(facts: Vec<(String, String)>) -> Option<Map<String, Value>> {
    let typed = |name: &str, text: String| match name {
        "price" => Rate::parse(&text).map_or(Value::Null, |rate| rate_text(rate).into()),
        "min" | "max" => text.parse::<u64>().map_or(Value::Null, Value::from),
        "dripfeed" | "refill" | "cancel" => Value::Bool(text == "true"),
        _ => Value::String(text),
    };
    let facts: Map<String, Value> = facts
        .into_iter()
        .map(|(name, text)| {
            let value = typed(&name, text);
            (name, value)
        })
        .collect();
    (!facts.is_empty()).then_some(facts)
}
