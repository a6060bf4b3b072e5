//! News of orders and wallets for whoever watches.

use async_trait::async_trait;
use domain::orders::{EventKind, OrderState};
use domain::{Money, OrderId, ProviderId, ServiceId, Timestamp, UserId};

use crate::store::StoreError;

/// Up to where somebody has followed the histories of orders and the ledger. It means the same on every node and after
/// every restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last line of a history.
    pub events: i64,
    /// The last row of the ledger.
    pub transfers: i64,
}

impl Position {
    /// What both have passed of each is passed by this.
    #[must_use]
    pub fn furthest(self, other: Self) -> Self {
        Self {
            events: self.events.max(other.events),
            transfers: self.transfers.max(other.transfers),
        }
    }
}

/// Something happened to an order. The order is as it was when this was read, which is never before it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNews {
    /// The line of its history.
    pub id: i64,
    /// What happened.
    pub kind: EventKind,
    /// Who caused it: `system`, `provider`, `customer` or `staff`.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The order.
    pub order: OrderId,
    /// Whose it is.
    pub user: UserId,
    /// What was ordered.
    pub service: ServiceId,
    /// Its name when it was ordered.
    pub service_name: String,
    /// Who delivers it.
    pub provider: ProviderId,
    /// Where it is.
    pub state: OrderState,
    /// How much was ordered.
    pub quantity: i64,
    /// What is not delivered yet.
    pub remains: Option<i64>,
    /// The counter before the delivery began.
    pub start_count: Option<i64>,
    /// What it cost.
    pub price: Money,
    /// What went back.
    pub refunded: Money,
}

/// Money of a wallet moved. The wallet is as it was when this was read, which is never before it moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletNews {
    /// The row of the ledger.
    pub id: i64,
    /// Whose wallet it is.
    pub user: UserId,
    /// Why money moved.
    pub kind: String,
    /// By how much it changed what can be spent; negative is out.
    pub amount: Money,
    /// The order behind it.
    pub order: Option<OrderId>,
    /// When.
    pub at: Timestamp,
    /// What can be spent.
    pub available: Money,
    /// What waits for providers' answers.
    pub held: Money,
}

/// Some news, and up to where they are all there are: no row with an id up to there will be committed later.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// Up to where.
    pub until: Position,
    /// Of orders, in the order of their ids.
    pub orders: Vec<OrderNews>,
    /// Of wallets, in the order of their ids.
    pub wallets: Vec<WalletNews>,
}

/// Reads news.
#[async_trait]
pub trait LiveQueries: Send + Sync {
    /// The highest ids there are. Rows below may still be committed.
    async fn newest(&self) -> Result<Position, StoreError>;

    /// The news after a position, looking at `limit` rows of each table at most.
    async fn news(&self, after: Position, limit: u32) -> Result<News, StoreError>;
}

/// Says that there may be news, on every node. It may ring for nothing, and now and then not at all: whoever needs to know
/// looks by itself too.
#[async_trait]
pub trait Bell: Send + Sync {
    /// Wakes whoever waits, here and on other nodes. Never blocks.
    fn ring(&self);

    /// Returns when it rang since the last call returned. One task waits in each process. Cancel-safe.
    async fn rung(&self);
}
