//! The audit log.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::{HttpResponse, get, web};
use application::caller::By;
use domain::audit::Line;
use domain::identity::right::AuditRead;
use domain::{PageSize, UserId};
use ports::audit::AuditFilter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::csv;
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::export::{self, Export};
use crate::extract::{MomentOrNothing, Page, StaffMember, moment};
use crate::state::ApiState;
use crate::wire::WireTime;

/// Which lines.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// What this user did.
    actor: Option<String>,
    /// What was done to this.
    #[param(example = "user:8dgN")]
    target: Option<String>,
    /// Only this.
    #[param(example = "wallet.credit")]
    action: Option<String>,
    /// From then on.
    #[param(value_type = MomentOrNothing, inline, required = false, example = "2026-11-21T09:00:00Z")]
    from: Option<String>,
    /// Before then.
    #[param(value_type = MomentOrNothing, inline, required = false, example = "2026-11-22T09:00:00Z")]
    until: Option<String>,
}

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLine {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    at: WireTime,
    /// `staff`, `customer`, `visitor`, `provider` or `system`.
    #[schema(example = "staff")]
    actor: String,
    actor_user: Option<String>,
    #[schema(example = "wallet.credit")]
    action: String,
    #[schema(example = "user:8dgN")]
    target: String,
    /// Named texts. What was changed has the same name with `_before` for what it was.
    #[schema(value_type = Object, example = json!({"amount": "25", "reason": "Bank transfer 4711"}))]
    details: Value,
    /// The network address of the client.
    address: Option<String>,
    /// `X-Request-Id` of the answer.
    request_id: Option<String>,
}

/// A page of lines, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLines {
    lines: Vec<AuditLine>,
    /// `cursor` of the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Searches the audit log, newest first
#[utoipa::path(
    tag = "Audit",
    security(("session" = ["audit.read"])),
    params(AuditQuery, Page),
    responses((status = 200, description = "A page of lines", body = Envelope<AuditLines>))
)]
#[get("/audit")]
pub async fn search_audit(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<AuditRead>,
    query: web::Query<AuditQuery>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let filter = query.into_inner().into_filter()?;
    let (before, size) = (page.before(List::Audit)?, page.size(PageSize::DEFAULT)?);
    let by = By::from(staff);
    let found = state.audit.search.page(&by, &filter, before, size).await?;
    let lines = AuditLines {
        lines: found.lines.into_iter().map(AuditLine::from).collect(),
        next_cursor: found.next.map(|id| encode(List::Audit, id)),
    };
    Ok(Said("AUDIT_FETCHED", "Audit log fetched successfully").ok(lines))
}

/// Exports the audit log as CSV, newest first
///
/// The audit log keeps who exported what. What a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(
    tag = "Audit",
    security(("session" = ["audit.read"])),
    params(AuditQuery),
    responses((status = 200, description = "Every line", body = String, content_type = "text/csv"))
)]
#[get("/audit.csv")]
pub async fn export_audit(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<AuditRead>,
    query: web::Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let filter = query.into_inner().into_filter()?;
    let by = By::from(staff);
    state.audit.search.begin_export(&by, &filter).await?;
    let search = state.audit.search.clone();
    let pages = move |before| {
        let (search, by, filter) = (search.clone(), by.clone(), filter.clone());
        async move {
            let page = search.page(&by, &filter, before, export::AT_ONCE).await?;
            Ok((page.lines.iter().map(csv::record).collect(), page.next))
        }
    };
    Ok(Export::new("audit.csv", csv::COLUMNS, pages).respond())
}

impl AuditQuery {
    fn into_filter(self) -> Result<AuditFilter, ApiError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(AuditFilter {
            actor: given(self.actor).map(UserId::new),
            target: given(self.target),
            action: given(self.action),
            from: given(self.from).map(|text| moment("from", &text)).transpose()?,
            until: given(self.until).map(|text| moment("until", &text)).transpose()?,
        })
    }
}

impl From<Line> for AuditLine {
    fn from(line: Line) -> Self {
        Self {
            id: line.id,
            at: WireTime(line.at),
            actor: line.actor,
            actor_user: line.actor_user,
            action: line.action,
            target: line.target,
            details: details(line.details),
            address: line.address,
            request_id: line.request,
        }
    }
}

/// Stored as pairs, so that their order is kept. What somebody wrote there by other means is shown as it is.
fn details(stored: String) -> Value {
    match serde_json::from_str::<Vec<(String, String)>>(&stored) {
        Ok(pairs) => {
            let pairs = pairs.into_iter();
            Value::Object(
                pairs
                    .map(|(name, value)| (name, Value::String(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Err(_) => Value::String(stored),
    }
}
