//! Placing an order.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{Error, HttpRequest, HttpResponse, post, web};
use application::orders::{OrderLine, OrderPlacement, OverBudget, PlaceOrderError, PlacedOrder};
use domain::orders::{CustomerStatus, Order, OrderInput, PlaceRefusal};
use domain::text::{Comments, IdempotencyKey, Link};
use domain::{Money, OrderId, ServiceId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::CURRENCY;
use crate::codes::Code;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{
    IdempotencyHeader, NOT_WHOLE, Orderer, TextOrNumber, Valid, WholeNumber, field_error, text_or_number,
    whole_number,
};
use crate::middleware::signed_in;
use crate::state::ApiState;
use crate::wire::{WireTime, amount_text};

pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The order form.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct OrderForm {
    /// The name of the service's category, as the form shows it. It decides nothing.
    #[validate(length(min = 1, message = "is required"))]
    #[schema(example = "Instagram Followers", min_length = 1)]
    category: String,
    /// The service's id.
    #[serde(deserialize_with = "text_or_number")]
    #[validate(length(min = 1, message = "is required"))]
    #[schema(value_type = TextOrNumber)]
    service: String,
    /// Where it is to be delivered: an http or https address.
    #[schema(example = "https://instagram.com/x", max_length = 2048, format = "uri")]
    link: String,
    /// How much, a whole number within the service's range. May be sent as text.
    #[serde(deserialize_with = "whole_number")]
    #[validate(range(min = 1, message = "must be at least 1"))]
    #[schema(value_type = WholeNumber)]
    quantity: u64,
    /// What is to be written, one comment a line, for services of type `Custom Comments`, whose quantity is the number of
    /// comments, and `Custom Comments Package`.
    #[schema(example = "so good\n<3", max_length = 65536)]
    comments: Option<String>,
}

/// A placed order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Placed {
    order: PlacedSummary,
}

/// An order as it was when it was placed. A replay says exactly the same, whatever happened since.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedSummary {
    id: i64,
    service_id: i64,
    service_name: String,
    link: String,
    quantity: u64,
    /// What was taken from the wallet, exact.
    #[schema(example = "1.40")]
    price: String,
    currency: &'static str,
    #[schema(example = "Pending")]
    status: &'static str,
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
}

/// Places an order
///
/// The price is taken from the wallet at once; the answer does not wait for the provider. With an `Idempotency-Key`
/// the same request can be repeated without ordering twice: the repetition gets the first answer, with the header
/// `Idempotent-Replayed: true`.
#[utoipa::path(
    tag = "Orders",
    request_body = OrderForm,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 201, description = "The order", body = Envelope<Placed>, headers(
            ("Idempotent-Replayed" = String, description = "`true` if an earlier request with the key placed it"))),
        (status = 400, description = "`QUANTITY_OUT_OF_RANGE`, `UNSUPPORTED_SERVICE_TYPE`, `AMOUNT_TOO_LARGE`, `IDEMPOTENCY_KEY_INVALID` or `VALIDATION_ERROR`"),
        (status = 402, description = "`INSUFFICIENT_BALANCE`"),
        (status = 403, description = "`WALLET_FROZEN`, `ACCOUNT_BANNED` or `INVALID_ORIGIN`"),
        (status = 404, description = "`SERVICE_NOT_FOUND`"),
        (status = 409, description = "`DUPLICATE_ORDER` or `SERVICE_NOT_OFFERED`"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
    )
)]
#[post("/orders")]
pub async fn place_order(
    state: web::Data<ApiState>,
    request: HttpRequest,
    orderer: Orderer,
    key: Result<IdempotencyHeader, ApiError>,
    form: Result<Valid<OrderForm>, Error>,
) -> Result<HttpResponse, Error> {
    let wanted = wanted(key, form);
    if let (Orderer::Kept(session), Ok(wanted)) = (&orderer, &wanted) {
        let placed = state.orders.place.at_once(session, wanted.clone()).await;
        if let Some(placed) = placed.map_err(ApiError::from)? {
            return Ok(created(&placed));
        }
    }
    let caller = match orderer {
        Orderer::Caller(caller) => *caller,
        // Who has no session hears of nothing else.
        Orderer::Kept(_) => signed_in(&state, &request).await?,
    };
    let placed = state.orders.place.place(&caller, wanted?).await;
    Ok(created(&placed.map_err(place_error)?))
}

fn wanted(
    key: Result<IdempotencyHeader, ApiError>,
    form: Result<Valid<OrderForm>, Error>,
) -> Result<OrderPlacement, Error> {
    let (IdempotencyHeader(key), Valid(form)) = (key?, form?);
    Ok(placement(&form, key)?)
}

fn created(placed: &PlacedOrder) -> HttpResponse {
    let said = Said(
        "ORDER_CREATED",
        "Order created successfully and price deducted from wallet",
    );
    let mut response = said.created(Placed {
        order: summary(&placed.order),
    });
    if placed.replayed {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
    }
    response
}

fn placement(form: &OrderForm, key: Option<IdempotencyKey>) -> Result<OrderPlacement, ApiError> {
    Ok(OrderPlacement {
        service: service(&form.service)?,
        link: link(&form.link)?,
        input: OrderInput {
            quantity: Some(form.quantity),
            comments: comments(form)?,
        },
        key,
        max_rate: None,
    })
}

/// A form that sends an empty field sends nothing.
fn comments(form: &OrderForm) -> Result<Option<Comments>, ApiError> {
    let comments = form.comments.as_deref().filter(|text| !text.trim().is_empty());
    let comments = comments.map(Comments::parse).transpose();
    comments.map_err(|error| field_error("comments", error))
}

/// One of many orders as it was sent.
pub(super) fn line(id: &str, address: &str, quantity: &str) -> Result<OrderLine, ApiError> {
    let quantity = quantity.trim().parse();
    Ok(OrderLine {
        service: service(id)?,
        link: link(address)?,
        quantity: quantity.map_err(|_| field_error("quantity", NOT_WHOLE))?,
    })
}

fn service(id: &str) -> Result<ServiceId, ApiError> {
    let id = id.trim().parse().map_err(|_| Code::ServiceNotFound)?;
    Ok(ServiceId(id))
}

fn link(address: &str) -> Result<Link, ApiError> {
    Link::parse(address).map_err(|error| field_error("link", error))
}

pub(super) fn summary(order: &Order) -> PlacedSummary {
    PlacedSummary {
        id: order.id.0,
        service_id: order.service.id.0,
        service_name: order.service.name.to_string(),
        link: order.link.to_string(),
        quantity: order.quantity,
        price: amount_text(order.price),
        currency: CURRENCY,
        status: CustomerStatus::Pending.as_str(),
        created_at: WireTime(order.created_at),
    }
}

fn place_error(error: PlaceOrderError) -> ApiError {
    match error {
        PlaceOrderError::NotTheOwner => ApiError::not_the_owner(),
        PlaceOrderError::UnknownService => Code::ServiceNotFound.into(),
        PlaceOrderError::Unverified => Code::EmailNotVerified.into(),
        PlaceOrderError::Refused(refusal) => refused(refusal),
        PlaceOrderError::InsufficientBalance { price, available } => {
            too_little("order costs", price, available)
        }
        PlaceOrderError::WalletFrozen => Code::WalletFrozen.into(),
        PlaceOrderError::OverBudget(error) => over_budget(error),
        PlaceOrderError::RateAbove { .. } => Code::RateAboveMax.into(),
        PlaceOrderError::KeyReused => Code::IdempotencyKeyReused.into(),
        PlaceOrderError::Twin { order } => duplicate(order),
        PlaceOrderError::Store(error) => error.into(),
    }
}

pub(super) fn over_budget(error: OverBudget) -> ApiError {
    match error {
        OverBudget::Cap { left } => {
            let left = amount_text(left);
            let message = format!("The API key may spend {left} {CURRENCY} more.");
            ApiError::new(Code::SpendCapReached, message)
                .with_details(json!({ "left": left, "currency": CURRENCY }))
        }
        OverBudget::Stopped => ApiError::new(Code::Forbidden, "The API key was disabled."),
    }
}

/// `what` says who costs: "order costs" or "orders cost".
pub(super) fn too_little(what: &str, price: Money, available: Money) -> ApiError {
    let (price, available) = (amount_text(price), amount_text(available));
    let message = format!("The {what} {price} {CURRENCY} and the wallet has {available} {CURRENCY}.");
    ApiError::new(Code::InsufficientBalance, message)
        .with_details(json!({ "price": price, "available": available, "currency": CURRENCY }))
}

pub(super) fn duplicate(order: OrderId) -> ApiError {
    ApiError::from(Code::DuplicateOrder).with_details(json!({ "orderId": order.0 }))
}

pub(super) fn refused(refusal: PlaceRefusal) -> ApiError {
    match refusal {
        PlaceRefusal::Banned => Code::Banned.into(),
        PlaceRefusal::ServiceUnavailable => Code::ServiceNotOffered.into(),
        PlaceRefusal::UnsupportedType(word) => ApiError::new(
            Code::UnsupportedServiceType,
            format!("Services of type {word} cannot be ordered here."),
        ),
        PlaceRefusal::QuantityOutOfRange { min, max } => ApiError::new(
            Code::QuantityOutOfRange,
            format!("The quantity must be between {min} and {max}."),
        )
        .with_details(json!({ "min": min, "max": max })),
        PlaceRefusal::QuantityMissing => field_error("quantity", "is required"),
        PlaceRefusal::OtherQuantity { comments } => {
            field_error("quantity", format!("must be the number of comments, {comments}"))
        }
        PlaceRefusal::CommentsMissing => {
            field_error("comments", "are needed by this service, one on each line")
        }
        PlaceRefusal::CommentsNotTaken => field_error("comments", "are not taken by this service"),
        PlaceRefusal::TooLarge => ApiError::new(Code::TooLarge, "The order is too large."),
    }
}
