//! Services imported in bulk.

use actix_web::{HttpResponse, post, web};
use application::catalog::{
    CategoryRule, ImportOutcome, ImportReport, ImportRequest, ImportServicesError, ImportedRow, ProfitRule,
    Selection,
};
use domain::identity::right::ServicesWrite;
use domain::{ProviderId, Rate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::parse_name;
use super::provider_connection::ask_error;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid, field_error};
use crate::state::ApiState;

/// Services that one request may name.
const SERVICES_MAX: u64 = 1_000;
/// Hundredths of a percent in one percent.
const BASIS_POINTS_DECIMALS: usize = 2;
/// The largest profit in whole percent.
const PERCENT_MAX: u32 = 100_000;

/// What to import and how.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportForm {
    /// The provider's ids of the services; without it, all that it offers.
    #[validate(length(min = 1, max = "SERVICES_MAX", message = "must name 1 to 1000 services"))]
    #[schema(example = json!(["1", "2"]), min_items = 1, max_items = 1000)]
    services: Option<Vec<String>>,
    /// Profit in percent of the provider's price, with at most two decimals. Not together with `profitFixed`.
    #[schema(example = "25")]
    profit_percent: Option<String>,
    /// Profit on 1000, in USD. Not together with `profitPercent`.
    #[schema(example = "0.50")]
    profit_fixed: Option<String>,
    /// Our category for all of them; without it, each goes into one that is named as the provider's.
    #[schema(example = "Instagram Followers")]
    category: Option<String>,
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportBody {
    /// How many services are new.
    added: usize,
    /// One row for each service that was wanted.
    rows: Vec<ImportRow>,
    /// The provider's rows that could not be read, and why; at most 100.
    unreadable: Vec<String>,
}

/// One service and its fate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportRow {
    /// The provider's id of it.
    service: String,
    name: Option<String>,
    /// `added`, `already_there`, `not_offered` or `refused`.
    #[schema(example = "added")]
    outcome: &'static str,
    /// Our id of it, if it was added.
    id: Option<i64>,
    /// Why it was refused.
    reason: Option<String>,
}

/// Imports a provider's services
///
/// Services that are in the catalogue already are left alone. One that cannot be kept stops none of the others.
#[utoipa::path(
    tag = "Services",
    security(("session" = ["services.write"])),
    request_body = ImportForm,
    params(("id" = i64, Path, description = "The provider")),
    responses(
        (status = 200, description = "What became of each service", body = Envelope<ImportBody>),
        (status = 404, description = "`PROVIDER_NOT_FOUND`"),
        (status = 502, description = "`PROVIDER_ERROR`"),
        (status = 503, description = "`PROVIDER_BUSY`"),
    )
)]
#[post("/providers/{id}/import")]
pub async fn import_services(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<ServicesWrite>,
    id: web::Path<i64>,
    Valid(form): Valid<ImportForm>,
) -> Result<HttpResponse, ApiError> {
    let request = form.into_request(ProviderId(*id))?;
    let report = state.catalog.import.import(&staff, &request).await;
    let body = body(report.map_err(import_error)?);
    Ok(Said("SERVICES_IMPORTED", "Services imported successfully").ok(body))
}

impl ImportForm {
    fn into_request(self, provider: ProviderId) -> Result<ImportRequest, ApiError> {
        let profit = match (self.profit_percent, self.profit_fixed) {
            (None, None) => None,
            (Some(percent), None) => Some(ProfitRule::BasisPoints(basis_points(&percent)?)),
            (None, Some(fixed)) => Some(ProfitRule::Fixed(
                Rate::parse(&fixed).map_err(|error| field_error("profitFixed", error))?,
            )),
            (Some(_), Some(_)) => {
                return Err(field_error(
                    "profitFixed",
                    "must not be sent together with profitPercent",
                ));
            }
        };
        Ok(ImportRequest {
            provider,
            selection: match self.services {
                None => Selection::All,
                Some(ids) => Selection::Only(ids.into_iter().collect()),
            },
            profit,
            category: match self.category {
                None => CategoryRule::AsProvider,
                Some(name) => CategoryRule::Own(parse_name("category", &name)?),
            },
        })
    }
}

/// Reads a percentage such as `12.5` as hundredths of a percent.
fn basis_points(text: &str) -> Result<u32, ApiError> {
    let wrong = || field_error("profitPercent", "must be a percentage with at most two decimals");
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits_only = [whole, decimals]
        .iter()
        .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if !digits_only || decimals.len() > BASIS_POINTS_DECIMALS {
        return Err(wrong());
    }
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let hundredths: u32 = format!("{decimals:0<2}").parse().map_err(|_| wrong())?;
    if whole > PERCENT_MAX {
        return Err(field_error(
            "profitPercent",
            format!("must be at most {PERCENT_MAX}"),
        ));
    }
    Ok(whole.saturating_mul(100).saturating_add(hundredths))
}

fn body(report: ImportReport) -> ImportBody {
    let rows: Vec<_> = report.rows.into_iter().map(row).collect();
    ImportBody {
        added: rows.iter().filter(|row| row.id.is_some()).count(),
        rows,
        unreadable: report.unreadable,
    }
}

fn row(row: ImportedRow) -> ImportRow {
    let (outcome, id, reason) = match row.outcome {
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
    }
}

fn import_error(error: ImportServicesError) -> ApiError {
    match error {
        ImportServicesError::Provider(error) => ask_error(error),
        ImportServicesError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_read_exactly_or_refused() {
        assert_eq!(basis_points("25").ok(), Some(2500));
        assert_eq!(basis_points("12.5").ok(), Some(1250));
        assert_eq!(basis_points(" 0.01 ").ok(), Some(1));
        for wrong in ["", ".5", "-1", "1.234", "1e3", "+5", "100001", "99999999999"] {
            assert!(basis_points(wrong).is_err(), "{wrong}");
        }
    }
}
