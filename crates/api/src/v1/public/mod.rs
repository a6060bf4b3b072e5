//! What anybody may ask.

mod changes;
mod rendered;
mod services;

pub use rendered::Rendered;

use crate::mount::Routes;
use crate::v1::dashboard::CURRENCY;

/// The routes below `/api/v1`.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .service(services::list_services)
        .service(changes::list_changes);
}
