//! What staff want to know about any days.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, get, web};
use application::caller::Staff;
use application::figures::{GroupBy, Report, ReportError, ReportLine, ReportQuery, ReportRow};
use domain::figures::{CalendarError, Date};
use domain::identity::TimeZone;
use domain::identity::right::AnalyticsRead;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::csv;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{DayOrNothing, StaffMember, field_error};
use crate::state::ApiState;
use crate::wire::amount_text;

/// Rows of an answer at most; the export has all of them.
const ROWS_MAX: usize = 1_000;
const COLUMNS: &str = "date,id,name,orders,sold,revenue,cost,profit,refunds,completed,partial,canceled,completion_rate,delivery_p50_seconds,delivery_p90_seconds,failures";

/// Which days, and how they are told apart.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct AnalyticsQuery {
    /// The first day; thirty days up to the last unless it is given.
    #[param(value_type = DayOrNothing, inline, required = false, example = "2026-11-01")]
    from: Option<String>,
    /// The last day; today unless it is given. 366 days at most.
    #[param(value_type = DayOrNothing, inline, required = false, example = "2026-11-30")]
    to: Option<String>,
    /// Where days begin and end, by its name in the IANA database; UTC unless it is given.
    #[param(example = "Asia/Kolkata")]
    time_zone: Option<String>,
    /// What a row is about: `total`, `day`, `service` or `provider`; `day` unless it is given.
    #[param(example = "service")]
    group_by: Option<String>,
}

/// What is known about some days.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalyticsReport {
    /// The first day.
    #[schema(example = "2026-11-01", format = Date)]
    from: String,
    /// The last day.
    #[schema(example = "2026-11-30", format = Date)]
    to: String,
    /// Where days begin and end.
    #[schema(example = "Asia/Kolkata")]
    time_zone: String,
    #[schema(example = "USD")]
    currency: &'static str,
    /// How many rows there are. The first thousand are in the answer, all of them in the export.
    total_rows: usize,
    /// Days in order; services and providers by revenue, the highest first.
    rows: Vec<AnalyticsRow>,
}

/// What is known about a day, a service or a provider. Each number belongs to the day on which it came about: an order
/// that was placed yesterday and delivered today is an order of yesterday and revenue of today.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalyticsRow {
    /// The day, if rows are days.
    #[schema(format = Date)]
    date: Option<String>,
    /// The service or the provider, if rows are these.
    id: Option<i64>,
    /// Its name.
    name: Option<String>,
    /// Orders placed.
    orders: u64,
    /// What they cost their customers.
    #[schema(example = "118.20")]
    sold: String,
    /// What was earned.
    #[schema(example = "104.00")]
    revenue: String,
    /// What providers cost, less what they gave back, with the losses of orders that were given up on.
    #[schema(example = "80.00")]
    cost: String,
    /// Revenue less cost.
    #[schema(example = "24.00")]
    profit: String,
    /// What went back to customers.
    #[schema(example = "14.20")]
    refunds: String,
    /// Orders that ended delivered in full.
    completed: u64,
    /// Orders that ended delivered in part.
    partial: u64,
    /// Orders that ended refunded in full.
    canceled: u64,
    /// The share of orders delivered in full among those that ended, in percent; null if none ended.
    #[schema(example = 97.4)]
    completion_rate: Option<f64>,
    /// Half of the orders that were delivered at least in part took no longer than this, in seconds, within a sixteenth.
    #[schema(example = 5400)]
    delivery_p50: Option<u64>,
    /// Nine of ten took no longer than this.
    #[schema(example = 86000)]
    delivery_p90: Option<u64>,
    /// Why orders were not delivered in full.
    failures: Vec<FailureCount>,
}

/// A reason and how many orders it had.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureCount {
    /// `partial`, `canceled_by_provider`, `canceled_by_customer`, `refused_by_provider`, `not_sent`, `not_at_provider`,
    /// `unknown_fate` or `withdrawn`.
    #[schema(example = "refused_by_provider")]
    reason: String,
    orders: u64,
}

/// Shows figures of any days by day, service or provider
#[utoipa::path(
    tag = "Analytics",
    security(("session" = ["analytics.read"])),
    params(AnalyticsQuery),
    responses(
        (status = 200, description = "The figures", body = Envelope<AnalyticsReport>),
        (status = 400, description = "`VALIDATION_ERROR`"),
    )
)]
#[get("/analytics")]
pub async fn show_analytics(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<AnalyticsRead>,
    query: web::Query<AnalyticsQuery>,
) -> Result<HttpResponse, ApiError> {
    let (query, report) = asked(&state, &staff, query.into_inner()).await?;
    let body = AnalyticsReport {
        from: report.first.to_string(),
        to: report.last.to_string(),
        time_zone: query.time_zone.to_string(),
        currency: "USD",
        total_rows: report.rows.len(),
        rows: report
            .rows
            .into_iter()
            .take(ROWS_MAX)
            .map(AnalyticsRow::from)
            .collect(),
    };
    Ok(Said("ANALYTICS_FETCHED", "Analytics fetched successfully").ok(body))
}

/// Exports figures of any days as CSV
///
/// What a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(
    tag = "Analytics",
    security(("session" = ["analytics.read"])),
    params(AnalyticsQuery),
    responses(
        (status = 200, description = "Every row", body = String, content_type = "text/csv"),
        (status = 400, description = "`VALIDATION_ERROR`"),
    )
)]
#[get("/analytics.csv")]
pub async fn export_analytics(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<AnalyticsRead>,
    query: web::Query<AnalyticsQuery>,
) -> Result<HttpResponse, ApiError> {
    let (_, report) = asked(&state, &staff, query.into_inner()).await?;
    let mut text = format!("{COLUMNS}\r\n");
    for row in report.rows {
        text.push_str(&record(AnalyticsRow::from(row)));
        text.push_str("\r\n");
    }
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"analytics.csv\""))
        .body(text))
}

async fn asked(
    state: &ApiState,
    staff: &Staff<AnalyticsRead>,
    query: AnalyticsQuery,
) -> Result<(ReportQuery, Report), ApiError> {
    let query = query.parsed()?;
    let report = state
        .figures
        .reports
        .report(staff, &query)
        .await
        .map_err(|error| match error {
            ReportError::Calendar(error) => field_error(field_of(error), error),
            ReportError::Store(error) => ApiError::from(error),
        })?;
    Ok((query, report))
}

const fn field_of(error: CalendarError) -> &'static str {
    match error {
        CalendarError::Zone => "timeZone",
        CalendarError::Date | CalendarError::Order | CalendarError::TooLong => "to",
    }
}

impl AnalyticsQuery {
    fn parsed(self) -> Result<ReportQuery, ApiError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let date = |field, text: Option<String>| {
            let date = given(text).map(|text| Date::parse(&text)).transpose();
            date.map_err(|error| field_error(field, error))
        };
        let zone = given(self.time_zone).unwrap_or_else(|| "UTC".to_owned());
        Ok(ReportQuery {
            first: date("from", self.from)?,
            last: date("to", self.to)?,
            time_zone: TimeZone::parse(&zone).map_err(|error| field_error("timeZone", error))?,
            group_by: match given(self.group_by).as_deref() {
                Some("total") => GroupBy::Total,
                None | Some("day") => GroupBy::Day,
                Some("service") => GroupBy::Service,
                Some("provider") => GroupBy::Provider,
                Some(_) => return Err(field_error("groupBy", "must be total, day, service or provider")),
            },
        })
    }
}

impl From<ReportRow> for AnalyticsRow {
    fn from(ReportRow { line, summary }: ReportRow) -> Self {
        let (date, id, name) = match line {
            ReportLine::Total => (None, None, None),
            ReportLine::Day(date) => (Some(date.to_string()), None, None),
            ReportLine::Service(id, name) => (None, Some(id.0), Some(name)),
            ReportLine::Provider(id, name) => (None, Some(id.0), Some(name)),
        };
        let within = |percent| summary.delivery().percentile(percent).map(|time| time.as_secs());
        let permille = summary.completion_permille();
        let failures = summary.failures().map(|(reason, orders)| FailureCount {
            reason: reason.to_owned(),
            orders,
        });
        Self {
            date,
            id,
            name,
            orders: summary.orders(),
            sold: amount_text(summary.sold()),
            revenue: amount_text(summary.revenue()),
            cost: amount_text(summary.cost()),
            profit: amount_text(summary.profit()),
            refunds: amount_text(summary.refunds()),
            completed: summary.completed(),
            partial: summary.partial(),
            canceled: summary.canceled(),
            completion_rate: permille
                .and_then(|rate| u32::try_from(rate).ok())
                .map(|rate| f64::from(rate) / 10.0),
            delivery_p50: within(50),
            delivery_p90: within(90),
            failures: failures.collect(),
        }
    }
}

fn record(row: AnalyticsRow) -> String {
    fn number(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let failures = row
        .failures
        .iter()
        .map(|it| format!("{}={}", it.reason, it.orders));
    let failures = failures.collect::<Vec<_>>().join(" ");
    // Numbers are ours, and a loss begins with a minus.
    [
        row.date.unwrap_or_default(),
        number(row.id),
        csv::field(row.name.as_deref().unwrap_or_default()),
        row.orders.to_string(),
        row.sold,
        row.revenue,
        row.cost,
        row.profit,
        row.refunds,
        row.completed.to_string(),
        row.partial.to_string(),
        row.canceled.to_string(),
        number(row.completion_rate),
        number(row.delivery_p50),
        number(row.delivery_p90),
        csv::field(&failures),
    ]
    .join(",")
}
