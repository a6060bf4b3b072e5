//! How much of a list is wanted.

use chrono::DateTime;
use domain::{PageSize, Timestamp};
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, ToSchema};

use crate::cursor::{List, decode};
use crate::error::ApiError;
use crate::extract::field_error;

/// A page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many rows, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `nextCursor` of the page before.
    pub cursor: Option<String>,
}

impl Page {
    /// The size of the page, `unasked` if none was asked for.
    ///
    /// # Errors
    /// A validation error outside of 1 to 100.
    pub fn size(&self, unasked: PageSize) -> Result<PageSize, ApiError> {
        match self.limit {
            None => Ok(unasked),
            Some(limit) => {
                PageSize::new(limit).ok_or_else(|| field_error("limit", "must be between 1 and 100"))
            }
        }
    }

    /// The row below which the page begins.
    ///
    /// # Errors
    /// [`crate::Code::InvalidCursor`].
    pub fn before(&self, list: List) -> Result<Option<i64>, ApiError> {
        self.cursor
            .as_deref()
            .map(|cursor| decode(list, cursor))
            .transpose()
    }
}

/// What the document says of a moment in a query.
pub struct MomentOrNothing;

impl utoipa::PartialSchema for MomentOrNothing {
    fn schema() -> RefOr<Schema> {
        or_nothing(KnownFormat::DateTime)
    }
}

impl ToSchema for MomentOrNothing {}

/// What the document says of a day in a query.
pub struct DayOrNothing;

impl utoipa::PartialSchema for DayOrNothing {
    fn schema() -> RefOr<Schema> {
        or_nothing(KnownFormat::Date)
    }
}

impl ToSchema for DayOrNothing {}

/// Pages send what nobody has filled in as an empty text.
fn or_nothing(format: KnownFormat) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let some = text().format(Some(SchemaFormat::KnownFormat(format)));
    let nothing = text()
        .max_length(Some(0))
        .description(Some("As if it were missing."));
    OneOfBuilder::new().item(some).item(nothing).into()
}

/// A moment in the query of a list.
///
/// # Errors
/// A validation error about `field`.
pub fn moment(field: &str, text: &str) -> Result<Timestamp, ApiError> {
    let read = DateTime::parse_from_rfc3339(text);
    let read = read.map_err(|_| field_error(field, "must be a date such as 2026-11-21T09:00:00Z"))?;
    Ok(Timestamp::from_micros(read.timestamp_micros()))
}
