//! What people do with orders.

use std::sync::Arc;

use super::{BrowseOrders, CancelOrder, DecideOrder, PlaceOrder, PlaceOrders};

/// What people do with orders. What jobs do with them is in [`crate::jobs::UseCases`]. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Customers place orders.
    pub place: Arc<PlaceOrder>,
    /// Customers place many orders at once.
    pub place_many: Arc<PlaceOrders>,
    /// Customers cancel orders.
    pub cancel: Arc<CancelOrder>,
    /// Everybody looks at orders.
    pub browse: Arc<BrowseOrders>,
    /// Staff decide about orders.
    pub decide: Arc<DecideOrder>,
}
