//! Services imported in bulk.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, post, web};
use application::catalog::{
    CategoryRule, ImportOutcome, ImportReport, ImportRequest, ImportServicesError, ImportedRow, Planned,
    Selection,
};
use domain::identity::right::ServicesWrite;
use domain::text::Name;
use domain::{ProviderId, Rate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::margins::margin;
use super::parse_name;
use super::provider_connection::ask_error;
use crate::codes::Code;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid, field_error};
use crate::state::ApiState;
use crate::wire::rate_text;

/// Services that one request may name.
const SERVICES_MAX: u64 = 1_000;
/// Categories that one request may map.
const CATEGORIES_MAX: usize = 1_000;

/// What to import and how.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportForm {
    /// The provider's ids of the services; without it, all that it offers.
    #[validate(length(min = 1, max = "SERVICES_MAX", message = "must name 1 to 1000 services"))]
    #[schema(example = json!(["1", "2"]), min_items = 1, max_items = 1000)]
    services: Option<Vec<String>>,
    /// Profit in percent of the provider's price, with at most two decimals.
    #[schema(example = "25")]
    profit_percent: Option<String>,
    /// Profit on 1000, in USD, on top of the percentage.
    #[schema(example = "0.50")]
    profit_fixed: Option<String>,
    /// Selling prices are rounded up to a multiple of it.
    #[schema(example = "0.01")]
    round_to: Option<String>,
    /// Our category for all of them; without it, each goes into one that is named as the provider's.
    #[schema(example = "Instagram Followers")]
    category: Option<String>,
    /// Our categories by the names of the provider's. Those that are not named keep the provider's name. Not together with
    /// `category`.
    #[schema(example = json!({ "IG Followers": "Instagram Followers" }))]
    categories: Option<BTreeMap<String, String>>,
    /// Whether to show what would be done, and do nothing.
    #[serde(default)]
    dry_run: bool,
    /// The `plan` of a dry run: what it showed is done, or nothing.
    plan: Option<String>,
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportBody {
    /// How many services are new; of a dry run, how many would be.
    added: usize,
    /// One row for each service that was wanted.
    rows: Vec<ImportRow>,
    /// The provider's rows that could not be read, and why; at most 100.
    unreadable: Vec<String>,
    /// Categories that are created for it.
    new_categories: Vec<String>,
    /// Send it with the same request to do exactly this.
    plan: String,
}

/// One service and its fate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportRow {
    /// The provider's id of it.
    service: String,
    name: Option<String>,
    /// `would_add`, `added`, `already_there`, `not_offered` or `refused`.
    #[schema(example = "added")]
    outcome: &'static str,
    /// Our id of it, if it was added.
    id: Option<i64>,
    /// Why it was refused.
    reason: Option<String>,
    /// How it is added.
    planned: Option<PlannedBody>,
}

/// A service as it is added.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedBody {
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "Default")]
    kind: String,
    category: String,
    /// The provider's price of 1000, or of one package.
    #[schema(example = "0.90")]
    cost: String,
    #[schema(example = "0.50")]
    profit: String,
    /// The selling price of 1000, or of one package.
    #[schema(example = "1.40")]
    price: String,
    min: u64,
    max: u64,
}

/// Imports a provider's services
///
/// Services that are in the catalogue already are left alone. One that cannot be kept stops none of the others. With
/// `dryRun` nothing is done, and the answer shows what would be; its `plan`, sent with the same request, does exactly that.
#[utoipa::path(
    tag = "Services",
    security(("session" = ["services.write"])),
    request_body = ImportForm,
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "What became of each service", body = Envelope<ImportBody>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 409, description = "`IMPORT_PLAN_CHANGED` or `PROVIDER_CURRENCY_DIFFERS`"),
        (status = 502, description = "`PROVIDER_ERROR`"),
        (status = 503, description = "`PROVIDER_BUSY` or `CURRENCY_UNAVAILABLE`"),
    )
)]
#[post("/providers/{id}/import")]
pub async fn import_services(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
    Valid(form): Valid<ImportForm>,
) -> Result<HttpResponse, ApiError> {
    let (dry_run, plan) = (form.dry_run, form.plan.clone());
    let request = form.into_request(ProviderId(*id))?;
    let import = &state.catalog.import;
    if dry_run {
        let report = import.preview(&staff, &request).await.map_err(import_error)?;
        return Ok(Said("IMPORT_PLANNED", "This is what the import would do").ok(body(report)));
    }
    let report = match plan {
        Some(plan) => import.import_shown(&staff, &request, &plan).await,
        None => import.import(&staff, &request).await,
    };
    let body = body(report.map_err(import_error)?);
    Ok(Said("SERVICES_IMPORTED", "Services imported successfully").ok(body))
}

impl ImportForm {
    fn into_request(self, provider: ProviderId) -> Result<ImportRequest, ApiError> {
        let category = match (self.category, self.categories) {
            (None, None) => CategoryRule::AsProvider,
            (Some(name), None) => CategoryRule::Own(parse_name("category", &name)?),
            (None, Some(named)) => CategoryRule::Mapped(mapped(named)?),
            (Some(_), Some(_)) => {
                return Err(field_error(
                    "categories",
                    "must not be sent together with category",
                ));
            }
        };
        let profit = [&self.profit_percent, &self.profit_fixed, &self.round_to];
        Ok(ImportRequest {
            provider,
            selection: match self.services {
                None => Selection::All,
                Some(ids) => Selection::Only(ids.into_iter().collect()),
            },
            profit: margin(
                ["profitPercent", "profitFixed", "roundTo"],
                profit.map(Option::as_deref),
            )?,
            category,
        })
    }
}

/// Our categories by the names of the provider's.
pub(super) fn mapped(named: BTreeMap<String, String>) -> Result<BTreeMap<String, Name>, ApiError> {
    if named.len() > CATEGORIES_MAX {
        return Err(field_error(
            "categories",
            format!("must name at most {CATEGORIES_MAX}"),
        ));
    }
    named
        .into_iter()
        .map(|(theirs, ours)| Ok((theirs.trim().to_owned(), parse_name("categories", &ours)?)))
        .collect()
}

fn body(report: ImportReport) -> ImportBody {
    let is_new =
        |row: &&ImportedRow| matches!(row.outcome, ImportOutcome::Added(_) | ImportOutcome::WouldAdd);
    ImportBody {
        added: report.rows.iter().filter(is_new).count(),
        rows: report.rows.into_iter().map(row).collect(),
        unreadable: report.unreadable,
        new_categories: report.new_categories,
        plan: report.plan,
    }
}

fn row(row: ImportedRow) -> ImportRow {
    let (outcome, id, reason) = match row.outcome {
        ImportOutcome::WouldAdd => ("would_add", None, None),
        ImportOutcome::Added(id) => ("added", Some(id.0), None),
        ImportOutcome::AlreadyThere => ("already_there", None, None),
        ImportOutcome::NotOffered => ("not_offered", None, None),
        ImportOutcome::Refused(reason) => ("refused", None, Some(reason)),
    };
    ImportRow {
        service: row.upstream_id,
        name: row.name,
        outcome,
        id,
        reason,
        planned: row.planned.map(planned),
    }
}

fn planned(planned: Planned) -> PlannedBody {
    let profit = planned.profit.unwrap_or_default();
    PlannedBody {
        name: planned.name.into(),
        kind: planned.service_type.as_str().to_owned(),
        category: planned.category.into(),
        cost: rate_text(planned.cost),
        profit: rate_text(profit),
        // It fits, or the service would have been refused.
        price: rate_text(planned.cost.checked_add(profit).unwrap_or(Rate::ZERO)),
        min: planned.quantity.min(),
        max: planned.quantity.max(),
    }
}

fn import_error(error: ImportServicesError) -> ApiError {
    match error {
        error @ ImportServicesError::TooMany(_) => field_error("services", format!("are too many: {error}")),
        ImportServicesError::PlanChanged => Code::ImportPlanChanged.into(),
        ImportServicesError::Provider(error) => ask_error(error),
        ImportServicesError::Store(error) => error.into(),
    }
}
