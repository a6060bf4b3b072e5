//! Looking at orders.

use std::sync::Arc;

use domain::identity::right::OrdersRead;
use domain::text::{Comments, IdempotencyKey};
use domain::{OrderId, PageSize};
use ports::StoreError;
use ports::orders::{AttemptView, EventView, OrderFilter, OrderQueries, OrderView, OwnOrder, StateCount};

use crate::caller::{Caller, Staff};

/// A page of orders, newest first.
#[derive(Debug, Clone)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<OrderView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<OrderId>,
}

/// A page of the caller's own orders, newest first.
#[derive(Debug, Clone)]
pub struct OwnOrderPage {
    /// The orders.
    pub orders: Vec<OwnOrder>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<OrderId>,
}

/// An order with its history.
#[derive(Debug, Clone)]
pub struct OrderDetail {
    /// The order.
    pub view: OrderView,
    /// What is to be written for it, if it says that.
    pub comments: Option<Comments>,
    /// Its history, oldest first.
    pub events: Vec<EventView>,
}

/// An order with its history and attempts.
#[derive(Debug, Clone)]
pub struct StaffOrderDetail {
    /// What the customer sees too.
    pub detail: OrderDetail,
    /// Attempts to send it, oldest first.
    pub attempts: Vec<AttemptView>,
}

/// The use cases.
pub struct BrowseOrders {
    orders: Arc<dyn OrderQueries>,
}

impl BrowseOrders {
    /// The use cases over their port.
    #[must_use]
    pub fn new(orders: Arc<dyn OrderQueries>) -> Self {
        Self { orders }
    }

    /// The caller's own orders, whatever user the filter names.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn own(
        &self,
        caller: &Caller,
        filter: OrderFilter,
        before: Option<OrderId>,
        size: PageSize,
    ) -> Result<OwnOrderPage, StoreError> {
        let filter = OrderFilter {
            user: Some(caller.user().id.clone()),
            ..filter
        };
        let orders = self.orders.list_own(&filter, before, size).await?;
        let next = next_page(&orders, size, |order| order.id);
        Ok(OwnOrderPage { orders, next })
    }

    /// Those of the caller's own orders that have these ids, in no order. Foreign ones are as absent as missing ones.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn own_with(&self, caller: &Caller, ids: &[OrderId]) -> Result<Vec<OwnOrder>, StoreError> {
        self.orders.own_with(&caller.user().id, ids).await
    }

    /// The caller's own order that was placed with this key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn own_placed_with(
        &self,
        caller: &Caller,
        key: IdempotencyKey,
    ) -> Result<Option<OwnOrder>, StoreError> {
        let placed = self.orders.placed_with(&caller.user().id, &[key]).await?;
        Ok(placed.into_iter().next().map(OwnOrder::from))
    }

    /// One of the caller's own orders. A foreign order is as absent as a missing one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn own_detail(&self, caller: &Caller, id: OrderId) -> Result<Option<OrderDetail>, StoreError> {
        match self.orders.find_of(&caller.user().id, id).await? {
            Some(view) => Ok(Some(self.detail(view).await?)),
            None => Ok(None),
        }
    }

    /// Everybody's orders, for staff.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn all(
        &self,
        _staff: &Staff<OrdersRead>,
        filter: &OrderFilter,
        before: Option<OrderId>,
        size: PageSize,
    ) -> Result<OrderPage, StoreError> {
        let orders = self.orders.list(filter, before, size).await?;
        let next = next_page(&orders, size, |view| view.order.id);
        Ok(OrderPage { orders, next })
    }

    /// Anybody's order, for staff.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn any_detail(
        &self,
        _staff: &Staff<OrdersRead>,
        id: OrderId,
    ) -> Result<Option<StaffOrderDetail>, StoreError> {
        let Some(view) = self.orders.find(id).await? else {
            return Ok(None);
        };
        Ok(Some(StaffOrderDetail {
            detail: self.detail(view).await?,
            attempts: self.orders.attempts(id).await?,
        }))
    }

    async fn detail(&self, view: OrderView) -> Result<OrderDetail, StoreError> {
        let id = view.order.id;
        Ok(OrderDetail {
            view,
            comments: self.orders.comments(id).await?,
            events: self.orders.events(id).await?,
        })
    }

    /// How many orders are in each open state, and how many wait for a person.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn overview(&self, _staff: &Staff<OrdersRead>) -> Result<(Vec<StateCount>, u64), StoreError> {
        Ok((
            self.orders.open_counts().await?,
            self.orders.in_review_count().await?,
        ))
    }
}

/// A page that is full may have another one behind it.
fn next_page<T>(page: &[T], size: PageSize, id: impl Fn(&T) -> OrderId) -> Option<OrderId> {
    let full = page.len() >= usize::from(size.rows());
    page.last().filter(|_| full).map(id)
}
