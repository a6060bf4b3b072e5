//! Orders: placed by customers, sent, tracked and reconciled by workers, decided by staff where nobody else can.

mod browse;
mod budget;
mod cancel;
mod claim;
mod decide;
mod link_in_use;
mod offers;
mod place;
mod place_many;
mod reconcile;
pub(crate) mod record;
mod rescue;
mod round;
mod submit;
mod track;
mod use_cases;

pub use browse::{BrowseOrders, OrderDetail, OrderPage, OwnOrderPage, StaffOrderDetail};
pub use budget::OverBudget;
pub use cancel::{CancelOrder, CancelOrderError, CancelUpstream};
pub use decide::{DecideOrder, DecideOrderError, Decided, Fate};
pub use place::{OrderPlacement, PlaceOrder, PlaceOrderError, PlacedOrder};
pub use place_many::{
    LineRefusal, ORDERS_MAX, OrderLine, PlaceOrders, PlaceOrdersError, PlacedOrders, Preview,
};
pub use reconcile::ReconcileOrder;
pub(crate) use reconcile::call_result;
pub use rescue::RescueOrders;
pub use submit::SubmitOrder;
pub use track::{FULL_ENOUGH, TrackOrders};
pub use use_cases::UseCases;
