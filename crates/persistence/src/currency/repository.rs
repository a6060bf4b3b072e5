//! Exchange rates inside a transaction.

use async_trait::async_trait;
use domain::currency::{Currency, QuotedRate, RateSet};
use domain::{RateSetId, Timestamp};
use ports::StoreError;
use ports::currency::{ManualRate, RateRepository, SourceReport};
use sea_orm::{DatabaseTransaction, Value};

use crate::decode::unreadable;
use crate::error::Failure;
use crate::sql;
use crate::tx::SeaTx;

const TAKE_TURN: &str = "UPDATE rate_turn SET due_at = $2 WHERE id = 1 AND due_at <= $1";
const SET_TURN: &str = "UPDATE rate_turn SET due_at = $1 WHERE id = 1";
const LOCK: &str = "UPDATE rate_turn SET due_at = due_at WHERE id = 1";
const NEWEST: &str = "SELECT id FROM rate_sets ORDER BY id DESC LIMIT 1";
const INSERT_SET: &str = "INSERT INTO rate_sets (created_at) VALUES ($1) RETURNING id";
const SET_MANUAL: &str = "
INSERT INTO manual_rates (currency, rate, set_by, set_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (currency) DO UPDATE SET rate = excluded.rate, set_by = excluded.set_by, set_at = excluded.set_at";
const DROP_MANUAL: &str = "DELETE FROM manual_rates WHERE currency = $1";
const REPORT: &str = "
INSERT INTO rate_sources (source, asked_at, as_of, problem) VALUES ($1, $2, $3, $4)
ON CONFLICT (source) DO UPDATE SET asked_at = excluded.asked_at,
    as_of = COALESCE(excluded.as_of, rate_sources.as_of), problem = excluded.problem";

#[async_trait]
impl RateRepository for SeaTx {
    async fn take_turn(&mut self, now: Timestamp, next: Timestamp) -> Result<bool, StoreError> {
        let values = [now.micros().into(), next.micros().into()];
        let taken = sql::execute(self.conn()?, TAKE_TURN, values).await;
        Ok(self.guard(taken)? == 1)
    }

    async fn set_turn(&mut self, next: Timestamp) -> Result<(), StoreError> {
        let set = sql::execute(self.conn()?, SET_TURN, [next.micros().into()]).await;
        self.guard(set).map(|_| ())
    }

    async fn lock_rates(&mut self) -> Result<(Option<RateSet>, Vec<ManualRate>), StoreError> {
        let locked = lock(self.conn()?).await;
        self.guard(locked)
    }

    async fn insert_rates(&mut self, rates: &[QuotedRate], now: Timestamp) -> Result<RateSetId, StoreError> {
        let inserted = insert(self.conn()?, rates, now).await;
        self.guard(inserted)
    }

    async fn set_manual_rate(&mut self, rate: &ManualRate) -> Result<(), StoreError> {
        let values = [
            rate.currency.as_str().into(),
            rate.rate.to_string().into(),
            rate.by.as_str().into(),
            rate.at.micros().into(),
        ];
        let set = sql::execute(self.conn()?, SET_MANUAL, values).await;
        self.guard(set).map(|_| ())
    }

    async fn drop_manual_rate(&mut self, currency: &Currency) -> Result<bool, StoreError> {
        let dropped = sql::execute(self.conn()?, DROP_MANUAL, [currency.as_str().into()]).await;
        Ok(self.guard(dropped)? == 1)
    }

    async fn report_source(&mut self, report: &SourceReport) -> Result<(), StoreError> {
        let values = [
            report.source.clone().into(),
            report.asked_at.micros().into(),
            report.as_of.map(Timestamp::micros).into(),
            report.problem.clone().into(),
        ];
        let kept = sql::execute(self.conn()?, REPORT, values).await;
        self.guard(kept).map(|_| ())
    }
}

async fn lock(conn: &DatabaseTransaction) -> Result<(Option<RateSet>, Vec<ManualRate>), Failure> {
    sql::execute(conn, LOCK, []).await?;
    let newest = sql::query_one(conn, NEWEST, []).await?;
    let set = match newest {
        Some(row) => super::set(conn, RateSetId(row.try_get_by_index(0)?)).await?,
        None => None,
    };
    Ok((set, super::manual(conn).await?))
}

async fn insert(
    conn: &DatabaseTransaction,
    rates: &[QuotedRate],
    now: Timestamp,
) -> Result<RateSetId, Failure> {
    let row = sql::query_one(conn, INSERT_SET, [now.micros().into()]).await?;
    let row = row.ok_or_else(|| unreadable("rate_sets.id", "nothing"))?;
    let id: i64 = row.try_get_by_index(0)?;
    if !rates.is_empty() {
        let statement = format!(
            "INSERT INTO exchange_rates (set_id, currency, rate, source, as_of) VALUES {}",
            sql::value_rows(1, 5, rates.len())
        );
        let values = rates.iter().flat_map(|rate| -> [Value; 5] {
            [
                id.into(),
                rate.currency.as_str().into(),
                rate.rate.to_string().into(),
                rate.source.clone().into(),
                rate.as_of.micros().into(),
            ]
        });
        sql::execute(conn, &statement, values.collect::<Vec<_>>()).await?;
    }
    Ok(RateSetId(id))
}
