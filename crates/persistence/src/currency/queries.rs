//! Exchange rates for reading.

use async_trait::async_trait;
use domain::currency::{Currency, ExchangeRate, RateSet};
use domain::{RateSetId, Timestamp};
use ports::StoreError;
use ports::currency::{ManualRate, RateQueries, SourceReport};
use sea_orm::Value;

use crate::decode::time;
use crate::error::{Failure, store_error};
use crate::queries::SeaQueries;
use crate::sql;

const NEWEST: &str = "SELECT id FROM rate_sets ORDER BY id DESC LIMIT 1";
const REPORTS: &str = "SELECT source, asked_at, as_of, problem FROM rate_sources ORDER BY source";

#[async_trait]
impl RateQueries for SeaQueries {
    async fn newest_rates(&self) -> Result<Option<RateSetId>, StoreError> {
        let row = sql::query_one(self.conn(), NEWEST, [])
            .await
            .map_err(store_error)?;
        let id: Option<i64> = row
            .map(|row| row.try_get_by_index(0))
            .transpose()
            .map_err(store_error)?;
        Ok(id.map(RateSetId))
    }

    async fn rates(&self, id: RateSetId) -> Result<Option<RateSet>, StoreError> {
        Ok(super::set(self.conn(), id).await?)
    }

    async fn rates_in(
        &self,
        sets: &[RateSetId],
        currency: &Currency,
    ) -> Result<Vec<(RateSetId, ExchangeRate)>, StoreError> {
        Ok(rates_in(self, sets, currency).await?)
    }

    async fn manual_rates(&self) -> Result<Vec<ManualRate>, StoreError> {
        Ok(super::manual(self.conn()).await?)
    }

    async fn source_reports(&self) -> Result<Vec<SourceReport>, StoreError> {
        Ok(reports(self).await?)
    }
}

async fn rates_in(
    queries: &SeaQueries,
    sets: &[RateSetId],
    currency: &Currency,
) -> Result<Vec<(RateSetId, ExchangeRate)>, Failure> {
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let backend = queries.database().backend();
    let given = sql::given(backend, 2, &["id"]);
    let statement = format!(
        "SELECT set_id, rate FROM exchange_rates WHERE currency = $1 AND set_id IN (SELECT id FROM {given}) ORDER BY set_id"
    );
    let mut values: Vec<Value> = vec![currency.as_str().into()];
    values.extend(sql::given_values(backend, sets.iter().map(|set| [set.0])));
    let rows = sql::query_all(queries.conn(), &statement, values).await?;
    let rates = rows.iter().map(|row| {
        let rate: String = row.try_get_by_index(1)?;
        let id = RateSetId(row.try_get_by_index(0)?);
        Ok((id, super::exchange_rate("exchange_rates.rate", &rate)?))
    });
    rates.collect()
}

async fn reports(queries: &SeaQueries) -> Result<Vec<SourceReport>, Failure> {
    let rows = sql::query_all(queries.conn(), REPORTS, []).await?;
    let reports = rows.iter().map(|row| {
        Ok(SourceReport {
            source: row.try_get_by_index(0)?,
            asked_at: Timestamp::from_micros(row.try_get_by_index(1)?),
            as_of: time(row.try_get_by_index(2)?),
            problem: row.try_get_by_index(3)?,
        })
    });
    reports.collect()
}
