//! Placing many orders at once.

use actix_web::http::header::HeaderValue;
use actix_web::{HttpResponse, post, web};
use application::orders::{LineRefusal, ORDERS_MAX, OrderLine, PlaceOrdersError, PlacedOrders, Preview};
use domain::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::CURRENCY;
use super::place::{PlacedSummary, REPLAYED, duplicate, line, over_budget, refused, summary, too_little};
use crate::codes::Code;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{Customer, IdempotencyHeader, TextOrNumber, Valid, WholeNumber, text_or_number};
use crate::state::ApiState;
use crate::wire::amount_text;

/// The path, whose bodies may be larger than others.
pub const PATH: &str = "/api/v1/dashboard/orders/mass";

/// Many orders. All of them are placed, or none.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "orders": [
        { "service": "1", "link": "https://instagram.com/x", "quantity": 1000 },
        { "service": "2", "link": "https://instagram.com/p/1", "quantity": 250 }
    ],
    "validateOnly": false
}))]
pub struct MassOrderForm {
    /// 1 to 100 orders.
    #[validate(length(min = 1, max = 100, message = "must be 1 to 100 orders"))]
    #[schema(min_items = 1, max_items = 100)]
    orders: Vec<MassOrderLine>,
    /// Only says what the orders would cost, or what is wrong with them.
    #[serde(default)]
    validate_only: bool,
}

/// One of many orders.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct MassOrderLine {
    /// The service's id.
    #[serde(default, deserialize_with = "text_or_number")]
    #[schema(value_type = TextOrNumber)]
    service: String,
    /// Where it is to be delivered: an http or https address.
    #[serde(default)]
    #[schema(example = "https://instagram.com/x", max_length = 2048, format = "uri")]
    link: String,
    /// How much, a whole number within the service's range. May be sent as text.
    #[serde(default, deserialize_with = "text_or_number")]
    #[schema(value_type = WholeNumber)]
    quantity: String,
}

/// Placed orders, in the order in which they were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacedMany {
    orders: Vec<PlacedSummary>,
    /// What was taken from the wallet, exact.
    #[schema(example = "1.40")]
    total: String,
    #[schema(example = "USD")]
    currency: &'static str,
}

/// What the orders would cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct MassPreview {
    /// Whether all of them would be taken. Whether the wallet holds enough is not looked at.
    valid: bool,
    /// What those that would be taken cost together, exact.
    #[schema(example = "1.40")]
    total: String,
    #[schema(example = "USD")]
    currency: &'static str,
    /// One for each order.
    lines: Vec<MassPreviewLine>,
}

/// What one of the orders would cost, or what is wrong with it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MassPreviewLine {
    /// Counts from one.
    #[schema(example = 1)]
    line: usize,
    /// Its price, exact; null if it would not be taken.
    #[schema(example = "1.40")]
    price: Option<String>,
    /// Why it would not be taken: `name`, `message` and `details` as of the error of a single order; else null.
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
}

/// Places many orders
///
/// All of them are placed and paid at once, or none: if one is not taken, `details.lines` of the error says which and
/// why. With an `Idempotency-Key` the same request can be repeated without ordering twice: the repetition gets the
/// orders of the first answer, with the header `Idempotent-Replayed: true`. With `validateOnly` nothing is placed, and the
/// answer says what each order would cost. The body may have 1 MB.
#[utoipa::path(
    tag = "Orders",
    request_body = MassOrderForm,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 200, description = "What the orders would cost, with `validateOnly`", body = Envelope<MassPreview>),
        (status = 201, description = "The orders", body = Envelope<PlacedMany>, headers(
            ("Idempotent-Replayed" = String, description = "`true` if an earlier request with the key placed them"))),
        (status = 400, description = "`MASS_ORDER_REFUSED`, `AMOUNT_TOO_LARGE`, `IDEMPOTENCY_KEY_INVALID` or `VALIDATION_ERROR`"),
        (status = 402, description = "`INSUFFICIENT_BALANCE`"),
        (status = 403, description = "`WALLET_FROZEN` or `INVALID_ORIGIN`"),
        (status = 409, description = "`DUPLICATE_ORDER`"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
    )
)]
#[post("/orders/mass")]
pub async fn place_orders(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    IdempotencyHeader(key): IdempotencyHeader,
    Valid(form): Valid<MassOrderForm>,
) -> Result<HttpResponse, ApiError> {
    let read: Vec<_> = form.orders.iter().map(OrderLine::try_from).collect();
    let lines: Vec<_> = read.iter().flatten().cloned().collect();
    if form.validate_only || lines.len() < read.len() {
        let preview = state
            .orders
            .place_many
            .preview(&caller, &lines)
            .await
            .map_err(mass_error)?;
        let total = preview.total;
        let checked = checked(read, preview);
        return if form.validate_only {
            Ok(previewed(checked, total))
        } else {
            Err(refused_lines(checked))
        };
    }
    let placed = state.orders.place_many.place(&caller, &lines, key).await;
    Ok(created(&placed.map_err(mass_error)?))
}

impl TryFrom<&MassOrderLine> for OrderLine {
    type Error = ApiError;

    fn try_from(sent: &MassOrderLine) -> Result<Self, ApiError> {
        line(&sent.service, &sent.link, &sent.quantity)
    }
}

/// What is wrong with the lines as they were read, and with those that could be.
fn checked(read: Vec<Result<OrderLine, ApiError>>, preview: Preview) -> Vec<Result<Money, ApiError>> {
    let mut priced = preview.lines.into_iter();
    read.into_iter()
        .filter_map(|read| match read {
            Ok(_) => priced.next().map(|priced| priced.map_err(refused_line)),
            Err(error) => Some(Err(error)),
        })
        .collect()
}

fn previewed(checked: Vec<Result<Money, ApiError>>, total: Money) -> HttpResponse {
    let valid = checked.iter().all(Result::is_ok);
    let lines = checked.into_iter().enumerate().map(|(position, checked)| {
        let (price, error) = match checked {
            Ok(price) => (Some(amount_text(price)), None),
            Err(error) => (None, Some(error.told())),
        };
        MassPreviewLine {
            line: position + 1,
            price,
            error,
        }
    });
    let preview = MassPreview {
        valid,
        total: amount_text(total),
        currency: CURRENCY,
        lines: lines.collect(),
    };
    Said("ORDERS_CHECKED", "Nothing was ordered").ok(preview)
}

fn created(placed: &PlacedOrders) -> HttpResponse {
    let said = Said(
        "ORDERS_CREATED",
        "Orders created successfully and price deducted from wallet",
    );
    let mut response = said.created(PlacedMany {
        orders: placed.orders.iter().map(summary).collect(),
        total: amount_text(placed.total),
        currency: CURRENCY,
    });
    if placed.replayed {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
    }
    response
}

fn refused_line(refusal: LineRefusal) -> ApiError {
    match refusal {
        LineRefusal::UnknownService => Code::ServiceNotFound.into(),
        LineRefusal::Refused(refusal) => refused(refusal),
    }
}

fn refused_lines(checked: Vec<Result<Money, ApiError>>) -> ApiError {
    let refused = checked
        .into_iter()
        .enumerate()
        .filter_map(|(position, checked)| Some((position, checked.err()?)));
    name_lines(refused)
}

/// One error for all of the lines, by their position counted from zero.
fn name_lines(refused: impl Iterator<Item = (usize, ApiError)>) -> ApiError {
    let lines: Vec<Value> = refused
        .map(|(position, error)| {
            let mut told = error.told();
            if let Some(fields) = told.as_object_mut() {
                fields.insert("line".to_owned(), json!(position + 1));
            }
            told
        })
        .collect();
    ApiError::from(Code::MassOrderRefused).with_details(json!({ "lines": lines }))
}

fn mass_error(error: PlaceOrdersError) -> ApiError {
    match error {
        PlaceOrdersError::Number => {
            ApiError::new(Code::Invalid, format!("orders must be 1 to {ORDERS_MAX} orders"))
        }
        PlaceOrdersError::NotTheOwner => ApiError::not_the_owner(),
        PlaceOrdersError::Unverified => Code::EmailNotVerified.into(),
        PlaceOrdersError::Lines(lines) => {
            let lines = lines.into_iter();
            name_lines(lines.map(|(position, refusal)| (position, refused_line(refusal))))
        }
        PlaceOrdersError::TooLarge => ApiError::new(Code::TooLarge, "The orders are too large together."),
        PlaceOrdersError::InsufficientBalance { price, available } => {
            too_little("orders cost", price, available)
        }
        PlaceOrdersError::WalletFrozen => Code::WalletFrozen.into(),
        PlaceOrdersError::OverBudget(error) => over_budget(error),
        PlaceOrdersError::KeyReused => Code::IdempotencyKeyReused.into(),
        PlaceOrdersError::Twin { order } => duplicate(order),
        PlaceOrdersError::Store(error) => error.into(),
    }
}
