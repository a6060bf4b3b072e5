//! The feed of changes: what a transaction changed of what the world sees is told by its commit.
//!
//! Repositories note what they touched. The commit locks the feed's one row, looks at what was touched, compares it with
//! what was told last, and appends the difference. The lock is held until the transaction ends, so numbers are committed
//! in their order, and whoever tells next sees what this one wrote.

use std::collections::BTreeSet;

use domain::catalog::{Face, QuantityRange, ServiceType, Telling, tell};
use domain::{CategoryId, ProviderId, Rate, ServiceId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};

use super::is_listed;
use crate::decode::{details_to_json, number, rate, stored};
use crate::error::Failure;
use crate::sql;

/// Rows written by one statement.
const ROWS_MAX: usize = 200;

const LOCK: &str = "UPDATE catalog_feed SET version = version + 1 WHERE id = 1 RETURNING last";
const NUMBER: &str = "UPDATE catalog_feed SET last = $1 WHERE id = 1";

/// What a transaction touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    services: BTreeSet<i64>,
    categories: BTreeSet<i64>,
    providers: BTreeSet<i64>,
    at: Option<Timestamp>,
}

impl Touched {
    pub(crate) fn service(&mut self, id: ServiceId, at: Timestamp) {
        self.services.insert(id.0);
        self.at = self.at.max(Some(at));
    }

    pub(crate) fn category(&mut self, id: CategoryId, at: Timestamp) {
        self.categories.insert(id.0);
        self.at = self.at.max(Some(at));
    }

    pub(crate) fn provider(&mut self, id: ProviderId, at: Timestamp) {
        self.providers.insert(id.0);
        self.at = self.at.max(Some(at));
    }

    /// When it was touched, if anything was.
    pub(crate) const fn at(&self) -> Option<Timestamp> {
        self.at
    }
}

/// A service's face and what was told of it.
struct Seen {
    service: i64,
    was: Option<Face>,
    is: Face,
}

/// Tells what changed of what was touched.
pub(crate) async fn publish(
    tx: &DatabaseTransaction,
    touched: &Touched,
    at: Timestamp,
) -> Result<(), Failure> {
    let mut last = sql::query_number(tx, LOCK, []).await?;
    let mut changes = Vec::new();
    let mut faces = Vec::new();
    for seen in seen(tx, touched).await? {
        let told = tell(seen.was.as_ref(), &seen.is);
        if told.is_empty() {
            continue;
        }
        for telling in &told {
            last = last.saturating_add(1);
            changes.push(change(last, seen.service, telling, at)?);
        }
        faces.push(face_values(seen.service, &seen.is)?);
    }
    if changes.is_empty() {
        return Ok(());
    }
    write(tx, APPEND, "", &changes).await?;
    write(tx, REMEMBER, REMEMBERED, &faces).await?;
    sql::execute(tx, NUMBER, [last.into()]).await?;
    Ok(())
}

const APPEND: &str = "INSERT INTO catalog_changes (sequence, service_id, kind, was, became, at) VALUES";
const REMEMBER: &str = "INSERT INTO service_faces
    (service_id, shown, name, category, service_type, price, quantity_min, quantity_max, dripfeed, refill, cancel) VALUES";
const REMEMBERED: &str =
    "ON CONFLICT (service_id) DO UPDATE SET shown = excluded.shown, name = excluded.name,
    category = excluded.category, service_type = excluded.service_type, price = excluded.price,
    quantity_min = excluded.quantity_min,
    quantity_max = excluded.quantity_max, dripfeed = excluded.dripfeed, refill = excluded.refill,
    cancel = excluded.cancel";

async fn write<const COLUMNS: usize>(
    tx: &DatabaseTransaction,
    head: &str,
    tail: &str,
    rows: &[[Value; COLUMNS]],
) -> Result<(), Failure> {
    for rows in rows.chunks(ROWS_MAX) {
        let values = rows.iter().flatten().cloned().collect::<Vec<_>>();
        let text = format!("{head} {} {tail}", sql::value_rows(1, COLUMNS, rows.len()));
        sql::execute(tx, &text, values).await?;
    }
    Ok(())
}

fn change(sequence: i64, service: i64, telling: &Telling, at: Timestamp) -> Result<[Value; 6], Failure> {
    Ok([
        sequence.into(),
        service.into(),
        telling.kind.as_str().into(),
        details_to_json(&telling.was)?.into(),
        details_to_json(&telling.became)?.into(),
        at.micros().into(),
    ])
}

fn face_values(service: i64, face: &Face) -> Result<[Value; 11], Failure> {
    let min: i64 = stored("service_faces.quantity_min", face.quantity.min())?;
    let max: i64 = stored("service_faces.quantity_max", face.quantity.max())?;
    Ok([
        service.into(),
        face.shown.into(),
        face.name.as_str().into(),
        face.category.as_str().into(),
        face.service_type.as_str().into(),
        face.price.nanos().into(),
        min.into(),
        max.into(),
        face.dripfeed.into(),
        face.refill.into(),
        face.cancel.into(),
    ])
}

/// Everything about the services that were touched, by id: what the world sees of them and what was told of them.
async fn seen(tx: &DatabaseTransaction, touched: &Touched) -> Result<Vec<Seen>, Failure> {
    let backend = tx.get_database_backend();
    let among = |first| format!("(SELECT id FROM {})", sql::given(backend, first, &["id"]));
    let text = format!(
        "SELECT services.id, {} AS sold,
            services.name, categories.name AS category, services.service_type, services.rate, services.profit, services.fixed_price,
            services.quantity_min, services.quantity_max, services.dripfeed, services.refill, services.cancel,
            told.shown, told.name AS told_name, told.category AS told_category, told.service_type AS told_type, told.price AS told_price,
            told.quantity_min AS told_min, told.quantity_max AS told_max, told.dripfeed AS told_dripfeed,
            told.refill AS told_refill, told.cancel AS told_cancel
        FROM services JOIN providers ON providers.id = services.provider_id
            JOIN categories ON categories.id = services.category_id
            LEFT JOIN service_faces AS told ON told.service_id = services.id
        WHERE services.id IN {} OR services.category_id IN {} OR services.provider_id IN {}
        ORDER BY services.id",
        is_listed(),
        among(1),
        among(2),
        among(3),
    );
    let sets = [&touched.services, &touched.categories, &touched.providers];
    let values = sets
        .into_iter()
        .flat_map(|ids| sql::given_values(backend, ids.iter().map(|id| [*id])))
        .collect::<Vec<_>>();
    let rows = sql::query_all(tx, &text, values).await?;
    rows.iter().map(seen_in).collect()
}

fn seen_in(row: &QueryResult) -> Result<Seen, Failure> {
    let cost = rate("services.rate", row.try_get("", "rate")?)?;
    let fixed: Option<i64> = row.try_get("", "fixed_price")?;
    let price = match fixed {
        Some(nanos) => Some(rate("services.fixed_price", nanos)?),
        None => {
            let profit: Option<i64> = row.try_get("", "profit")?;
            cost.checked_add(rate("services.profit", profit.unwrap_or_default())?)
        }
    };
    let sold: bool = row.try_get("", "sold")?;
    let service_type: String = row.try_get("", "service_type")?;
    let service_type = ServiceType::parse(&service_type);
    let is = Face {
        // A service whose price does not fit is in no list.
        shown: sold && price.is_some(),
        name: row.try_get("", "name")?,
        category: row.try_get("", "category")?,
        price: price.unwrap_or(Rate::ZERO),
        quantity: service_type.quantity_of_one_order(range(row, "quantity_min", "quantity_max")?),
        service_type,
        dripfeed: row.try_get("", "dripfeed")?,
        refill: row.try_get("", "refill")?,
        cancel: row.try_get("", "cancel")?,
    };
    let told: Option<bool> = row.try_get("", "shown")?;
    let was = told.map(|shown| told_in(row, shown)).transpose()?;
    Ok(Seen {
        service: row.try_get("", "id")?,
        was,
        is,
    })
}

fn told_in(row: &QueryResult, shown: bool) -> Result<Face, Failure> {
    let service_type: String = row.try_get("", "told_type")?;
    Ok(Face {
        shown,
        name: row.try_get("", "told_name")?,
        category: row.try_get("", "told_category")?,
        service_type: ServiceType::parse(&service_type),
        price: rate("service_faces.price", row.try_get("", "told_price")?)?,
        quantity: range(row, "told_min", "told_max")?,
        dripfeed: row.try_get("", "told_dripfeed")?,
        refill: row.try_get("", "told_refill")?,
        cancel: row.try_get("", "told_cancel")?,
    })
}

fn range(row: &QueryResult, min: &str, max: &str) -> Result<QuantityRange, Failure> {
    let (low, high): (i64, i64) = (row.try_get("", min)?, row.try_get("", max)?);
    let range = QuantityRange::new(number(min, low)?, number(max, high)?);
    Ok(range.ok_or_else(|| crate::decode::unreadable(max, high))?)
}
