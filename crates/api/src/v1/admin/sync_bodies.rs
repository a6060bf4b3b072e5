//! What staff send and see of synchronisations.

use std::collections::BTreeMap;

use domain::catalog::{Finding, ImportNew, SyncRules, SyncRun, Synchronisation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::import::mapped;
use super::margins::{margin, percent_text, points};
use crate::error::ApiError;
use crate::extract::field_error;
use crate::wire::{WireTime, rate_text, time};

/// How a provider's list is to be followed. What is left out is as it is by default.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncForm {
    /// Whether it is read only when it is asked for.
    #[serde(default)]
    pub paused: bool,
    /// How often it is read, in minutes; 60 unless it is set.
    #[validate(range(
        min = "SyncRules::EVERY_MIN",
        max = "SyncRules::EVERY_MAX",
        message = "must be 5 to 10080"
    ))]
    #[schema(minimum = 5, maximum = 10080)]
    every_minutes: Option<u32>,
    /// Profit in percent of the provider's price, for every service whose price is not fixed. Without it, `marginFixed` and
    /// `roundTo`, profits stay as staff set them.
    #[schema(example = "25")]
    margin_percent: Option<String>,
    /// Profit on 1000, in USD, on top of the percentage.
    #[schema(example = "0.05")]
    margin_fixed: Option<String>,
    /// Selling prices are rounded up to a multiple of it.
    #[schema(example = "0.01")]
    round_to: Option<String>,
    /// Prices that are not fixed stay at least so many percent above the cost; 0 unless it is set.
    #[schema(example = "5")]
    floor_percent: Option<String>,
    /// Whether a service is not sold while its fixed price is below its cost; true unless it is set.
    stop_at_loss: Option<bool>,
    /// Whether a service is not sold while the provider does not list it; true unless it is set.
    stop_vanished: Option<bool>,
    /// If more of our services vanish at once, in percent, the list is not believed; 20 unless it is set.
    #[validate(range(max = 100, message = "must be 0 to 100"))]
    #[schema(minimum = 0, maximum = 100)]
    shrink_percent: Option<u8>,
    /// If a price falls by more at once, in percent, it is not believed; 90 unless it is set.
    #[validate(range(max = 100, message = "must be 0 to 100"))]
    #[schema(minimum = 0, maximum = 100)]
    drop_percent: Option<u8>,
    /// What becomes of services that the provider lists and we do not have: `off` (they are findings), `inactive` (imported,
    /// not sold yet) or `active` (imported and sold); `off` unless it is set. It needs a margin. A hundred are imported by
    /// one reading at most, into categories named as the provider's, or as `categories` says.
    #[schema(example = "inactive")]
    import_new: Option<String>,
    /// Our categories by the names of the provider's, for what is imported. Those that are not named keep the provider's name.
    #[schema(example = json!({ "IG Followers": "Instagram Followers" }))]
    categories: Option<BTreeMap<String, String>>,
}

impl SyncForm {
    /// The rules.
    pub fn rules(&self) -> Result<SyncRules, ApiError> {
        let usual = SyncRules::default();
        let given = [&self.margin_percent, &self.margin_fixed, &self.round_to];
        let floor = self.floor_percent.as_deref();
        let rules = SyncRules {
            every_minutes: self.every_minutes.unwrap_or(usual.every_minutes),
            margin: margin(
                ["marginPercent", "marginFixed", "roundTo"],
                given.map(Option::as_deref),
            )?,
            floor_points: floor.map_or(Ok(usual.floor_points), |text| points("floorPercent", text))?,
            stop_at_loss: self.stop_at_loss.unwrap_or(usual.stop_at_loss),
            stop_vanished: self.stop_vanished.unwrap_or(usual.stop_vanished),
            shrink_percent: self.shrink_percent.unwrap_or(usual.shrink_percent),
            drop_percent: self.drop_percent.unwrap_or(usual.drop_percent),
            import_new: match self.import_new.as_deref() {
                None => usual.import_new,
                Some(word) => ImportNew::from_stored(word)
                    .ok_or_else(|| field_error("importNew", "must be off, inactive or active"))?,
            },
            categories: mapped(self.categories.clone().unwrap_or_default())?,
        };
        if rules.importing() == rules.import_new {
            Ok(rules)
        } else {
            let needs = "needs marginPercent or marginFixed, by which new services are sold";
            Err(field_error("importNew", needs))
        }
    }
}

/// How a provider's list is followed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncBody {
    paused: bool,
    every_minutes: u32,
    #[schema(example = "25.00")]
    margin_percent: Option<String>,
    #[schema(example = "0.05")]
    margin_fixed: Option<String>,
    #[schema(example = "0.01")]
    round_to: Option<String>,
    #[schema(example = "5.00")]
    floor_percent: String,
    stop_at_loss: bool,
    stop_vanished: bool,
    shrink_percent: u8,
    drop_percent: u8,
    /// `off`, `inactive` or `active`.
    #[schema(example = "off")]
    import_new: &'static str,
    /// Our categories by the names of the provider's, for what is imported.
    #[schema(example = json!({ "IG Followers": "Instagram Followers" }))]
    categories: BTreeMap<String, String>,
    /// Whether somebody asked for a reading that has not begun.
    requested: bool,
    /// When the list is read next, unless it is paused.
    #[schema(value_type = String, format = DateTime)]
    due_at: WireTime,
    /// When the last reading began.
    #[schema(value_type = Option<String>, format = DateTime)]
    begun_at: Option<WireTime>,
    /// What came of the last one that ended.
    last: Option<SyncRunBody>,
}

/// What came of a reading.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncRunBody {
    #[schema(value_type = String, format = DateTime)]
    ended_at: WireTime,
    /// `done`, `distrusted` (nothing that vanished was stopped) or `failed`.
    #[schema(example = "done")]
    result: &'static str,
    /// Why the list was not believed, or not to be had.
    reason: Option<String>,
    /// Rows of the list that could be read.
    listed: usize,
    /// How many findings there were of each kind.
    #[schema(example = json!({ "cost": 3, "price": 3 }))]
    counts: BTreeMap<&'static str, usize>,
    /// The first 200 of them.
    findings: Vec<FindingBody>,
}

/// Something that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingBody {
    /// `new`, `imported`, `vanished`, `returned`, `renamed`, `cost`, `suspicious`, `too_large`, `price`, `limits`, `terms`, `type`, `loss` or
    /// `resumed`.
    #[schema(example = "cost")]
    kind: &'static str,
    /// Our id of the service, if it is ours.
    id: Option<i64>,
    /// The provider's id of it.
    service: String,
    before: String,
    after: String,
}

/// As staff see it.
pub fn sync_body(sync: Synchronisation) -> SyncBody {
    let rules = sync.rules;
    SyncBody {
        paused: sync.paused,
        every_minutes: rules.every_minutes,
        margin_percent: rules.margin.map(|margin| percent_text(margin.points)),
        margin_fixed: rules.margin.map(|margin| rate_text(margin.fixed)),
        round_to: rules.margin.map(|margin| rate_text(margin.rounding)),
        floor_percent: percent_text(rules.floor_points),
        stop_at_loss: rules.stop_at_loss,
        stop_vanished: rules.stop_vanished,
        shrink_percent: rules.shrink_percent,
        drop_percent: rules.drop_percent,
        import_new: rules.import_new.as_str(),
        categories: rules
            .categories
            .into_iter()
            .map(|(theirs, ours)| (theirs, ours.into()))
            .collect(),
        requested: sync.wanted,
        due_at: WireTime(sync.due_at),
        begun_at: time(sync.begun_at),
        last: sync.last.map(run),
    }
}

fn run(run: SyncRun) -> SyncRunBody {
    let counts = run.report.counts.iter();
    SyncRunBody {
        ended_at: WireTime(run.ended_at),
        result: run.result.as_str(),
        listed: run.report.listed,
        counts: counts.map(|(kind, count)| (kind.as_str(), *count)).collect(),
        findings: run.report.findings.into_iter().map(finding).collect(),
        reason: run.report.reason,
    }
}

fn finding(finding: Finding) -> FindingBody {
    FindingBody {
        kind: finding.kind.as_str(),
        id: finding.service.map(|id| id.0),
        service: finding.upstream_id,
        before: finding.was,
        after: finding.became,
    }
}
