//! Everybody's orders.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::{HttpResponse, get, web};
use application::orders::OrderPage;
use domain::identity::right::OrdersRead;
use domain::orders::OrderState;
use domain::{OrderId, PageSize, ProviderId, ServiceId, UserId};
use ports::orders::OrderFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::order_bodies::{Overview, StaffOrderBody, StaffOrders, order_body, overview_body, staff_order};
use crate::codes::Code;
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{Page, StaffMember, field_error};
use crate::state::ApiState;
use crate::v1::dashboard::{search, status};

/// Which orders staff want to see.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct StaffOrdersQuery {
    /// Only this customer's.
    user_id: Option<String>,
    /// Only this provider's.
    provider_id: Option<i64>,
    /// Only this service's.
    service_id: Option<i64>,
    /// As customers see it, such as `In progress`.
    status: Option<String>,
    /// As it is recorded, such as `unknown`.
    state: Option<String>,
    /// Only those in review, or only those not.
    review: Option<bool>,
    /// Part of a link, ignoring case.
    #[param(max_length = 200)]
    search: Option<String>,
}

/// Lists everybody's orders, newest first
#[utoipa::path(
    tag = "Orders of everybody",
    security(("session" = ["orders.read"])),
    params(StaffOrdersQuery, Page),
    responses((status = 200, description = "A page of orders", body = Envelope<StaffOrders>))
)]
#[get("/orders")]
pub async fn list_orders(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<OrdersRead>,
    query: web::Query<StaffOrdersQuery>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let (before, size) = window(&page)?;
    let filter = query.into_inner().into_filter()?;
    let page = state.orders.browse.all(&staff, &filter, before, size).await?;
    Ok(fetched(page))
}

/// Lists the orders whose fate nobody knows, newest first
#[utoipa::path(
    tag = "Orders of everybody",
    security(("session" = ["orders.read"])),
    params(Page),
    responses((status = 200, description = "A page of orders", body = Envelope<StaffOrders>))
)]
#[get("/orders/unknown")]
pub async fn unknown_orders(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<OrdersRead>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let (before, size) = window(&page)?;
    let filter = OrderFilter {
        state: Some(OrderState::Unknown),
        ..OrderFilter::default()
    };
    let page = state.orders.browse.all(&staff, &filter, before, size).await?;
    Ok(fetched(page))
}

/// Lists the orders that wait for a person, newest first
#[utoipa::path(
    tag = "Orders of everybody",
    security(("session" = ["orders.read"])),
    params(Page),
    responses((status = 200, description = "A page of orders", body = Envelope<StaffOrders>))
)]
#[get("/orders/review")]
pub async fn review_orders(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<OrdersRead>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let (before, size) = window(&page)?;
    let filter = OrderFilter {
        in_review: Some(true),
        ..OrderFilter::default()
    };
    let page = state.orders.browse.all(&staff, &filter, before, size).await?;
    Ok(fetched(page))
}

/// Counts the orders under way
#[utoipa::path(
    tag = "Orders of everybody",
    security(("session" = ["orders.read"])),
    responses((status = 200, description = "Counts by state", body = Envelope<Overview>))
)]
#[get("/orders/overview")]
pub async fn show_overview(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<OrdersRead>,
) -> Result<HttpResponse, ApiError> {
    let (states, in_review) = state.orders.browse.overview(&staff).await?;
    Ok(Said("ORDERS_OVERVIEW", "Orders counted successfully").ok(overview_body(&states, in_review)))
}

/// Shows anybody's order with its attempts and history
#[utoipa::path(
    tag = "Orders of everybody",
    security(("session" = ["orders.read"])),
    params(("id" = i64, Path, description = "The order")),
    responses(
        (status = 200, description = "The order", body = Envelope<StaffOrderBody>),
        (status = 404, description = "`ORDER_NOT_FOUND`"),
    )
)]
#[get("/orders/{id}")]
pub async fn show_order(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<OrdersRead>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let detail = state.orders.browse.any_detail(&staff, OrderId(*id)).await?;
    let body = order_body(detail.ok_or(Code::OrderNotFound)?);
    Ok(Said("ORDER_FETCHED", "Order fetched successfully").ok(body))
}

fn window(page: &Page) -> Result<(Option<OrderId>, PageSize), ApiError> {
    Ok((
        page.before(List::Orders)?.map(OrderId),
        page.size(PageSize::DEFAULT)?,
    ))
}

fn fetched(page: OrderPage) -> HttpResponse {
    Said("ORDERS_FETCHED", "Orders fetched successfully").ok(StaffOrders {
        orders: page.orders.into_iter().map(staff_order).collect(),
        next_cursor: page.next.map(|id| encode(List::Orders, id.0)),
    })
}

impl StaffOrdersQuery {
    fn into_filter(self) -> Result<OrderFilter, ApiError> {
        let state = match self.state.as_deref() {
            None | Some("") => None,
            Some(word) => Some(
                OrderState::from_stored(word)
                    .ok_or_else(|| field_error("state", "is not a state of orders"))?,
            ),
        };
        Ok(OrderFilter {
            user: self.user_id.filter(|id| !id.is_empty()).map(UserId::new),
            provider: self.provider_id.map(ProviderId),
            service: self.service_id.map(ServiceId),
            status: match self.status.as_deref() {
                None | Some("") => None,
                Some(word) => Some(status(word)?),
            },
            state,
            in_review: self.review,
            link_contains: search(self.search)?,
        })
    }
}
