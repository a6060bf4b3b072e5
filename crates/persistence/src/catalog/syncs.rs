//! How providers' lists are followed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::catalog::{
    Finding, FindingKind, ImportNew, Margin, SyncReport, SyncResult, SyncRules, SyncRun, Synchronisation,
};
use domain::text::Name;
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use ports::StoreError;
use ports::syncs::{SyncQueries, SyncRepository};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use serde_json::{Value, json};

use crate::decode::{number, rate, time, unreadable, word};
use crate::error::{Failure, store_error};
use crate::queries::SeaQueries;
use crate::sql;
use crate::tx::SeaTx;

const COLUMNS: &str = "provider_id, paused, wanted, every_minutes, margin_points, margin_fixed, rounding, floor_points,
    stop_at_loss, stop_vanished, shrink_percent, drop_percent, import_new, categories, set_by, due_at, run, begun_at, ended_at,
    result, report";

const SET_RULES: &str = "INSERT INTO catalog_syncs (provider_id, paused, wanted, every_minutes, margin_points,
        margin_fixed, rounding, floor_points, stop_at_loss, stop_vanished, shrink_percent, drop_percent, import_new, set_by,
        categories, due_at, run)
    VALUES ($1, $12, FALSE, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, $14, $15, $11, 0)
    ON CONFLICT (provider_id) DO UPDATE SET paused = excluded.paused, every_minutes = excluded.every_minutes,
        margin_points = excluded.margin_points, margin_fixed = excluded.margin_fixed, rounding = excluded.rounding,
        floor_points = excluded.floor_points, stop_at_loss = excluded.stop_at_loss,
        stop_vanished = excluded.stop_vanished, shrink_percent = excluded.shrink_percent,
        drop_percent = excluded.drop_percent, import_new = excluded.import_new, set_by = excluded.set_by,
        categories = excluded.categories, due_at = excluded.due_at";
/// A reading that was begun two minutes ago and has not ended was cut off.
const BEGIN: &str = "UPDATE catalog_syncs SET run = run + 1, wanted = FALSE, begun_at = $2,
        due_at = $2 + every_minutes * 60000000
    WHERE provider_id = $1 AND (wanted OR (NOT paused AND (due_at <= $2
        OR (begun_at > COALESCE(ended_at, 0) AND begun_at <= $2 - 120000000))))";
const END: &str = "UPDATE catalog_syncs SET ended_at = $3, result = $4, report = $5
    WHERE provider_id = $1 AND run = $2";
const DUE: &str = "SELECT provider_id FROM catalog_syncs JOIN providers ON providers.id = provider_id
    WHERE (wanted OR (NOT paused AND (due_at <= $1
            OR (begun_at > COALESCE(ended_at, 0) AND begun_at <= $1 - 120000000)))) AND providers.availability <> 'archived'
    ORDER BY due_at, provider_id LIMIT $2";

#[async_trait]
impl SyncRepository for SeaTx {
    async fn set_rules(
        &mut self,
        provider: ProviderId,
        rules: &SyncRules,
        paused: bool,
        due_at: Timestamp,
        by: &UserId,
    ) -> Result<(), StoreError> {
        let margin = rules.margin;
        let values = [
            provider.0.into(),
            i64::from(rules.every_minutes).into(),
            margin.map(|margin| i64::from(margin.points)).into(),
            margin.map(|margin| margin.fixed.nanos()).into(),
            margin.map_or(0, |margin| margin.rounding.nanos()).into(),
            i64::from(rules.floor_points).into(),
            rules.stop_at_loss.into(),
            rules.stop_vanished.into(),
            i64::from(rules.shrink_percent).into(),
            i64::from(rules.drop_percent).into(),
            due_at.micros().into(),
            paused.into(),
            rules.import_new.as_str().into(),
            by.as_str().into(),
            categories_to_json(&rules.categories).into(),
        ];
        let set = sql::execute(self.conn()?, SET_RULES, values).await;
        self.guard(set).map(drop)
    }

    async fn want(&mut self, provider: ProviderId) -> Result<bool, StoreError> {
        let text = "UPDATE catalog_syncs SET wanted = TRUE WHERE provider_id = $1";
        let set = sql::execute(self.conn()?, text, [provider.0.into()]).await;
        Ok(self.guard(set)? > 0)
    }

    async fn begin(
        &mut self,
        provider: ProviderId,
        now: Timestamp,
    ) -> Result<Option<Synchronisation>, StoreError> {
        let begun = sql::execute(self.conn()?, BEGIN, [provider.0.into(), now.micros().into()]).await;
        if self.guard(begun)? == 0 {
            return Ok(None);
        }
        let row = read(self.conn()?, provider).await;
        self.guard(row)
    }

    async fn still(&mut self, provider: ProviderId, run: i64) -> Result<bool, StoreError> {
        let conn = self.conn()?;
        // SQLite has locked everything already.
        let lock = match conn.get_database_backend() {
            DbBackend::Postgres => "FOR UPDATE",
            _ => "",
        };
        let text = format!("SELECT run FROM catalog_syncs WHERE provider_id = $1 {lock}");
        let last = sql::query_number(conn, &text, [provider.0.into()]).await;
        Ok(self.guard(last)? == run)
    }

    async fn end(&mut self, provider: ProviderId, run: i64, ended: &SyncRun) -> Result<bool, StoreError> {
        let values = [
            provider.0.into(),
            run.into(),
            ended.ended_at.micros().into(),
            ended.result.as_str().into(),
            report_to_json(&ended.report).into(),
        ];
        let done = sql::execute(self.conn()?, END, values).await;
        Ok(self.guard(done)? > 0)
    }
}

#[async_trait]
impl SyncQueries for SeaQueries {
    async fn synchronisation(&self, provider: ProviderId) -> Result<Option<Synchronisation>, StoreError> {
        Ok(read(self.conn(), provider).await?)
    }

    async fn due_syncs(&self, now: Timestamp, limit: u16) -> Result<Vec<ProviderId>, StoreError> {
        let values = [now.micros().into(), i64::from(limit).into()];
        let rows = sql::query_all(self.conn(), DUE, values)
            .await
            .map_err(store_error)?;
        rows.iter()
            .map(|row| row.try_get_by_index(0).map(ProviderId).map_err(store_error))
            .collect()
    }
}

async fn read(conn: &impl ConnectionTrait, provider: ProviderId) -> Result<Option<Synchronisation>, Failure> {
    let text = format!("SELECT {COLUMNS} FROM catalog_syncs WHERE provider_id = $1");
    let row = sql::query_one(conn, &text, [provider.0.into()]).await?;
    row.map(|row| synchronisation(&row)).transpose()
}

fn synchronisation(row: &QueryResult) -> Result<Synchronisation, Failure> {
    let begun_at: Option<i64> = row.try_get("", "begun_at")?;
    let set_by: Option<String> = row.try_get("", "set_by")?;
    Ok(Synchronisation {
        provider: ProviderId(row.try_get("", "provider_id")?),
        set_by: set_by.map(UserId::new),
        rules: rules(row)?,
        paused: row.try_get("", "paused")?,
        wanted: row.try_get("", "wanted")?,
        due_at: Timestamp::from_micros(row.try_get("", "due_at")?),
        run: row.try_get("", "run")?,
        begun_at: time(begun_at),
        last: last(row)?,
    })
}

fn rules(row: &QueryResult) -> Result<SyncRules, Failure> {
    let whole = |column: &str| -> Result<i64, Failure> { Ok(row.try_get("", column)?) };
    let points: Option<i64> = row.try_get("", "margin_points")?;
    let fixed: Option<i64> = row.try_get("", "margin_fixed")?;
    let margin = match points.zip(fixed) {
        Some((points, fixed)) => Some(Margin {
            points: number("catalog_syncs.margin_points", points)?,
            fixed: rate("catalog_syncs.margin_fixed", fixed)?,
            rounding: rate("catalog_syncs.rounding", whole("rounding")?)?,
        }),
        None => None,
    };
    let import_new: String = row.try_get("", "import_new")?;
    let categories: String = row.try_get("", "categories")?;
    Ok(SyncRules {
        every_minutes: number("catalog_syncs.every_minutes", whole("every_minutes")?)?,
        margin,
        floor_points: number("catalog_syncs.floor_points", whole("floor_points")?)?,
        stop_at_loss: row.try_get("", "stop_at_loss")?,
        stop_vanished: row.try_get("", "stop_vanished")?,
        shrink_percent: number("catalog_syncs.shrink_percent", whole("shrink_percent")?)?,
        drop_percent: number("catalog_syncs.drop_percent", whole("drop_percent")?)?,
        import_new: word("catalog_syncs.import_new", &import_new, ImportNew::from_stored)?,
        categories: categories_from_json(&categories)
            .ok_or_else(|| unreadable("catalog_syncs.categories", &categories))?,
    })
}

fn last(row: &QueryResult) -> Result<Option<SyncRun>, Failure> {
    let ended_at: Option<i64> = row.try_get("", "ended_at")?;
    let Some(ended_at) = ended_at else {
        return Ok(None);
    };
    let (result, report): (String, String) = (row.try_get("", "result")?, row.try_get("", "report")?);
    Ok(Some(SyncRun {
        ended_at: Timestamp::from_micros(ended_at),
        result: word("catalog_syncs.result", &result, SyncResult::from_stored)?,
        report: report_from_json(&report).ok_or_else(|| unreadable("catalog_syncs.report", &report))?,
    }))
}

fn categories_to_json(categories: &BTreeMap<String, Name>) -> String {
    let named = categories
        .iter()
        .map(|(theirs, ours)| (theirs.clone(), ours.as_str().into()));
    Value::Object(named.collect()).to_string()
}

fn categories_from_json(text: &str) -> Option<BTreeMap<String, Name>> {
    let named: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let named = named
        .into_iter()
        .map(|(theirs, ours)| (theirs, Name::from_stored(ours)));
    Some(named.collect())
}

fn report_to_json(report: &SyncReport) -> String {
    let counts = report
        .counts
        .iter()
        .map(|(kind, count)| json!([kind.as_str(), count]));
    let findings = report.findings.iter().map(|finding| {
        let service = finding.service.map(|id| id.0);
        json!([
            finding.kind.as_str(),
            service,
            finding.upstream_id,
            finding.was,
            finding.became
        ])
    });
    json!({
        "reason": report.reason, "listed": report.listed,
        "counts": counts.collect::<Vec<_>>(), "findings": findings.collect::<Vec<_>>(),
    })
    .to_string()
}

fn report_from_json(text: &str) -> Option<SyncReport> {
    let whole: Value = serde_json::from_str(text).ok()?;
    let rows = |name: &str| whole.get(name).and_then(Value::as_array);
    let kind = |value: Option<&Value>| value.and_then(Value::as_str).and_then(FindingKind::from_stored);
    let count = |value: Option<&Value>| usize::try_from(value.and_then(Value::as_u64)?).ok();
    let words = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let counts = rows("counts")?
        .iter()
        .map(|row| Some((kind(row.get(0))?, count(row.get(1))?)));
    let findings = rows("findings")?.iter().map(|row| {
        Some(Finding {
            kind: kind(row.get(0))?,
            service: row.get(1).and_then(Value::as_i64).map(ServiceId),
            upstream_id: words(row.get(2))?,
            was: words(row.get(3))?,
            became: words(row.get(4))?,
        })
    });
    Some(SyncReport {
        reason: words(whole.get("reason")),
        listed: count(whole.get("listed"))?,
        counts: counts.collect::<Option<_>>()?,
        findings: findings.collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_back_as_written() {
        let mut report = SyncReport {
            reason: Some("the list is empty".to_owned()),
            listed: 3,
            ..SyncReport::default()
        };
        for service in [None, Some(ServiceId(7))] {
            report.add(Finding {
                kind: FindingKind::Renamed,
                service,
                upstream_id: "9\"".to_owned(),
                was: "a".to_owned(),
                became: "b".to_owned(),
            });
        }
        assert_eq!(report_from_json(&report_to_json(&report)), Some(report));
        assert_eq!(report_from_json("{}"), None);
    }
}
