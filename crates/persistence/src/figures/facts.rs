//! Rows of the ledger and of histories as facts.

use domain::figures::{EventFact, SLOT_MICROS, Sums, TransferFact};
use domain::orders::EventKind;
use domain::{ProviderId, ServiceId, Timestamp, UserId};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};

use crate::decode::{details_from_json, unreadable, word};
use crate::error::Failure;
use crate::sql;

/// Up to which rows figures were added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) transfers: i64,
    pub(super) events: i64,
}

/// What the rows of [`rows`] are, as the number in their first column.
pub(super) const TRANSFERS: i64 = 1;
pub(super) const EVENTS: i64 = 2;

/// Whose facts, and whether it is said whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Everybody's, and nobody asks whose.
    All,
    /// Everybody's, with their customers.
    Each,
    /// Those of the customer who is parameter `$1`.
    First,
}

/// Where to look: rows above one place up to another, which are SQL.
pub(super) struct Range<'a> {
    pub(super) transfers: [&'a str; 2],
    pub(super) events: [&'a str; 2],
}

/// The statement that reads facts, to be read by [`add`]. Rows of the ledger come added up where no figure tells them apart.
pub(super) fn rows(backend: DbBackend, range: &Range<'_>, whose: Whose) -> String {
    let [transfers_after, transfers_until] = range.transfers;
    let [events_after, events_until] = range.events;
    let (user, also_by, only) = match whose {
        Whose::All => ("CAST(NULL AS TEXT)", "", ""),
        Whose::Each => ("o.user_id", ", o.user_id", ""),
        Whose::First => ("o.user_id", ", o.user_id", "AND o.user_id = $1"),
    };
    let kinds = EventFact::KINDS.map(|kind| format!("'{}'", kind.as_str()));
    format!(
        "SELECT CAST({TRANSFERS} AS BIGINT), o.service_id, o.provider_id, COUNT(*), CAST(SUM(t.amount) AS BIGINT),
            MIN(t.created_at), t.kind, {user}, CAST(NULL AS TEXT), CAST(NULL AS TEXT)
        FROM transfers t {orders_of_t}
        WHERE t.id > {transfers_after} AND t.id <= {transfers_until} {only}
        GROUP BY o.service_id, o.provider_id, t.created_at / {SLOT_MICROS}, t.kind {also_by}
        UNION ALL
        SELECT {EVENTS}, o.service_id, o.provider_id, o.created_at, 0, e.at, e.kind, {user}, e.actor, e.details
        FROM order_events e {orders_of_e}
        WHERE e.id > {events_after} AND e.id <= {events_until} AND e.kind IN ({kinds}) {only}",
        orders_of_t = orders_of(backend, "t"),
        orders_of_e = orders_of(backend, "e"),
        kinds = kinds.join(", "),
    )
}

/// Joins each row with its order, one by one: how many rows there are is not known when the statement is planned, and where
/// many are feared all orders would be read.
fn orders_of(backend: DbBackend, rows: &str) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = {rows}.order_id OFFSET 0) o")
        }
        _ => format!("CROSS JOIN orders o ON o.id = {rows}.order_id"),
    }
}

/// Adds up the facts above one cursor up to another.
pub(super) async fn between(
    conn: &impl ConnectionTrait,
    after: Cursor,
    until: Cursor,
) -> Result<Sums, Failure> {
    let range = Range {
        transfers: ["$1", "$2"],
        events: ["$3", "$4"],
    };
    let statement = rows(conn.get_database_backend(), &range, Whose::Each);
    let values = [after.transfers, until.transfers, after.events, until.events];
    let mut sums = Sums::default();
    for row in sql::query_all(conn, &statement, values.map(Into::into)).await? {
        add(&mut sums, row.try_get_by_index(0)?, &row)?;
    }
    Ok(sums)
}

/// Adds a row of [`rows`], the first column of which is `what`.
pub(super) fn add(sums: &mut Sums, what: i64, row: &QueryResult) -> Result<(), Failure> {
    match what {
        TRANSFERS => sums.add(&transfers(row)?.facts()),
        EVENTS => event(row)?.facts().iter().for_each(|fact| sums.add(fact)),
        _ => return Err(unreadable("facts", what).into()),
    }
    Ok(())
}

fn transfers(row: &QueryResult) -> Result<TransferFact, Failure> {
    Ok(TransferFact {
        service: ServiceId(row.try_get_by_index(1)?),
        provider: ProviderId(row.try_get_by_index(2)?),
        count: row.try_get_by_index(3)?,
        amount: row.try_get_by_index(4)?,
        at: Timestamp::from_micros(row.try_get_by_index(5)?),
        kind: row.try_get_by_index(6)?,
        user: user(row)?,
    })
}

fn event(row: &QueryResult) -> Result<EventFact, Failure> {
    let kind: String = row.try_get_by_index(6)?;
    let details: String = row.try_get_by_index(9)?;
    Ok(EventFact {
        service: ServiceId(row.try_get_by_index(1)?),
        provider: ProviderId(row.try_get_by_index(2)?),
        placed_at: Timestamp::from_micros(row.try_get_by_index(3)?),
        at: Timestamp::from_micros(row.try_get_by_index(5)?),
        kind: word("order_events.kind", &kind, EventKind::from_stored)?,
        user: user(row)?,
        actor: row.try_get_by_index(8)?,
        details: details_from_json("order_events.details", &details)?,
    })
}

fn user(row: &QueryResult) -> Result<Option<UserId>, Failure> {
    let user: Option<String> = row.try_get_by_index(7)?;
    Ok(user.map(UserId::new))
}
