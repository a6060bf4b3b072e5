//! Orders whose worker died: their fate is unknown, and they are never sent again on their own.

use std::convert::Infallible;
use std::sync::Arc;

use domain::OrderId;
use domain::orders::{Order, OrderPolicy, expire_lease};
use ports::orders::OrderQueries;
use ports::{Clock, Store, StoreError};

use super::record::{Amended, amend};

/// Orders rescued in one round at most.
const BATCH_MAX: u16 = 200;

/// The use case.
pub struct RescueOrders {
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
    clock: Arc<dyn Clock>,
    policy: OrderPolicy,
}

impl RescueOrders {
    /// The use case over its ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        clock: Arc<dyn Clock>,
        policy: OrderPolicy,
    ) -> Self {
        Self {
            store,
            orders,
            clock,
            policy,
        }
    }

    /// Marks orders whose lease has ended as unknown; how many. One order that cannot be marked does not stop the rest.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot even be listed.
    pub async fn rescue(&self) -> Result<usize, StoreError> {
        let mut rescued = 0;
        for id in self.orders.expired_leases(self.clock.now(), BATCH_MAX).await? {
            match self.rescue_one(id).await {
                Ok(true) => rescued += 1,
                Ok(false) => {}
                Err(error) => tracing::error!(order_id = id.0, %error, "an order could not be rescued"),
            }
        }
        Ok(rescued)
    }

    async fn rescue_one(&self, id: OrderId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let decide = |order: &Order, attempt: Option<&_>| {
            Ok(attempt.and_then(|attempt| expire_lease(order, attempt, &self.policy, now)))
        };
        let amended = amend::<Infallible, _>(&*self.store, id, decide).await?;
        Ok(matches!(amended, Amended::Recorded(_)))
    }
}
