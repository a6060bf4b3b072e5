//! What signed-in customers may ask.

mod event_bodies;
mod events;
mod funds;
mod mass;
mod metrics;
mod order_bodies;
mod orders;
mod place;
mod rights;
mod settings;
mod transactions;
mod wallet;
mod withdrawals;

use domain::currency::Currency;

pub use event_bodies::LiveEvent;
pub use funds::{DepositBody, deposit_body};
pub use mass::PATH as MASS_ORDER_PATH;
pub use orders::{search, status};
pub use place::REPLAYED;
pub use transactions::{COLUMNS, Entries, EntriesQuery, entries, rows};
pub use wallet::{Balance, balance};
pub use withdrawals::{WithdrawalBody, withdrawal_body};

/// The currency of every amount that is not asked for in another one.
pub const CURRENCY: &str = Currency::LEDGER;

use crate::mount::Routes;

/// The routes below `/api/v1/dashboard`.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .service(wallet::show_wallet)
        .service(transactions::list_transactions)
        .service(transactions::export_transactions)
        .service(funds::add_by_paytm)
        .service(funds::add_deposit)
        .service(funds::list_deposits)
        .service(withdrawals::request_withdrawal)
        .service(withdrawals::list_withdrawals)
        .service(settings::show_settings)
        .service(settings::edit_settings)
        .service(rights::own_rights)
        .service(metrics::own_metrics)
        .service(events::live_events)
        .service(orders::list_orders)
        .service(place::place_order)
        .service(mass::place_orders)
        .service(orders::show_order)
        .service(orders::cancel_order);
}
