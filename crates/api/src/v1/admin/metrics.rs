//! The shop at a glance, as the web application draws it.

use actix_web::{HttpResponse, get, web};
use application::figures::{DayFigures, ShopOverview, TopService};
use domain::identity::right::AnalyticsRead;
use domain::orders::CustomerStatus;
use ports::orders::OrderView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::StaffMember;
use crate::state::ApiState;
use crate::wire::{WireTime, amount_number, amount_text};

/// The shop at a glance. Amounts are in USD, days are those of UTC.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShopMetrics {
    overview: MetricsOverview,
    charts: MetricsCharts,
    /// The newest orders, newest first.
    recent_activities: Vec<Activity>,
}

/// Numbers of all time, and growth.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsOverview {
    /// Users who have not been removed.
    #[schema(example = 1247)]
    total_users: u64,
    /// Orders that were placed.
    #[schema(example = 3892)]
    total_orders: u64,
    /// Services that are not archived.
    #[schema(example = 156)]
    total_services: u64,
    /// Providers that are not archived.
    #[schema(example = 8)]
    total_providers: u64,
    /// Orders that have not ended.
    #[schema(example = 43)]
    active_orders: u64,
    /// What was earned: the delivered part of orders that ended.
    #[schema(example = 28750.0)]
    total_revenue: f64,
    /// Users who joined in the thirty days of the chart against the thirty days before, in percent. 100 if there were
    /// none before.
    #[schema(example = 12.5)]
    user_growth: f64,
    /// The same for orders placed.
    #[schema(example = 8.3)]
    order_growth: f64,
}

/// What is drawn.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsCharts {
    /// Thirty days, oldest first; the last one is today.
    daily_metrics: Vec<DailyMetrics>,
    /// The five services that were ordered most in these days.
    top_services: Vec<TopServiceMetrics>,
}

/// A day of UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyMetrics {
    #[schema(example = "2026-11-20", format = Date)]
    date: String,
    /// Orders placed.
    #[schema(example = 12)]
    orders: u64,
    /// What was earned.
    #[schema(example = 345.6)]
    revenue: f64,
}

/// A service that is ordered much.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopServiceMetrics {
    #[schema(example = "1")]
    service_id: String,
    #[schema(example = "Instagram Followers")]
    service_name: String,
    /// Orders placed.
    #[schema(example = 145)]
    order_count: u64,
    /// What was earned.
    #[schema(example = 7250.0)]
    total_revenue: f64,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    #[schema(example = "1")]
    id: String,
    #[schema(example = "Instagram Followers")]
    service: String,
    /// `pending`, `in_progress`, `completed`, `partial` or `cancelled`.
    #[schema(example = "completed")]
    status: &'static str,
    /// What it cost the customer.
    #[schema(example = "25.00")]
    charge: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    user_id: String,
}

/// Shows the shop at a glance
///
/// Everything is of this moment, however many orders there are: sums of what ended are kept, and what came since is added.
#[utoipa::path(
    tag = "Analytics",
    security(("session" = ["analytics.read"])),
    responses((status = 200, description = "The shop", body = Envelope<ShopMetrics>))
)]
#[get("/dashboard-metrics")]
pub async fn dashboard_metrics(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<AnalyticsRead>,
) -> Result<HttpResponse, ApiError> {
    let overview = state.figures.shop.overview(&staff).await?;
    let said = Said(
        "DASHBOARD_METRICS_RETRIEVED",
        "Dashboard metrics retrieved successfully",
    );
    Ok(said.ok(ShopMetrics::from(overview)))
}

impl From<ShopOverview> for ShopMetrics {
    fn from(shop: ShopOverview) -> Self {
        Self {
            overview: MetricsOverview {
                total_users: shop.counts.users,
                total_orders: shop.ever.orders(),
                total_services: shop.counts.services,
                total_providers: shop.counts.providers,
                active_orders: shop.ever.active(),
                total_revenue: amount_number(shop.ever.revenue()),
                user_growth: shop.user_growth,
                order_growth: shop.order_growth,
            },
            charts: MetricsCharts {
                daily_metrics: shop.days.into_iter().map(DailyMetrics::from).collect(),
                top_services: shop.top.into_iter().map(TopServiceMetrics::from).collect(),
            },
            recent_activities: shop.recent.into_iter().map(Activity::from).collect(),
        }
    }
}

impl From<DayFigures> for DailyMetrics {
    fn from(day: DayFigures) -> Self {
        Self {
            date: day.date.to_string(),
            orders: day.summary.orders(),
            revenue: amount_number(day.summary.revenue()),
        }
    }
}

impl From<TopService> for TopServiceMetrics {
    fn from(service: TopService) -> Self {
        Self {
            service_id: service.id.to_string(),
            service_name: service.name,
            order_count: service.orders,
            total_revenue: amount_number(service.revenue),
        }
    }
}

impl From<OrderView> for Activity {
    fn from(OrderView { order, .. }: OrderView) -> Self {
        Self {
            id: order.id.to_string(),
            status: match order.state.customer_status() {
                CustomerStatus::Pending => "pending",
                CustomerStatus::InProgress => "in_progress",
                CustomerStatus::Completed => "completed",
                CustomerStatus::Partial => "partial",
                CustomerStatus::Canceled => "cancelled",
            },
            charge: amount_text(order.price),
            created_at: WireTime(order.created_at),
            user_id: order.user.to_string(),
            service: order.service.name.to_string(),
        }
    }
}
