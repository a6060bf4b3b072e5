//! The caller's orders.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use std::time::Duration;

use actix_web::{HttpResponse, get, post, web};
use application::orders::{CancelOrderError, OrderDetail};
use domain::currency::Display;
use domain::orders::{CancelRefusal, CustomerStatus};
use domain::{OrderId, PageSize};
use ports::orders::OrderFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::order_bodies::{
    CanceledOrder, CustomerOrderDetail, CustomerOrders, customer_event, customer_order,
};
use crate::codes::Code;
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{CurrencyQuery, Customer, Page, field_error};
use crate::state::ApiState;

/// Which orders a customer wants to see.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrdersQuery {
    /// `Pending`, `In progress`, `Completed`, `Partial` or `Canceled`.
    status: Option<String>,
    /// Part of a link, ignoring case.
    #[param(max_length = 200)]
    search: Option<String>,
}

/// The longest text to search for, in characters.
const SEARCH_MAX_CHARS: usize = 200;

/// Lists the caller's orders, newest first
///
/// Without `limit` at most 1000 orders are listed, for pages that cannot page.
#[utoipa::path(
    tag = "Orders",
    params(CurrencyQuery, OrdersQuery, Page),
    responses(
        (status = 200, description = "A page of orders", body = Envelope<CustomerOrders>),
        (status = 400, description = "`CURRENCY_UNKNOWN`, `INVALID_CURSOR` or `VALIDATION_ERROR`"),
        (status = 503, description = "`CURRENCY_UNAVAILABLE`: some of them were placed without a rate, and there is none now"),
    )
)]
#[get("/orders")]
pub async fn list_orders(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    query: web::Query<OrdersQuery>,
    page: web::Query<Page>,
    currency: web::Query<CurrencyQuery>,
) -> Result<HttpResponse, ApiError> {
    let currency = currency.wanted()?;
    let (before, size) = (
        page.before(List::Orders)?.map(OrderId),
        page.size(PageSize::WHOLE)?,
    );
    let filter = filter(query.into_inner())?;
    let page = state.orders.browse.own(&caller, filter, before, size).await?;
    let then: Vec<_> = page.orders.iter().map(|order| order.rates).collect();
    let then = state.currency.rates.of_then(&currency, then).await?;
    let orders = page.orders.into_iter();
    let orders = orders.filter_map(|order| Some((then.get(&order.rates)?, order)));
    let orders = orders
        .map(|(display, order)| customer_order(order, display))
        .collect();
    Ok(
        Said("ORDER_FETCHED", "Order fetched successfully").ok(CustomerOrders {
            orders,
            currency: currency.to_string(),
            next_cursor: page.next.map(|id| encode(List::Orders, id.0)),
        }),
    )
}

/// Shows one of the caller's orders with its history
#[utoipa::path(
    tag = "Orders",
    params(("id" = i64, Path, description = "The order"), CurrencyQuery),
    responses(
        (status = 200, description = "The order", body = Envelope<CustomerOrderDetail>),
        (status = 404, description = "`ORDER_NOT_FOUND`"),
    )
)]
#[get("/orders/{id}")]
pub async fn show_order(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    id: web::Path<i64>,
    currency: web::Query<CurrencyQuery>,
) -> Result<HttpResponse, ApiError> {
    let currency = currency.wanted()?;
    let detail = state.orders.browse.own_detail(&caller, OrderId(*id)).await?;
    let OrderDetail {
        view,
        comments,
        events,
    } = detail.ok_or(Code::OrderNotFound)?;
    let rates = view.order.rates;
    let mut then = state.currency.rates.of_then(&currency, [rates]).await?;
    let display = then.remove(&rates).unwrap_or_else(Display::ledger);
    Ok(
        Said("ORDER_FETCHED", "Order fetched successfully").ok(CustomerOrderDetail {
            order: customer_order(view.order.into(), &display),
            kind: view.service_type.as_str().to_owned(),
            comments: comments.map(String::from),
            currency: display.currency.to_string(),
            rate: display.rate.to_string(),
            history: events.iter().filter_map(customer_event).collect(),
        }),
    )
}

/// When to ask again for what waits for orders in doubt.
const IN_DOUBT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Cancels one of the caller's orders
///
/// Before it is sent, the money is back at once. Afterwards the provider is asked, and money moves only when it reports
/// the end.
#[utoipa::path(
    tag = "Orders",
    params(("id" = i64, Path, description = "The order")),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<CanceledOrder>),
        (status = 404, description = "`ORDER_NOT_FOUND`"),
        (status = 409, description = "`CANCEL_REFUSED`: it has ended, cannot be canceled, or was asked for a moment ago"),
    )
)]
#[post("/orders/{id}/cancel")]
pub async fn cancel_order(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let order = state.orders.cancel.cancel(&caller, OrderId(*id)).await;
    let order = customer_order(order.map_err(cancel_error)?.into(), &Display::ledger());
    Ok(Said("ORDER_CANCEL_REQUESTED", "Cancellation requested successfully").ok(CanceledOrder { order }))
}

fn cancel_error(error: CancelOrderError) -> ApiError {
    match error {
        CancelOrderError::NotTheOwner => ApiError::not_the_owner(),
        CancelOrderError::UnknownOrder => Code::OrderNotFound.into(),
        CancelOrderError::Refused(
            refusal @ (CancelRefusal::AlreadyEnded
            | CancelRefusal::NotCancelable
            | CancelRefusal::AskedRecently),
        ) => ApiError::new(
            Code::CancelRefused,
            format!("The order cannot be canceled: {refusal}."),
        ),
        CancelOrderError::InDoubt => ApiError::from(Code::Unavailable).retry_after(IN_DOUBT_RETRY_AFTER),
        CancelOrderError::Store(error) => error.into(),
    }
}

fn filter(query: OrdersQuery) -> Result<OrderFilter, ApiError> {
    Ok(OrderFilter {
        status: query
            .status
            .filter(|it| !it.is_empty())
            .map(|it| status(&it))
            .transpose()?,
        link_contains: search(query.search)?,
        ..OrderFilter::default()
    })
}

/// A text to search for; an empty one searches for nothing.
pub fn search(text: Option<String>) -> Result<Option<String>, ApiError> {
    let text = text
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    match text {
        Some(text) if text.chars().count() > SEARCH_MAX_CHARS => Err(field_error(
            "search",
            format!("must be at most {SEARCH_MAX_CHARS} characters"),
        )),
        text => Ok(text),
    }
}

/// A status as the page writes it.
pub fn status(word: &str) -> Result<CustomerStatus, ApiError> {
    CustomerStatus::from_stored(word).ok_or_else(|| field_error("status", "is not a status of orders"))
}
