//! Rows of the ledger and of histories as facts.

use domain::figures::{EventFact, Sums, TransferFact};
use domain::orders::EventKind;
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::decode::{details_from_json, word};
use crate::error::Failure;
use crate::sql;

/// Up to which rows figures were added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) transfers: i64,
    pub(super) events: i64,
}

const TRANSFERS: &str = "
SELECT o.user_id, o.service_id, o.provider_id, t.kind, t.amount, t.created_at
FROM transfers t JOIN orders o ON o.id = t.order_id WHERE t.id > $1 AND t.id <= $2";
/// What is added to a statement to read one customer's rows alone.
const OF_USER: &str = " AND o.user_id = $3";

/// Adds up the facts above one cursor up to another; those of one customer, or of all.
pub(super) async fn between(
    conn: &impl ConnectionTrait,
    after: Cursor,
    until: Cursor,
    user: Option<&UserId>,
) -> Result<Sums, Failure> {
    let mut sums = Sums::default();
    let only = if user.is_some() { OF_USER } else { "" };
    let values = |after: i64, until: i64| {
        let range = [after, until].map(Value::from).into_iter();
        range.chain(user.map(|user| user.as_str().into()))
    };
    if until.transfers > after.transfers {
        let range = values(after.transfers, until.transfers);
        for row in sql::query_all(conn, &format!("{TRANSFERS}{only}"), range).await? {
            sums.add(&transfer(&row)?.facts());
        }
    }
    if until.events > after.events {
        let range = values(after.events, until.events);
        for row in sql::query_all(conn, &format!("{}{only}", events()), range).await? {
            event(&row)?.facts().iter().for_each(|fact| sums.add(fact));
        }
    }
    Ok(sums)
}

fn events() -> String {
    let kinds = EventFact::KINDS
        .map(|kind| format!("'{}'", kind.as_str()))
        .join(", ");
    format!(
        "SELECT o.user_id, o.service_id, o.provider_id, e.kind, e.actor, e.details, e.at, o.created_at
        FROM order_events e JOIN orders o ON o.id = e.order_id
        WHERE e.id > $1 AND e.id <= $2 AND e.kind IN ({kinds})"
    )
}

fn transfer(row: &QueryResult) -> Result<TransferFact, Failure> {
    Ok(TransferFact {
        user: UserId::new(row.try_get_by_index::<String>(0)?),
        service: ServiceId(row.try_get_by_index(1)?),
        provider: ProviderId(row.try_get_by_index(2)?),
        kind: row.try_get_by_index(3)?,
        amount: row.try_get_by_index(4)?,
        at: Timestamp::from_micros(row.try_get_by_index(5)?),
    })
}

fn event(row: &QueryResult) -> Result<EventFact, Failure> {
    let kind: String = row.try_get_by_index(3)?;
    let details: String = row.try_get_by_index(5)?;
    Ok(EventFact {
        user: UserId::new(row.try_get_by_index::<String>(0)?),
        service: ServiceId(row.try_get_by_index(1)?),
        provider: ProviderId(row.try_get_by_index(2)?),
        kind: word("order_events.kind", &kind, EventKind::from_stored)?,
        actor: row.try_get_by_index(4)?,
        details: details_from_json("order_events.details", &details)?,
        at: Timestamp::from_micros(row.try_get_by_index(6)?),
        placed_at: Timestamp::from_micros(row.try_get_by_index(7)?),
    })
}
