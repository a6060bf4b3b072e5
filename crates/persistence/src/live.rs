//! News of orders and wallets.

use async_trait::async_trait;
use domain::orders::{EventKind, OrderState};
use domain::wallets::Account;
use domain::{OrderId, ProviderId, ServiceId, Timestamp, UserId};
use ports::StoreError;
use ports::live::{LiveQueries, News, OrderNews, Position, WalletNews};
use sea_orm::QueryResult;

use crate::database::Database;
use crate::decode::{money, word};
use crate::error::Failure;
use crate::settled::{Log, newest, settled};
use crate::sql;

const ORDERS: &str = "
SELECT e.id, e.kind, e.actor, e.at, o.id, o.user_id, o.service_id, o.service_name, o.provider_id, o.state, o.quantity,
    o.remains, o.start_count, o.price, o.refunded
FROM order_events e JOIN orders o ON o.id = e.order_id WHERE e.id > $1 AND e.id <= $2 ORDER BY e.id";
const WALLETS: &str = "
SELECT t.id, t.user_id, t.kind, t.debit, t.credit, t.amount, t.order_id, t.created_at, w.available, w.held
FROM transfers t JOIN wallets w ON w.user_id = t.user_id WHERE t.id > $1 AND t.id <= $2 ORDER BY t.id";

/// Reads news of a [`Database`].
pub struct SeaLive {
    database: Database,
}

impl SeaLive {
    /// The news of `database`.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
        }
    }

    async fn read(&self, after: Position, limit: u32) -> Result<News, Failure> {
        let until = Position {
            events: settled(&self.database, Log::Events, after.events, limit).await?,
            transfers: settled(&self.database, Log::Transfers, after.transfers, limit).await?,
        };
        let mut news = News {
            until,
            ..News::default()
        };
        let conn = self.database.read();
        if until.events > after.events {
            let range = [after.events.into(), until.events.into()];
            let rows = sql::query_all(conn, ORDERS, range).await?;
            news.orders = rows.iter().map(order).collect::<Result<_, _>>()?;
        }
        if until.transfers > after.transfers {
            let range = [after.transfers.into(), until.transfers.into()];
            let rows = sql::query_all(conn, WALLETS, range).await?;
            news.wallets = rows.iter().map(wallet).collect::<Result<_, _>>()?;
        }
        Ok(news)
    }
}

#[async_trait]
impl LiveQueries for SeaLive {
    async fn newest(&self) -> Result<Position, StoreError> {
        let conn = self.database.read();
        Ok(Position {
            events: newest(conn, Log::Events).await?,
            transfers: newest(conn, Log::Transfers).await?,
        })
    }

    async fn news(&self, after: Position, limit: u32) -> Result<News, StoreError> {
        Ok(self.read(after, limit).await?)
    }
}

fn order(row: &QueryResult) -> Result<OrderNews, Failure> {
    let (kind, state): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(9)?);
    Ok(OrderNews {
        id: row.try_get_by_index(0)?,
        kind: word("order_events.kind", &kind, EventKind::from_stored)?,
        actor: row.try_get_by_index(2)?,
        at: Timestamp::from_micros(row.try_get_by_index(3)?),
        order: OrderId(row.try_get_by_index(4)?),
        user: UserId::new(row.try_get_by_index::<String>(5)?),
        service: ServiceId(row.try_get_by_index(6)?),
        service_name: row.try_get_by_index(7)?,
        provider: ProviderId(row.try_get_by_index(8)?),
        state: word("orders.state", &state, OrderState::from_stored)?,
        quantity: row.try_get_by_index(10)?,
        remains: row.try_get_by_index(11)?,
        start_count: row.try_get_by_index(12)?,
        price: money(row.try_get_by_index(13)?),
        refunded: money(row.try_get_by_index(14)?),
    })
}

fn wallet(row: &QueryResult) -> Result<WalletNews, Failure> {
    let (debit, credit): (i32, i32) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
    let amount: i64 = row.try_get_by_index(5)?;
    let spendable = Account::UserWallets.id();
    let change = if credit == spendable {
        amount
    } else if debit == spendable {
        -amount
    } else {
        0
    };
    Ok(WalletNews {
        id: row.try_get_by_index(0)?,
        user: UserId::new(row.try_get_by_index::<String>(1)?),
        kind: row.try_get_by_index(2)?,
        amount: money(change),
        order: row.try_get_by_index::<Option<i64>>(6)?.map(OrderId),
        at: Timestamp::from_micros(row.try_get_by_index(7)?),
        available: money(row.try_get_by_index(8)?),
        held: money(row.try_get_by_index(9)?),
    })
}
