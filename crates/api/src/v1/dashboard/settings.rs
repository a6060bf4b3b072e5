//! What the caller has set for themselves.

use actix_web::{HttpResponse, get, patch, web};
use application::identity::SettingsEdit;
use domain::identity::{Currency, Language, TimeZone, UserSettings};
use domain::text::TextError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{Customer, Valid, field_error};
use crate::state::ApiState;

/// The caller's settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingsBody {
    /// A name of the IANA database.
    #[schema(example = "Asia/Kolkata")]
    time_zone: String,
    /// A BCP 47 tag.
    #[schema(example = "en")]
    language: String,
    /// A code of ISO 4217. It changes what is shown, never what is charged.
    #[schema(example = "INR")]
    currency: String,
    notifications: NotificationsBody,
}

/// Which mail the caller wants. Mail about the security of the account always comes.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationsBody {
    /// An order has ended.
    orders: bool,
    /// The balance is low, or money came in.
    balance: bool,
    /// News of the shop.
    news: bool,
}

/// What changes; the rest stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsForm {
    /// A name of the IANA database.
    #[schema(example = "Asia/Kolkata")]
    time_zone: Option<String>,
    /// A BCP 47 tag of language, script and region.
    #[schema(example = "en")]
    language: Option<String>,
    /// A code of ISO 4217.
    #[schema(example = "INR")]
    currency: Option<String>,
    notifications: Option<NotificationsForm>,
}

/// What changes; the rest stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationsForm {
    orders: Option<bool>,
    balance: Option<bool>,
    news: Option<bool>,
}

/// Shows the caller's settings
#[utoipa::path(
    tag = "Settings",
    responses((status = 200, description = "The settings", body = Envelope<SettingsBody>))
)]
#[get("/settings")]
pub async fn show_settings(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
) -> Result<HttpResponse, ApiError> {
    let settings = state.identity.own_account.settings(&caller).await?;
    Ok(Said("SETTINGS_FETCHED", "Settings fetched successfully").ok(body(&settings)))
}

/// Changes the caller's settings
#[utoipa::path(
    tag = "Settings",
    request_body = SettingsForm,
    responses((status = 200, description = "The settings now", body = Envelope<SettingsBody>))
)]
#[patch("/settings")]
pub async fn edit_settings(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    Valid(form): Valid<SettingsForm>,
) -> Result<HttpResponse, ApiError> {
    let edit = form.into_edit()?;
    let settings = state.identity.own_account.edit_settings(&caller, &edit).await?;
    Ok(Said("SETTINGS_SAVED", "Settings saved successfully").ok(body(&settings)))
}

impl SettingsForm {
    fn into_edit(self) -> Result<SettingsEdit, ApiError> {
        let mail = self.notifications.unwrap_or_default();
        Ok(SettingsEdit {
            time_zone: checked("timeZone", self.time_zone, TimeZone::parse)?,
            language: checked("language", self.language, Language::parse)?,
            currency: checked("currency", self.currency, Currency::parse)?,
            mail_orders: mail.orders,
            mail_balance: mail.balance,
            mail_news: mail.news,
        })
    }
}

fn checked<T>(
    field: &str,
    text: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, TextError>,
) -> Result<Option<T>, ApiError> {
    text.map(|text| parse(&text).map_err(|error| field_error(field, error)))
        .transpose()
}

fn body(settings: &UserSettings) -> SettingsBody {
    let mail = settings.notifications;
    SettingsBody {
        time_zone: settings.time_zone.to_string(),
        language: settings.language.to_string(),
        currency: settings.currency.to_string(),
        notifications: NotificationsBody {
            orders: mail.orders,
            balance: mail.balance,
            news: mail.news,
        },
    }
}
