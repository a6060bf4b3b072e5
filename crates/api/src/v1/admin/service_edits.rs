//! Services renamed, priced and moved.

use actix_web::{HttpResponse, patch, web};
use application::catalog::{CategoryChoice, EditServiceError, ServiceEdit};
use domain::identity::right::ServicesWrite;
use domain::{CategoryId, Rate, ServiceId};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::margins::price;
use super::parse_name;
use super::provider_bodies::Switch;
use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, TextOrNumber, Valid, decimal_text, field_error, given};
use crate::state::ApiState;

/// The service as it is to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceForm {
    #[validate(length(min = 1, max = 255, message = "must be 1 to 255 characters"))]
    #[schema(example = "IG Followers", min_length = 1, max_length = 255)]
    name: String,
    /// What is added to the provider's price of 1000; a number, or a decimal text with at most nine decimals.
    #[serde(deserialize_with = "decimal_text")]
    #[schema(value_type = TextOrNumber)]
    profit: String,
    /// A category's name, or `{"name":"..","id":1}` as text.
    #[validate(length(min = 1, max = 1024, message = "is required"))]
    #[schema(example = "Instagram Followers", min_length = 1)]
    category: String,
    /// Whether it is sold; as it is unless it is set.
    availability: Option<Switch>,
    /// The selling price of 1000 whatever the provider's is; null lets it follow the provider's again. As it is unless it is
    /// set; a price that stays fixed moves with `profit`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "1.40")]
    fixed_price: Option<Option<String>>,
    /// Whether it is sold even below its cost; as it is unless it is set.
    sell_at_loss: Option<bool>,
    /// Text for customers; null removes it. As it is unless it is set.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Starts within an hour", max_length = 4000)]
    description: Option<Option<String>>,
    /// How long a delivery usually takes, in words; null removes it. As it is unless it is set.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "2 hours", max_length = 64)]
    average_time: Option<Option<String>>,
}

/// The longest description in characters.
const DESCRIPTION_MAX_CHARS: usize = 4_000;
/// The longest average time in characters.
const AVERAGE_TIME_MAX_CHARS: usize = 64;

/// A category as the page's select sends it.
#[derive(Debug, Deserialize)]
struct SelectedCategory {
    id: i64,
}

/// Edits a service
#[utoipa::path(
    tag = "Services",
    security(("session" = ["services.write"])),
    request_body = ServiceForm,
    params(("id" = i64, Path, description = "The service")),
    responses(
        (status = 201, description = "Done", body = Envelope<Nothing>),
        (status = 400, description = "`AMOUNT_TOO_LARGE` or `VALIDATION_ERROR`"),
        (status = 404, description = "`SERVICE_NOT_FOUND` or `CATEGORY_NOT_FOUND`"),
    )
)]
#[patch("/services/{id}")]
pub async fn edit_service(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
    Valid(form): Valid<ServiceForm>,
) -> Result<HttpResponse, ApiError> {
    let edit = form.into_edit()?;
    let edited = state.catalog.edit.edit(&staff, ServiceId(*id), &edit).await;
    edited.map_err(edit_error)?;
    // These are the status and the word that the page knows.
    Ok(Said("SERVICE_ADDED", "Service added successfully").created(Nothing))
}

impl ServiceForm {
    fn into_edit(self) -> Result<ServiceEdit, ApiError> {
        Ok(ServiceEdit {
            name: parse_name("name", &self.name)?,
            profit: Rate::parse(&self.profit).map_err(|error| field_error("profit", error))?,
            category: choice(&self.category)?,
            availability: self.availability.map(Switch::availability),
            fixed_price: changed(self.fixed_price, |text| price("fixedPrice", text))?,
            sell_at_loss: self.sell_at_loss,
            description: changed(self.description, description)?,
            average_time: changed(self.average_time, average_time)?,
        })
    }
}

/// A field that may be left out or removed.
fn changed<T>(
    field: Option<Option<String>>,
    read: impl Fn(&str) -> Result<T, ApiError>,
) -> Result<Option<Option<T>>, ApiError> {
    field
        .map(|value| value.as_deref().map(&read).transpose())
        .transpose()
}

/// Lines are kept, other control characters are not.
fn description(text: &str) -> Result<String, ApiError> {
    if text.chars().count() > DESCRIPTION_MAX_CHARS {
        let problem = format!("must be at most {DESCRIPTION_MAX_CHARS} characters");
        return Err(field_error("description", problem));
    }
    let is_kept = |c: &char| *c == '\n' || !c.is_control();
    Ok(text.trim().chars().filter(is_kept).collect())
}

fn average_time(text: &str) -> Result<String, ApiError> {
    let plain = domain::text::plain(text, AVERAGE_TIME_MAX_CHARS);
    plain
        .map(str::to_owned)
        .map_err(|error| field_error("averageTime", error))
}

fn choice(text: &str) -> Result<CategoryChoice, ApiError> {
    match serde_json::from_str::<SelectedCategory>(text) {
        Ok(selected) => Ok(CategoryChoice::Id(CategoryId(selected.id))),
        Err(_) => parse_name("category", text).map(CategoryChoice::Named),
    }
}

fn edit_error(error: EditServiceError) -> ApiError {
    match error {
        EditServiceError::Missing => Code::ServiceNotFound.into(),
        EditServiceError::UnknownCategory => Code::CategoryNotFound.into(),
        EditServiceError::PriceTooLarge => ApiError::new(Code::TooLarge, "The price is too large."),
        EditServiceError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::text::Name;

    use super::*;

    #[test]
    fn a_category_is_named_plainly_or_selected_by_id() {
        assert_eq!(
            choice(r#"{"name":"Any","id":7}"#).unwrap(),
            CategoryChoice::Id(CategoryId(7))
        );
        assert_eq!(
            choice("Uncategorized").unwrap(),
            CategoryChoice::Named(Name::from_stored("Uncategorized"))
        );
        assert!(choice("  ").is_err());
    }
}
