//! What signed-in customers may ask.

mod mass;
mod order_bodies;
mod orders;
mod place;
mod rights;
mod settings;
mod wallet;

use serde::Deserialize;
use utoipa::IntoParams;

pub use mass::PATH as MASS_ORDER_PATH;
pub use orders::{search, status};
pub use wallet::{Balance, balance};

/// The currency of every amount.
pub const CURRENCY: &str = "USD";

/// The currency that the page would like.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CurrencyQuery {
    /// Amounts are in USD whatever is asked for; the answer says so.
    #[param(example = "USD")]
    #[expect(dead_code, reason = "part of the contract; amounts are in one currency")]
    pub currency: Option<String>,
}

use crate::mount::Routes;

/// The routes below `/api/v1/dashboard`.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .service(wallet::show_wallet)
        .service(wallet::list_transactions)
        .service(settings::show_settings)
        .service(settings::edit_settings)
        .service(rights::own_rights)
        .service(orders::list_orders)
        .service(place::place_order)
        .service(mass::place_orders)
        .service(orders::show_order)
        .service(orders::cancel_order);
}
