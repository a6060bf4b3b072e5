//! The caller's orders at a glance.

use actix_web::{HttpResponse, get, web};
use application::figures::{DayFigures, OwnOverview, Summary};
use domain::Money;
use serde::Serialize;
use utoipa::ToSchema;

use super::CURRENCY;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::Customer;
use crate::state::ApiState;
use crate::wire::amount_text;

/// The caller's orders at a glance. Days are those of UTC.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnMetrics {
    overview: OwnTotals,
    orders_by_status: OrdersByStatus,
    /// Thirty days, oldest first; the last one is today.
    daily_metrics: Vec<OwnDay>,
    #[schema(example = "USD")]
    currency: &'static str,
}

/// Of all time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnTotals {
    /// Orders placed.
    #[schema(example = 42)]
    total_orders: u64,
    /// Orders that have not ended.
    #[schema(example = 3)]
    active_orders: u64,
    /// What the orders cost, less what went back.
    #[schema(example = "118.20")]
    total_spent: String,
    /// What went back.
    #[schema(example = "4.00")]
    total_refunded: String,
}

/// How many orders have which status now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrdersByStatus {
    pending: u64,
    in_progress: u64,
    completed: u64,
    partial: u64,
    canceled: u64,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnDay {
    #[schema(example = "2026-11-20", format = Date)]
    date: String,
    /// Orders placed.
    orders: u64,
    /// What orders of the day cost, less what went back on it; below zero if more went back.
    #[schema(example = "2.80")]
    spent: String,
}

/// Shows the caller's orders at a glance
#[utoipa::path(
    tag = "Orders",
    responses((status = 200, description = "The caller's orders", body = Envelope<OwnMetrics>))
)]
#[get("/metrics")]
pub async fn own_metrics(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
) -> Result<HttpResponse, ApiError> {
    let overview = state.figures.own.overview(&caller).await?;
    let said = Said("METRICS_RETRIEVED", "Metrics retrieved successfully");
    Ok(said.ok(OwnMetrics::from(overview)))
}

impl From<OwnOverview> for OwnMetrics {
    fn from(OwnOverview { ever, days }: OwnOverview) -> Self {
        Self {
            overview: OwnTotals {
                total_orders: ever.orders(),
                active_orders: ever.active(),
                total_spent: amount_text(spent(&ever)),
                total_refunded: amount_text(ever.refunds()),
            },
            orders_by_status: OrdersByStatus {
                pending: ever.active().saturating_sub(ever.in_progress()),
                in_progress: ever.in_progress(),
                completed: ever.completed(),
                partial: ever.partial(),
                canceled: ever.canceled(),
            },
            daily_metrics: days.into_iter().map(OwnDay::from).collect(),
            currency: CURRENCY,
        }
    }
}

impl From<DayFigures> for OwnDay {
    fn from(day: DayFigures) -> Self {
        Self {
            date: day.date.to_string(),
            orders: day.summary.orders(),
            spent: amount_text(spent(&day.summary)),
        }
    }
}

fn spent(summary: &Summary) -> Money {
    Money::from_micros(summary.sold().micros() - summary.refunds().micros())
}
