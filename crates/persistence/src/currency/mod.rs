//! Exchange rates.

mod queries;
mod repository;

use std::collections::BTreeMap;

use domain::currency::{Currency, ExchangeRate, QuotedRate, RateSet};
use domain::{RateSetId, Timestamp, UserId};
use ports::currency::ManualRate;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::decode::word;
use crate::error::Failure;
use crate::sql;

const SET: &str = "SELECT created_at FROM rate_sets WHERE id = $1";
const RATES: &str =
    "SELECT currency, rate, source, as_of FROM exchange_rates WHERE set_id = $1 ORDER BY currency";
const MANUAL: &str = "SELECT currency, rate, set_by, set_at FROM manual_rates ORDER BY currency";

fn exchange_rate(column: &str, stored: &str) -> Result<ExchangeRate, Failure> {
    Ok(word(column, stored, |text| ExchangeRate::parse(text).ok())?)
}

async fn set(conn: &impl ConnectionTrait, id: RateSetId) -> Result<Option<RateSet>, Failure> {
    let Some(row) = sql::query_one(conn, SET, [id.0.into()]).await? else {
        return Ok(None);
    };
    let at = Timestamp::from_micros(row.try_get_by_index(0)?);
    let rows = sql::query_all(conn, RATES, [id.0.into()]).await?;
    let rates = rows.iter().map(quoted);
    let rates: BTreeMap<Currency, QuotedRate> = rates.collect::<Result<_, Failure>>()?;
    Ok(Some(RateSet { id, at, rates }))
}

fn quoted(row: &QueryResult) -> Result<(Currency, QuotedRate), Failure> {
    let currency = Currency::from_stored(row.try_get_by_index::<String>(0)?);
    let rate: String = row.try_get_by_index(1)?;
    let quoted = QuotedRate {
        currency: currency.clone(),
        rate: exchange_rate("exchange_rates.rate", &rate)?,
        source: row.try_get_by_index(2)?,
        as_of: Timestamp::from_micros(row.try_get_by_index(3)?),
    };
    Ok((currency, quoted))
}

async fn manual(conn: &impl ConnectionTrait) -> Result<Vec<ManualRate>, Failure> {
    let rows = sql::query_all(conn, MANUAL, []).await?;
    let rates = rows.iter().map(|row| {
        let rate: String = row.try_get_by_index(1)?;
        Ok(ManualRate {
            currency: Currency::from_stored(row.try_get_by_index::<String>(0)?),
            rate: exchange_rate("manual_rates.rate", &rate)?,
            by: UserId::new(row.try_get_by_index::<String>(2)?),
            at: Timestamp::from_micros(row.try_get_by_index(3)?),
        })
    });
    rates.collect()
}
